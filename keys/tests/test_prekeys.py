"""Prekeys: taken in once, handed out once, the last ones kept for contacts."""

from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest
import time_machine

from accounts.models import User
from accounts.throttles import TooMany
from keys import services
from keys.errors import Refused
from keys.models import Device, Prekey
from keys.tests.owners import DAY_MS, Browser, Owner, now_ms
from keys.tests.racing import together


@pytest.fixture
def contacts(monkeypatch) -> set[tuple[UUID, UUID]]:
    """Pairs (requester, target) that share a conversation."""
    pairs: set[tuple[UUID, UUID]] = set()
    monkeypatch.setattr(services, "is_contact", lambda requester, target: (requester, target) in pairs)
    return pairs


def fetch(requester: Owner, target: Owner) -> int | None:
    """The id of the one-time prekey that came, None without."""
    found = services.fetch_prekeys(requester=requester.user, uid=target.user.uid, dids=[target.browsers[0].id])
    opk = found[target.browsers[0].id].opk
    return opk.prekey_id if opk else None


def others(count: int) -> list[Owner]:
    return [Owner(User.objects.create_user(f"other{number}")) for number in range(count)]


def device(owner: Owner) -> Device:
    return owner.user.devices.get(did=owner.browsers[0].id)


def test_a_one_time_prekey_is_handed_out_once_oldest_first(alice: Owner, bob: Owner) -> None:
    alice.publish_with_prekeys(opks=20)
    assert [fetch(bob, alice) for _ in range(3)] == [1, 2, 3]
    assert services.prekey_state(device=device(alice)).opk_left == 17


def test_what_is_handed_out_is_what_the_device_signed(alice: Owner, bob: Owner) -> None:
    browser = alice.browsers[0]
    spk, opks = browser.spk(7), browser.opks(*range(1, 12))
    alice.publish([spk, *opks])
    [handout] = services.fetch_prekeys(requester=bob.user, uid=alice.user.uid, dids=[browser.id]).values()
    assert (bytes(handout.spk.blob), bytes(handout.spk.sig)) == (spk.blob, spk.sig)
    assert (bytes(handout.opk.blob), bytes(handout.opk.sig)) == (opks[0].blob, opks[0].sig)


@pytest.mark.parametrize(("left", "given"), [(9, None), (10, None), (11, 1)])
def test_a_stranger_never_gets_one_of_the_last_ten(alice: Owner, bob: Owner, left: int, given: int | None) -> None:
    alice.publish_with_prekeys(opks=left)
    assert fetch(bob, alice) == given


def test_a_contact_gets_the_last_ones_down_to_none(alice: Owner, bob: Owner, contacts) -> None:
    alice.publish_with_prekeys(opks=2)
    contacts.add((bob.user.uid, alice.user.uid))
    assert [fetch(bob, alice) for _ in range(3)] == [1, 2, None]


def test_ones_own_devices_are_served_without_limit(alice: Owner) -> None:
    alice.publish_with_prekeys(opks=70)
    assert [fetch(alice, alice) for _ in range(71)] == [*range(1, 71), None]


def test_the_sixth_fetch_of_one_person_in_an_hour_gives_no_one_time_prekey(alice: Owner, bob: Owner, mallory) -> None:
    alice.publish_with_prekeys(opks=50)
    with time_machine.travel("2026-11-23T10:00:30Z", tick=False) as clock:
        assert [fetch(mallory, alice) for _ in range(6)] == [1, 2, 3, 4, 5, None]
        assert fetch(bob, alice) == 6
        clock.shift(3600)
        assert fetch(mallory, alice) == 7


def test_the_twenty_first_fetch_for_one_person_in_an_hour_gives_none(alice: Owner) -> None:
    alice.publish_with_prekeys(opks=50)
    with time_machine.travel("2026-11-23T10:00:30Z", tick=False):
        given = [fetch(other, alice) for other in others(7) for _ in range(3)]
    assert given == [*range(1, 21), None]


def test_the_sixty_first_fetch_of_one_requester_in_an_hour_is_too_many(alice: Owner, mallory: Owner) -> None:
    alice.publish_with_prekeys(opks=20)
    with time_machine.travel("2026-11-23T10:00:30Z", tick=False):
        for _ in range(60):
            fetch(mallory, alice)
        with pytest.raises(TooMany):
            fetch(mallory, alice)
    assert services.prekey_state(device=device(alice)).opk_left == 15


def test_an_expired_signed_prekey_is_not_served(alice: Owner, bob: Owner) -> None:
    alice.publish_with_prekeys(opks=20)
    dids = [alice.browsers[0].id]
    limit = services.prekey_state(device=device(alice)).spk_not_after_ms
    for late_ms, served in ((0, True), (1, False)):
        with time_machine.travel((limit + late_ms) / 1000 + 0.0001, tick=False):
            assert bool(services.fetch_prekeys(requester=bob.user, uid=alice.user.uid, dids=dids)) is served
    assert services.prekey_state(device=device(alice)).opk_left == 19


