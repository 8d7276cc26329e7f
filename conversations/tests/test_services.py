"""The post office: who may post what, in which order, and that nothing is lost or doubled."""

import hashlib
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import IntegrityError, connections, transaction

from conversations import services
from conversations.formats import NEXT, RESTART, START, parse_record
from conversations.models import Conversation, Cursor, Event
from conversations.refusals import Refusal
from conversations.tests import blobs
from conversations.tests.world import World, fixed_id

pytestmark = pytest.mark.django_db(databases="__all__")


def refused(work: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[int, str]:
    with pytest.raises(Refusal) as refusal:
        work(*args, **kwargs)
    return refusal.value.status, refusal.value.code


def test_a_first_record_begins_epoch_0(world: World) -> None:
    cid = world.talk()
    blob = world.record(cid)
    accepted = world.post(world.alice, cid, "record", blob)
    conversation = Conversation.objects.get(cid=cid)
    assert (accepted.seq, accepted.dup, accepted.sha256) == (1, False, hashlib.sha256(blob).digest())
    assert (conversation.seq, conversation.epoch, bytes(conversation.th)) == (1, 0, parse_record(blob).th)
    assert bytes(Event.objects.get().blob) == blob


def test_messages_get_the_next_sequence_and_keep_their_counters(world: World) -> None:
    cid = world.talk()
    world.start(cid)
    assert [
        world.say(world.alice, cid, 0).seq,
        world.say(world.bob, cid, 0).seq,
        world.say(world.alice, cid, 1).seq,
    ] == [2, 3, 4]


@pytest.mark.parametrize("counter", [0, 2])
def test_it_refuses_a_counter_other_than_the_next(world: World, counter: int) -> None:
    cid = world.talk()
    world.start(cid)
    world.say(world.alice, cid, 0)
    assert refused(world.say, world.alice, cid, counter) == (409, "COUNTER_TAKEN")
    assert Conversation.objects.get(cid=cid).seq == 2


@pytest.mark.parametrize("epoch", [0, 2])
def test_it_refuses_a_message_of_another_epoch(world: World, epoch: int) -> None:
    cid = world.talk()
    th = world.start(cid)
    world.post(world.alice, cid, "record", world.record(cid, epoch=1, kind=NEXT, th_prev=th))
    assert refused(world.say, world.alice, cid, 0, epoch=epoch) == (409, "STALE_EPOCH")
    assert world.say(world.alice, cid, 0, epoch=1).seq == 3


def test_it_refuses_a_message_before_the_first_record(world: World) -> None:
    assert refused(world.say, world.alice, world.talk(), 0) == (409, "STALE_EPOCH")


def test_it_refuses_a_stranger_in_every_verb(world: World) -> None:
    cid = world.talk()
    world.start(cid)
    mallory, absent = world.mallory, uuid4()
    for known in (cid, absent):
        assert refused(world.say, mallory, known, 0) == (404, "NOT_FOUND")
        assert refused(world.post, mallory, known, "message", b"junk") == (404, "NOT_FOUND")
        assert refused(services.pull, uid=mallory.uid, cid=known, after=0, limit=1) == (404, "NOT_FOUND")
        assert refused(services.ack, uid=mallory.uid, did=mallory.did, cid=known, upto=1) == (404, "NOT_FOUND")
    assert services.heads_of([mallory.uid]) == {mallory.uid: {}}
    assert services.conversations_of(uid=mallory.uid) == []
    assert services.pull(uid=world.bob.uid, cid=cid, after=0, limit=1)


def test_it_takes_the_sender_from_the_blob_alone(world: World) -> None:
    cid, other = world.talk(), world.talk(world.alice, world.mallory)
    world.start(cid)
    mine = {"cid": cid, "uid": world.alice.uid, "did": world.alice.did}
    for change in ({"uid": world.bob.uid}, {"did": world.bob.did}, {"cid": other}):
        blob = blobs.envelope(**{**mine, **change})
        assert refused(world.post, world.alice, cid, "message", blob) == (422, "SENDER_MISMATCH")
    assert refused(world.post, world.bob, cid, "record", world.record(cid)) == (422, "SENDER_MISMATCH")
    assert refused(world.post, world.alice, other, "record", world.record(other)) == (422, "SENDER_MISMATCH")


@pytest.mark.parametrize(
    ("length", "said"), [(402, (422, "BAD_ENCODING")), (403, None), (67731, None), (67732, (413, "TOO_LARGE"))]
)
def test_it_holds_the_borders_of_an_envelopes_length(world: World, length: int, said: tuple[int, str] | None) -> None:
    cid = world.talk()
    world.start(cid)
    blob = blobs.envelope(cid=cid, uid=world.bob.uid, did=world.bob.did, length=max(length, 403))[:length]
    if said:
        assert refused(world.post, world.bob, cid, "message", blob) == said
    else:
        assert world.post(world.bob, cid, "message", blob).seq == 2


def test_a_repeated_post_answers_as_the_first_did(world: World) -> None:
    cid, client_id = world.talk(), uuid4()
    world.start(cid)
    first = world.say(world.alice, cid, 0, client_id=client_id)
    world.say(world.alice, cid, 1)
    resealed = blobs.envelope(cid=cid, uid=world.alice.uid, did=world.alice.did, counter=7, epoch=3)
    again = world.post(world.alice, cid, "message", resealed, client_id)
    assert (again.seq, again.sha256, again.dup) == (first.seq, first.sha256, True)
    assert Event.objects.count() == 3


def test_a_client_id_names_one_act_only(world: World) -> None:
    cid, other, client_id = world.talk(), world.talk(world.alice, world.alice), uuid4()
    th = world.start(cid)
    world.say(world.alice, cid, 0, client_id=client_id)
    record = world.record(cid, epoch=1, kind=NEXT, th_prev=th)
    assert refused(world.post, world.alice, cid, "record", record, client_id) == (422, "IDEMPOTENCY_MISMATCH")
    assert refused(world.say, world.alice, other, 0, client_id=client_id) == (422, "IDEMPOTENCY_MISMATCH")
    assert world.say(world.bob, cid, 0, client_id=client_id).dup is False


@pytest.mark.parametrize(
    ("epoch", "kind", "right_th", "said"),
    [
        (1, NEXT, True, None),
        (1, NEXT, False, "EPOCH_CONFLICT"),
        (1, RESTART, True, None),
        (1, RESTART, False, None),
        (2, NEXT, True, "EPOCH_CONFLICT"),
        (2, RESTART, True, "EPOCH_CONFLICT"),
        (0, START, False, "EPOCH_CONFLICT"),
    ],
)
def test_a_record_must_follow_the_last_one(
    world: World, epoch: int, kind: int, right_th: bool, said: str | None
) -> None:
    cid = world.talk()
    th = world.start(cid)
    th_prev = th if right_th else bytes(32)
    blob = world.record(cid, epoch=epoch, kind=kind, th_prev=th_prev)
    if said:
        assert refused(world.post, world.alice, cid, "record", blob) == (409, said)
        assert Conversation.objects.get(cid=cid).epoch == 0
    else:
        assert world.post(world.alice, cid, "record", blob).seq == 2
        assert bytes(Conversation.objects.get(cid=cid).th) == parse_record(blob).th != th


@pytest.mark.parametrize("kind", [NEXT, RESTART])
def test_only_a_start_begins(world: World, kind: int) -> None:
    cid = world.talk()
    assert refused(world.post, world.alice, cid, "record", world.record(cid, epoch=1, kind=kind)) == (
        409,
        "EPOCH_CONFLICT",
    )


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_record_must_name_the_current_bundles(world: World, who: str) -> None:
    cid = world.talk()
    old = world.record(cid)
    world.directory.publish(getattr(world, who))
    assert refused(world.post, world.alice, cid, "record", old) == (409, "STALE_BUNDLE")
    assert world.post(world.alice, cid, "record", world.record(cid)).seq == 1


def test_a_record_must_name_the_bundles_hash(world: World) -> None:
    cid = world.talk()
    versions = {**world.directory.current, world.bob.uid: (1, b"\1" * 32)}
    assert refused(world.post, world.alice, cid, "record", world.record(cid, versions=versions)) == (
        409,
        "STALE_BUNDLE",
    )


def test_a_removed_device_cannot_post_a_record(world: World) -> None:
    cid = world.talk()
    world.directory.publish(world.alice, fixed_id("alice's other browser"))
    assert refused(world.post, world.alice, cid, "record", world.record(cid)) == (409, "STALE_BUNDLE")


def test_a_record_needs_the_bundle_of_both(world: World) -> None:
    cid = world.talk()
    blob = world.record(cid)
    del world.directory.current[world.bob.uid]
    assert refused(world.post, world.alice, cid, "record", blob) == (409, "STALE_BUNDLE")


def test_one_account_posts_so_much_a_minute(world: World, settings: Any) -> None:
    settings.POSTS_PER_MINUTE = 3
    cid = world.talk()
    world.start(cid)
    client_id = uuid4()
    world.say(world.alice, cid, 0, client_id=client_id)
    world.say(world.alice, cid, 1)
    with pytest.raises(Refusal) as refusal:
        world.say(world.alice, cid, 2)
    assert (refusal.value.status, refusal.value.code) == (429, "TOO_MANY")
    assert refusal.value.retry_after is not None
    assert 1 <= refusal.value.retry_after <= 60
    assert world.say(world.alice, cid, 0, client_id=client_id).dup is True
    assert world.say(world.bob, cid, 0).seq == 4
    Event.objects.filter(seq=1).update(at=Event.objects.get(seq=1).at - services.throttles.MINUTE)
    assert world.say(world.alice, cid, 2).seq == 5


def test_one_pair_has_one_conversation(world: World) -> None:
    for person in (world.alice, world.bob):
        person.save()
    made = services.open_conversation(uid=world.alice.uid, other=world.bob.uid)
    assert services.open_conversation(uid=world.bob.uid, other=world.alice.uid) == made
    assert made.epoch == -1
    assert services.open_conversation(uid=world.alice.uid, other=world.alice.uid).uids == (
        world.alice.uid,
        world.alice.uid,
    )


def test_it_opens_no_conversation_with_nobody(world: World) -> None:
    assert refused(services.open_conversation, uid=world.alice.uid, other=uuid4()) == (404, "NOT_FOUND")
    gone = world.bob.save()
    gone.is_active = False
    gone.save()
    assert refused(services.open_conversation, uid=world.alice.uid, other=world.bob.uid) == (404, "NOT_FOUND")


def test_it_limits_the_conversations_started_in_a_day(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.throttles, "STARTED_PER_DAY", 2)
    for person in (world.alice, world.bob, world.mallory):
        person.save()
    for other in (world.alice, world.bob):
        services.open_conversation(uid=world.alice.uid, other=other.uid)
    assert refused(services.open_conversation, uid=world.alice.uid, other=world.mallory.uid) == (429, "TOO_MANY")
    assert services.open_conversation(uid=world.alice.uid, other=world.bob.uid).seq == 0
    assert services.open_conversation(uid=world.mallory.uid, other=world.alice.uid).seq == 0


@pytest.mark.parametrize(
    ("after", "limit", "seqs"),
    [(0, 200, [1, 2, 3, 4]), (0, 1, [1]), (2, 200, [3, 4]), (3, 1, [4]), (4, 9, []), (5, 9, [])],
)
def test_a_pull_is_contiguous(world: World, after: int, limit: int, seqs: list[int]) -> None:
    cid = world.talk()
    world.start(cid)
    for counter in range(3):
        world.say(world.alice, cid, counter)
    assert [event.seq for event in services.pull(uid=world.bob.uid, cid=cid, after=after, limit=limit)] == seqs


def test_a_page_holds_so_many_bytes_and_one_event_at_least(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    cid = world.talk()
    world.start(cid)
    for counter in range(3):
        world.say(world.alice, cid, counter)
    monkeypatch.setattr(services, "PAGE_BYTES", 2 * 403)
    assert [event.seq for event in services.pull(uid=world.bob.uid, cid=cid, after=1, limit=9)] == [2, 3]
    monkeypatch.setattr(services, "PAGE_BYTES", 1)
    assert [event.seq for event in services.pull(uid=world.bob.uid, cid=cid, after=1, limit=9)] == [2]


def test_an_ack_goes_neither_back_nor_beyond_the_head(world: World) -> None:
    cid = world.talk()
    world.start(cid)
    world.say(world.alice, cid, 0)
    for upto, kept in ((1, 1), (9, 2), (1, 2)):
        services.ack(uid=world.bob.uid, did=world.bob.did, cid=cid, upto=upto)
        assert Cursor.objects.get().upto == kept


def test_the_incarnation_stays_until_it_is_renewed() -> None:
    first = services.incarnation()
    assert services.incarnation() == first
    assert services.renew_incarnation() != first


def test_partners_are_those_of_shared_conversations(world: World) -> None:
    world.start(world.talk())
    world.talk(world.alice, world.mallory)
    world.talk(world.bob, world.bob)
    assert services.partners_of(uid=world.alice.uid) == {world.bob.uid, world.mallory.uid}
    assert services.share_a_conversation(world.bob.uid, world.alice.uid)
    assert not services.share_a_conversation(world.alice.uid, world.mallory.uid)


def in_threads(works: list[Callable[[], Any]]) -> list[Any]:
    """All at once, a thread each; what they returned."""
    results: list[Any] = [None] * len(works)

    def run(number: int) -> None:
        try:
            results[number] = works[number]()
        except Exception as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_ten_equal_posts_at_once_are_one_row_and_ten_equal_answers(world: World) -> None:
    cid, client_id = world.talk(), uuid4()
    world.start(cid)
    answers = in_threads([lambda: world.say(world.alice, cid, 0, client_id=client_id)] * 10)
    assert {(answer.seq, answer.sha256) for answer in answers} == {(2, answers[0].sha256)}
    assert sorted(answer.dup for answer in answers) == [False] + [True] * 9
    assert Event.objects.filter(client_id=client_id).count() == 1


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_200_posts_at_once_by_two_people_leave_no_gap(world: World, settings: Any) -> None:
    settings.POSTS_PER_MINUTE = 1000
    cid = world.talk()
    world.start(cid)

    def chat(person: Any) -> list[int]:
        return [say_until_taken(person, counter) for counter in range(25)]

    def say_until_taken(person: Any, counter: int) -> int:
        client_id = uuid4()
        return int(world.say(person, cid, counter, client_id=client_id).seq)

    devices = [type(person)(person.name) for person in [world.alice, world.bob] * 4]
    for number, device in enumerate(devices):
        device.did = UUID(int=number + 1)
    results = in_threads([lambda device=device: chat(device) for device in devices])
    assert sorted(seq for result in results for seq in result) == list(range(2, 202))
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, 202))


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_a_post_that_fails_half_way_leaves_no_gap(world: World) -> None:
    cid = world.talk()
    world.start(cid)
    in_the_way = Event.objects.get(seq=1)
    in_the_way.pk, in_the_way.seq, in_the_way.client_id, in_the_way.epoch = None, 2, uuid4(), 9
    in_the_way.save()
    with pytest.raises(IntegrityError):
        world.say(world.alice, cid, 0)
    assert Conversation.objects.get(cid=cid).seq == 1
    in_the_way.delete()
    assert world.say(world.alice, cid, 0).seq == 2


def test_the_mail_crosses_no_border(world: World) -> None:
    names = {
        field.remote_field.model._meta.app_label
        for model in (Conversation, Event, Cursor)
        for field in model._meta.fields
        if field.remote_field
    }
    assert names == {"conversations"}
    with transaction.atomic(using=settings.MESSAGES_ALIAS):
        assert Conversation.objects.all().db == settings.MESSAGES_ALIAS
