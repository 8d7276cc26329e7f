"""Posts of many people in one transaction: each is judged as if it were alone, and what waits has bounds."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID, uuid4

import pytest
from django.db import connections
from django.test import override_settings

from conversations import batching, pipeline, services
from conversations.batching import Batcher
from conversations.judging import Stored
from conversations.models import Conversation, ConversationDevice, Event
from conversations.refusals import Refusal
from conversations.rules import Post
from conversations.tests import blobs
from conversations.tests.world import Person, World

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def message(person: Person, cid: UUID, counter: int, *, client_id: UUID | None = None, epoch: int = 0) -> Post:
    blob = blobs.envelope(cid=cid, uid=person.uid, did=person.did, counter=counter, epoch=epoch)
    return Post(person.uid, person.did, cid, client_id or uuid4(), "message", blob)


def posted(room: Batcher, post: Post) -> asyncio.Future[batching.Answer]:
    """The answer as it is."""
    return room.submit(post, lambda _post, answer: answer)


def words(answers: list[Stored | Refusal]) -> list[Any]:
    """The sequence, `again N`, or the code."""
    return [_word(answer) for answer in answers]


def _word(answer: Stored | Refusal) -> Any:
    if isinstance(answer, Refusal):
        return answer.code
    return f"again {answer.accepted.seq}" if answer.accepted.dup else answer.accepted.seq


def everything_wrong_and_right(world: World) -> tuple[list[Post], list[Any]]:
    """Posts of one batch, and their answers."""
    cid, other = world.talk(), world.talk(world.alice, world.alice)
    world.start(cid)
    alice, bob, mallory = world.alice, world.bob, world.mallory
    first = message(alice, cid, 0)
    posts = [
        first,
        message(mallory, cid, 0),
        message(bob, cid, 0),
        message(alice, cid, 2),
        message(alice, cid, 1, epoch=1),
        message(alice, cid, 1),
        message(alice, cid, 1),
        first,
        message(alice, other, 0, client_id=first.client_id),
        Post(bob.uid, bob.did, cid, uuid4(), "message", b"junk"),
        message(bob, cid, 1),
    ]
    said = [2, "NOT_FOUND", 3, "COUNTER_TAKEN", "STALE_EPOCH", 4, "COUNTER_TAKEN", "again 2"]
    return posts, [*said, "IDEMPOTENCY_MISMATCH", "BAD_ENCODING", 5]


def check_rows(cid: UUID) -> None:
    assert Conversation.objects.get(cid=cid).seq == 5
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4, 5]
    assert sorted(ConversationDevice.objects.values_list("next_counter", flat=True)) == [2, 2]


def test_a_refused_post_fails_no_neighbour(world: World) -> None:
    posts, said = everything_wrong_and_right(world)
    assert words(services.post_batch(posts)) == said
    check_rows(posts[0].cid)
    stored = Event.objects.get(seq=5)
    assert (bytes(stored.blob), stored.client_id, stored.did) == (posts[-1].blob, posts[-1].client_id, posts[-1].did)


def test_the_limit_counts_within_a_batch(world: World, settings: Any) -> None:
    settings.POSTS_PER_MINUTE = 3
    cid = world.talk()
    world.start(cid)
    posts = [*(message(world.alice, cid, counter) for counter in range(3)), message(world.bob, cid, 0)]
    assert words(services.post_batch(posts)) == [2, 3, "TOO_MANY", 4]


def put_in_the_way(cid: UUID, counter: int, post: Post) -> None:
    """A row that breaks a constraint for whoever inserts `post`, and that no check can see."""
    row = Event.objects.get(conversation=cid, seq=1)
    row.pk, row.seq, row.client_id, row.kind, row.counter, row.epoch = None, 99, uuid4(), "message", counter, 0
    row.did = post.did
    row.save()


def test_a_post_that_meets_a_constraint_fails_no_neighbour(world: World) -> None:
    cid, other = world.talk(), world.talk(world.alice, world.alice)
    world.start(cid)
    Conversation.objects.filter(cid=other).update(epoch=0)
    broken, fine = message(world.bob, cid, 0), message(world.alice, other, 0)
    put_in_the_way(cid, 0, broken)
    assert words(services.post_batch([broken, fine])) == ["UNAVAILABLE", 1]
    assert Conversation.objects.get(cid=cid).seq == 1


@pytest.mark.asyncio
async def test_what_waits_at_one_moment_is_one_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, post_batch = [], services.post_batch

    def count(posts: list[Post]) -> Any:
        sizes.append(len(posts))
        return post_batch(posts)

    posts, said = await in_thread(everything_wrong_and_right, world)
    monkeypatch.setattr(services, "post_batch", count)
    room = Batcher()
    assert words([await answer for answer in [posted(room, post) for post in posts]]) == said
    assert sizes == [len(posts)]
    assert words([await posted(room, message(world.alice, posts[0].cid, 2))]) == [6], "alone, at once"
    assert sizes[1:] == [1]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("bound", "most", "sizes"),
    [("MAX_BATCH", 2, [2, 2, 1]), ("MAX_BATCH_BYTES", 1_000, [2, 2, 1]), ("MAX_BATCH_BYTES", 1, [1] * 5)],
)
async def test_a_batch_has_bounds(
    world: World, monkeypatch: pytest.MonkeyPatch, bound: str, most: int, sizes: list[int]
) -> None:
    found, post_batch = [], services.post_batch

    def count(posts: list[Post]) -> Any:
        found.append(len(posts))
        return post_batch(posts)

    def make() -> list[Post]:
        cid = world.talk()
        world.start(cid)
        return [message(world.bob, cid, counter) for counter in range(5)]

    posts, room = await in_thread(make), Batcher()
    assert len(posts[0].blob) == 403
    monkeypatch.setattr(services, "post_batch", count)
    monkeypatch.setattr(batching, bound, most)
    assert words([await answer for answer in [posted(room, post) for post in posts]]) == [*range(2, 7)]
    assert found == sizes


@pytest.mark.asyncio
async def test_a_record_keeps_its_place(world: World) -> None:
    def make() -> list[Post]:
        cid = world.talk()
        record = Post(world.alice.uid, world.alice.did, cid, uuid4(), "record", world.record(cid))
        return [message(world.bob, cid, 0), record, message(world.bob, cid, 0), message(world.alice, cid, 0)]

    room = Batcher()
    answers = [posted(room, post) for post in await in_thread(make)]
    assert words([await answer for answer in answers]) == ["STALE_EPOCH", 1, 2, 3]


@pytest.mark.asyncio
@pytest.mark.parametrize(("bound", "most"), [("MAX_WAITING", 1), ("MAX_WAITING_BYTES", 403), ("WAIT_SECONDS", -1.0)])
async def test_what_is_too_much_is_refused_with_a_hint(
    world: World, monkeypatch: pytest.MonkeyPatch, bound: str, most: float
) -> None:
    monkeypatch.setattr(batching, bound, most)
    cid = (await in_thread(lambda: everything_wrong_and_right(world)))[0][0].cid
    room = Batcher()
    answers = [posted(room, message(world.alice, cid, counter)) for counter in range(2)]
    last = await answers[-1]
    assert isinstance(last, Refusal)
    assert (last.status, last.code, last.retry_after) == (503, "UNAVAILABLE", 2)
    assert words([await answers[0]]) == ["UNAVAILABLE" if bound == "WAIT_SECONDS" else 2]


ANSWER_SECONDS = 10.0


@pytest.mark.asyncio
async def test_who_went_away_while_it_waited_keeps_nobody_from_an_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "WAIT_SECONDS", -1.0)
    room = Batcher()
    gone, other = [posted(room, message(world.alice, uuid4(), counter)) for counter in range(2)]
    gone.cancel()
    async with asyncio.timeout(ANSWER_SECONDS):
        assert words([await other]) == ["UNAVAILABLE"]


def too_few(_posts: list[Post]) -> list[Any]:
    return []


def broken(_posts: list[Post]) -> list[Any]:
    raise RuntimeError


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", [too_few, broken])
async def test_a_fault_of_ours_answers_its_batch_and_the_next_has_its_turn(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    monkeypatch.setattr(services, "post_batch", fault)
    room, record = Batcher(), Post(world.alice.uid, world.alice.did, uuid4(), uuid4(), "record", b"alone")
    answers = [posted(room, post) for post in (message(world.alice, uuid4(), 0), record)]
    async with asyncio.timeout(ANSWER_SECONDS):
        assert words([await answer for answer in answers]) == ["UNAVAILABLE", "UNAVAILABLE"]


@pytest.mark.asyncio
async def test_what_the_address_says_of_the_session_is_kept_and_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {"dbname": "chat", "client_encoding": "UTF8", "options": "-c search_path=chat"}
    connected: list[dict[str, Any]] = []

    async def connect(*_first: str, **params: Any) -> AsyncMock:
        connected.append(params)
        return AsyncMock()

    wrapper = connections[services.settings.MESSAGES_ALIAS]
    monkeypatch.setattr(wrapper, "get_connection_params", lambda: given)
    monkeypatch.setattr(pipeline.PipelinedConnection, "open", connect)
    await pipeline.Pipeline()._connected()
    del given["options"]
    await pipeline.Pipeline()._connected()
    rest = {"dbname": "chat", "application_name": pipeline.NAME}
    assert connected == [
        {**rest, "options": f"{pipeline.SESSION} -c search_path=chat"},
        {**rest, "options": pipeline.SESSION},
    ]


async def in_thread(work: Any, *given: Any) -> Any:
    from chatproject.lib import bridge

    return await bridge.run(work, *given)


@pytest.mark.services
@pytest.mark.asyncio
@override_settings(BRIDGE_INLINE=False)
async def test_the_pipeline_answers_and_writes_the_same(world: World) -> None:
    assert connections[services.settings.MESSAGES_ALIAS].vendor == "postgresql", "SQLite has no pipeline"
    posts, said = await in_thread(everything_wrong_and_right, world)
    room = Batcher()
    try:
        assert words([await answer for answer in [posted(room, post) for post in posts]]) == said
        await in_thread(check_rows, posts[0].cid)
        broken, fine = message(world.bob, posts[0].cid, 2), message(world.alice, posts[0].cid, 2)
        await in_thread(put_in_the_way, posts[0].cid, 2, broken)
        answers = [posted(room, broken), posted(room, fine)]
        assert words([await answer for answer in answers]) == ["UNAVAILABLE", 6]
        assert words([await posted(room, message(world.alice, posts[0].cid, 3))]) == [7]
        await in_thread(cut_the_pipeline)
        assert words([await posted(room, message(world.alice, posts[0].cid, 4))]) == ["UNAVAILABLE"]
        assert words([await posted(room, message(world.alice, posts[0].cid, 4))]) == [8]
    finally:
        await room.close()


def cut_the_pipeline() -> None:
    with connections[services.settings.MESSAGES_ALIAS].cursor() as cursor:
        found = "datname = current_database() AND application_name = %s"
        cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {found}", [pipeline.NAME])


@pytest.mark.services
@pytest.mark.asyncio
@override_settings(BRIDGE_INLINE=False, POSTS_PER_MINUTE=8)
async def test_the_pipeline_never_lets_through_more_than_the_limit(world: World) -> None:
    assert connections[services.settings.MESSAGES_ALIAS].vendor == "postgresql", "SQLite has no pipeline"

    def make() -> UUID:
        cid = world.talk()
        world.start(cid)
        return cid

    cid, room = await in_thread(make), Batcher()
    try:
        said = words([await posted(room, message(world.bob, cid, counter)) for counter in range(10)])
    finally:
        await room.close()
    assert said == [*range(2, 10), "TOO_MANY", "TOO_MANY"]