def test_expired_one_time_prekeys_are_no_stock_where_nobody_removes_them(alice: Owner, bob: Owner, contacts) -> None:
    browser = alice.publish_with_prekeys(opks=150)
    contacts.add((bob.user.uid, alice.user.uid))
    with time_machine.travel((now_ms() + 15 * DAY_MS) / 1000, tick=False):
        assert services.prekey_state(device=device(alice)).opk_left == 0
        state = services.store_prekeys(device=device(alice), prekeys=[browser.spk(2), *browser.opks(*range(151, 301))])
        assert (state.opk_left, state.opk_max_id) == (150, 300)
        assert fetch(bob, alice) == 151
    assert Prekey.objects.one_time().count() == 149, "and the expired ones take no room"


def test_unknown_foreign_and_removed_devices_are_left_out(alice: Owner, bob: Owner) -> None:
    first = alice.publish_with_prekeys(opks=20)
    bob.publish_with_prekeys(opks=20)
    alice.browsers = [Browser(alice.user.uid.bytes)]
    alice.publish()
    dids = [first.id, bob.browsers[0].id, alice.browsers[0].id, UUID(int=1)]
    assert services.fetch_prekeys(requester=bob.user, uid=alice.user.uid, dids=dids) == {}
    assert services.prekey_state(device=device(bob)).opk_left == 20


def test_an_unknown_person_is_not_found(bob: Owner) -> None:
    with pytest.raises(Refused, match="NOT_FOUND"):
        services.fetch_prekeys(requester=bob.user, uid=UUID(int=1), dids=[UUID(int=1)])


def test_a_used_id_never_comes_back(alice: Owner, bob: Owner) -> None:
    browser = alice.publish_with_prekeys(opks=12)
    assert fetch(bob, alice) == 1
    state = services.store_prekeys(device=device(alice), prekeys=browser.opks(1, 2, 12, 13))
    assert (state.opk_left, state.opk_max_id) == (12, 13)
    assert fetch(bob, alice) == 2


def test_only_the_newest_signed_prekey_is_kept(alice: Owner) -> None:
    browser = alice.publish_with_prekeys(opks=0)
    for number, kept in ((3, 3), (2, 3), (3, 3), (4, 4)):
        assert services.store_prekeys(device=device(alice), prekeys=[browser.spk(number)]).spk_id == kept
    assert Prekey.objects.signed().count() == 1


@pytest.mark.parametrize(
    ("odd", "code"),
    [({"uid": bytes(16)}, "BAD_SIG"), ({"did": bytes(16)}, "BAD_SIG"), ({"pub": bytes(32)}, "BAD_KEY")],
)
def test_a_prekey_that_does_not_verify_is_refused_with_all_others(alice: Owner, odd: dict, code: str) -> None:
    browser = alice.publish_with_prekeys(opks=0)
    with pytest.raises(Refused, match=code):
        services.store_prekeys(device=device(alice), prekeys=[*browser.opks(1, 2), browser.spk(2, **odd)])
    assert services.prekey_state(device=device(alice)).opk_left == 0


def test_an_expired_or_falsely_signed_prekey_is_refused(alice: Owner, mallory: Owner) -> None:
    browser, forger = alice.publish_with_prekeys(opks=0), mallory.browsers[0]
    expired = browser.spk(2, not_after_ms=now_ms() - 1000)
    forged = replace(expired, sig=forger.ds.sign(expired.blob))
    for prekey, code in ((expired, "PREKEY_EXPIRED"), (forged, "BAD_SIG")):
        with pytest.raises(Refused, match=code):
            services.store_prekeys(device=device(alice), prekeys=[prekey])


@pytest.mark.parametrize(("more", "fits"), [(100, True), (101, False)])
def test_two_hundred_one_time_prekeys_are_kept_and_not_one_more(alice: Owner, more: int, fits: bool) -> None:
    browser = alice.publish_with_prekeys(opks=100)
    batch = browser.opks(*range(101, 101 + more))
    if fits:
        assert services.store_prekeys(device=device(alice), prekeys=batch).opk_left == 200
    else:
        with pytest.raises(Refused, match="TOO_MANY"):
            services.store_prekeys(device=device(alice), prekeys=batch)


def test_a_removed_device_can_add_no_prekeys(alice: Owner) -> None:
    first = alice.publish_with_prekeys(opks=0)
    row = device(alice)
    alice.browsers = [Browser(alice.user.uid.bytes)]
    alice.publish()
    with pytest.raises(Refused, match="NOT_FOUND"):
        services.store_prekeys(device=row, prekeys=first.opks(1))


def test_bytes_do_not_show_in_a_repr(alice: Owner) -> None:
    prekey = alice.browsers[0].spk()
    assert "blob" not in repr(prekey)
    assert "sig=" not in repr(prekey)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_fetches_at_once_get_a_hundred_different_prekeys_or_none(alice: Owner, contacts) -> None:
    alice.publish_with_prekeys(opks=60)
    given = together([lambda: fetch(alice, alice)] * 100)
    assert Counter(given)[None] == 40
    assert sorted(number for number in given if number) == list(range(1, 61))


@pytest.mark.django_db(transaction=True)
def test_strangers_at_once_leave_the_last_ten(alice: Owner) -> None:
    alice.publish_with_prekeys(opks=16)
    given = together([lambda other=other: fetch(other, alice) for other in others(12)])
    assert sorted(number for number in given if number) == [1, 2, 3, 4, 5, 6]
    assert services.prekey_state(device=device(alice)).opk_left == 10
