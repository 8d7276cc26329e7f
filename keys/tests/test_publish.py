"""Publishing: what is stored together, what is refused, who wins a race."""

from dataclasses import replace
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts.models import User
from accounts.throttles import TooMany
from keys import bundles, formats, log, services
from keys.errors import Refused
from keys.models import Bundle, Device, LogHead, LogLeaf, LogNode, Prekey
from keys.services import logbook
from keys.tests.owners import Browser, Owner
from keys.tests.racing import together
from tests.clocks import away_from_the_turn


def refused(owner: Owner, **odd) -> str:
    """The code, after a look that nothing at all was stored."""
    tables = (Bundle, LogLeaf, LogNode, LogHead, Device, Prekey)
    before = [table.objects.count() for table in tables]
    with pytest.raises(Refused) as error:
        owner.publish(**odd)
    assert [table.objects.count() for table in tables] == before
    return error.value.code


def test_a_bundle_is_stored_unchanged_with_its_leaf_and_a_head(alice: Owner) -> None:
    blob = alice.bundle()
    services.publish(owner=alice.user, bundle=blob, prekeys=[])
    row, leaf = Bundle.objects.get(), LogLeaf.objects.get()
    own = formats.leaf_of(name="alice", uid=alice.user.uid.bytes, version=1, bundle_hash=bytes(row.bundle_hash))
    assert (bytes(row.blob), leaf.bundle, leaf.index, bytes(leaf.leaf)) == (blob, row, 0, own.encode())
    assert LogHead.objects.get().size == services.log_size() == 1
    assert User.objects.get(pk=alice.user.pk).bundle_version == 1


def test_the_head_covers_every_published_version(alice: Owner, bob: Owner) -> None:
    for owner in (alice, bob, alice, alice, bob):
        owner.publish()
    page = services.log_page(start=0)
    head = formats.parse_head(page.head)
    formats.check_head(head, sig=page.sig, log_pub=page.log_pub)
    assert (head.size, head.root) == (5, log.root_of_leaves(page.leaves))
    assert list(LogLeaf.objects.order_by("index").values_list("index", flat=True)) == list(range(5))


def test_devices_become_those_of_the_bundle(alice: Owner) -> None:
    first = alice.publish_with_prekeys(opks=3)
    alice.browsers = [Browser(alice.user.uid.bytes)]
    alice.publish()
    assert {device.did for device in alice.user.devices.active()} == {alice.browsers[0].id}
    removed = alice.user.devices.get(did=first.id)
    assert removed.removed_at is not None
    assert not removed.prekeys.exists()


def test_a_removed_device_may_be_listed_again_with_its_keys(alice: Owner) -> None:
    first, second = alice.browsers[0], Browser(alice.user.uid.bytes)
    alice.publish()
    for browsers in ([second], [first, second]):
        alice.browsers = browsers
        alice.publish()
    assert alice.user.devices.active().count() == 2


@pytest.mark.parametrize("version", [1, 3])
def test_a_version_that_is_not_the_next_is_stale(alice: Owner, version: int) -> None:
    alice.publish()
    assert refused(alice, version=version) == "STALE_BUNDLE"


def test_the_first_version_is_one(alice: Owner) -> None:
    assert refused(alice, version=2) == "STALE_BUNDLE"


def test_another_previous_hash_is_refused(alice: Owner) -> None:
    assert refused(alice, prev_hash=bytes([1] * 32)) == "BUNDLE_CHAIN_BROKEN"
    alice.publish()
    assert refused(alice, prev_hash=bundles.Z32) == "BUNDLE_CHAIN_BROKEN"


def test_mallory_cannot_publish_under_another_name_or_uid(alice: Owner, mallory: Owner) -> None:
    assert refused(mallory, name="alice") == "NAME_REBOUND"
    assert refused(mallory, uid=alice.user.uid.bytes) == "NAME_REBOUND"
    assert refused(mallory, name="alice", version=2) == "NAME_REBOUND", "before the version is looked at"
    mallory.publish()


def test_mallory_cannot_list_the_device_of_another(alice: Owner, mallory: Owner) -> None:
    alice.publish()
    mallory.browsers = alice.browsers
    assert refused(mallory) == "BAD_KEY"
    assert alice.user.devices.active().count() == 1


def test_a_device_never_gets_other_keys(alice: Owner) -> None:
    alice.publish()
    alice.browsers = [Browser(alice.user.uid.bytes, did=alice.browsers[0].did)]
    assert refused(alice) == "BAD_KEY"


def test_a_bundle_that_its_root_did_not_sign_is_refused(alice: Owner) -> None:
    blob = alice.bundle()
    with pytest.raises(Refused, match="BAD_SIG"):
        services.publish(owner=alice.user, bundle=blob[:-5] + bytes([blob[-5] ^ 1]) + blob[-4:], prekeys=[])
    assert not Bundle.objects.exists()


