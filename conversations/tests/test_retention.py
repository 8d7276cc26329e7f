"""Messages of a chat with a timer are emptied by the daily job; their places stay."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from conversations import frames, retention, services
from conversations.models import Event
from conversations.tests import blobs
from conversations.tests.world import World

pytestmark = pytest.mark.django_db(databases="__all__")
DAY = timedelta(days=1)


def purged(*, dry_run: bool = False) -> int:
    return retention.purge(timezone.now(), dry_run=dry_run)["messages"]


@pytest.fixture
def chat(world: World) -> UUID:
    """A conversation whose messages disappear after an hour, with three of them: old, young, and one in between."""
    cid = world.talk()
    record = world.record(cid, mode=1, timer=3600)
    world.post(world.alice, cid, "record", record)
    ages = [timedelta(days=7, hours=1, minutes=1), timedelta(days=7, minutes=59), timedelta(0)]
    for counter, age in enumerate(ages):
        blob = blobs.envelope(cid=cid, uid=world.alice.uid, did=world.alice.did, counter=counter)
        world.post(world.alice, cid, "message", blob)
        Event.objects.filter(conversation_id=cid, seq=counter + 2).update(at=timezone.now() - age)
    Event.objects.filter(conversation_id=cid, seq=1).update(at=timezone.now() - 30 * DAY)
    return cid


def test_a_message_is_emptied_seven_days_after_its_timer(world: World, chat: UUID) -> None:
    before = {event.seq: bytes(event.sha256) for event in Event.objects.all()}
    assert [purged(dry_run=True), purged()] == [1, 1]
    kept = {event.seq: len(event.blob) for event in Event.objects.all()}
    assert kept[2] == 0
    assert all(kept[seq] for seq in (1, 3, 4))
    assert {event.seq: bytes(event.sha256) for event in Event.objects.all()} == before
    assert purged() == 0


def test_a_conversation_without_timer_keeps_everything(world: World) -> None:
    cid = world.talk()
    world.start(cid)
    blob = blobs.envelope(cid=cid, uid=world.alice.uid, did=world.alice.did)
    world.post(world.alice, cid, "message", blob)
    Event.objects.update(at=timezone.now() - 3650 * DAY)
    assert purged() == 0
    assert all(event.blob for event in Event.objects.all())


def test_a_tombstone_is_handed_out_in_its_place(world: World, chat: UUID) -> None:
    purged()
    page = frames.events(cid=chat, after=0, stored=services.pull(uid=world.bob.uid, cid=chat, after=0, limit=10))
    assert [(item.seq, bool(item.blob)) for item in page.items] == [(1, True), (2, False), (3, True), (4, True)]


def test_a_repeated_post_of_an_emptied_message_is_known(world: World, chat: UUID) -> None:
    purged()
    event = Event.objects.get(conversation_id=chat, seq=2)
    blob = blobs.envelope(cid=chat, uid=world.alice.uid, did=world.alice.did)
    again = world.post(world.alice, chat, "message", blob, client_id=event.client_id)
    assert (again.seq, again.dup, again.sha256) == (2, True, bytes(event.sha256))
    assert bytes(Event.objects.get(pk=event.pk).blob) == b""