def test_the_old_root_may_hand_over_and_a_stranger_may_not(alice: Owner) -> None:
    alice.publish()
    old, alice.root = alice.root, Ed25519PrivateKey.generate()
    assert refused(alice, old_root=Ed25519PrivateKey.generate()) == "BAD_SIG"
    alice.publish(old_root=old)
    assert refused(alice, old_root=alice.root) == "BAD_SIG"
    alice.root = Ed25519PrivateKey.generate()
    alice.publish()


def test_prekeys_come_with_the_bundle_of_their_device(alice: Owner) -> None:
    browser = alice.publish_with_prekeys(opks=5)
    state = services.prekey_state(device=alice.user.devices.get(did=browser.id))
    assert (state.opk_left, state.opk_max_id, state.spk_id) == (5, 5, 1)


def test_prekeys_of_a_device_that_is_not_listed_are_refused(alice: Owner) -> None:
    stranger = Browser(alice.user.uid.bytes)
    assert refused(alice, prekeys=[stranger.spk()]) == "BAD_SIG"


def test_a_bad_prekey_keeps_the_bundle_out(alice: Owner) -> None:
    good = alice.browsers[0].spk()
    bad = replace(good, sig=bytes([good.sig[0] ^ 1]) + good.sig[1:])
    assert refused(alice, prekeys=[bad]) == "BAD_SIG"


def test_an_error_after_the_leaf_leaves_neither_leaf_nor_bundle(alice: Owner, monkeypatch) -> None:
    def fail(size: int) -> LogHead:
        assert LogLeaf.objects.count() == 1
        raise RuntimeError("after the leaf")

    monkeypatch.setattr(logbook, "sign_head", fail)
    with pytest.raises(RuntimeError):
        alice.publish()
    assert not any(table.objects.exists() for table in (Bundle, LogLeaf, LogNode, Device))
    assert User.objects.get(pk=alice.user.pk).bundle_version is None


def test_more_than_sixty_bundles_an_hour_are_too_many(alice: Owner, monkeypatch) -> None:
    away_from_the_turn(3600, 60)
    blob = alice.bundle(version=9)
    for _ in range(60):
        with pytest.raises(Refused):
            services.publish(owner=alice.user, bundle=blob, prekeys=[])
    with pytest.raises(TooMany):
        services.publish(owner=alice.user, bundle=blob, prekeys=[])


def test_a_time_beyond_the_column_are_kept_as_its_largest(alice: Owner) -> None:
    entry = replace(alice.browsers[0].entry(), added_ms=2**64 - 1)
    alice.publish(devices=(entry,))
    assert alice.user.devices.get().added_ms == 2**63 - 1


def test_an_append_costs_no_more_queries_in_a_larger_log(alice: Owner, django_assert_max_num_queries) -> None:
    alice.publish()
    with django_assert_max_num_queries(30) as few:
        alice.publish()
    for _ in range(20):
        alice.publish()
    with django_assert_max_num_queries(len(few.captured_queries)):
        alice.publish()


@pytest.mark.django_db(transaction=True)
def test_of_equal_versions_sent_together_one_wins(alice: Owner) -> None:
    blobs = [alice.bundle(issued_ms=moment) for moment in range(8)]
    codes = together([lambda blob=blob: services.publish(owner=alice.user, bundle=blob, prekeys=[]) for blob in blobs])
    assert codes.count("STALE_BUNDLE") == 7
    assert (Bundle.objects.count(), LogLeaf.objects.count(), services.log_size()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_bundles_of_many_people_sent_together_get_all_indices_without_gap(alice: Owner) -> None:
    owners = [Owner(User.objects.create_user(f"person{number}")) for number in range(8)]
    assert together([owner.publish for owner in owners]) == [None] * 8
    assert sorted(LogLeaf.objects.values_list("index", flat=True)) == list(range(8))
    assert list(LogHead.objects.order_by("pk").values_list("size", flat=True)) == list(range(1, 9))


def test_the_reads_for_other_apps_name_the_newest_version(alice: Owner, bob: Owner) -> None:
    assert services.current_bundle_ref(bob.user.uid) is None
    alice.publish()
    first = alice.browsers[0]
    alice.browsers = [Browser(alice.user.uid.bytes), Browser(alice.user.uid.bytes)]
    alice.publish()
    assert services.current_bundle_ref(alice.user.uid) == (2, alice.prev_hash)
    assert services.bundle_devices(alice.user.uid, 1) == {first.id}
    assert services.bundle_devices(alice.user.uid, 2) == {browser.id for browser in alice.browsers}
    assert services.bundle_devices(alice.user.uid, 3) == set()
    assert services.device_of(alice.user, first.id) is None
    assert services.device_of(alice.user, alice.browsers[0].id).did == alice.browsers[0].id
    assert services.device_of(bob.user, alice.browsers[0].id) is None
    assert services.device_of(bob.user, UUID(int=0)) is None
