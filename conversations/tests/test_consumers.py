"""What goes over a socket: posts and their answers, bells, events that are handed over, acknowledgements."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from chatproject.lib import bridge, measures
from chatproject.lib.encoding import to_base64url
from conversations import (
    acks,
    baseconsumer,
    consumers,
    delivery,
    switchboard,
)
from conversations.models import Cursor, Event
from conversations.standing import Standing
from conversations.switchboard import News
from conversations.tests.sockets import close_code, connected, post_frame, started
from conversations.tests.world import Person, World

pytestmark = [
    pytest.mark.django_db(transaction=True, databases="__all__"),
    pytest.mark.asyncio,
    pytest.mark.usefixtures("sessions_say_who"),
]


async def test_a_message_goes_from_one_to_the_other(world: World) -> None:
    cid = await started(world)
    async with connected(world.alice) as alice, connected(world.bob) as bob:
        frame = post_frame(world.alice, cid)
        await alice.send_json_to(frame)
        accepted = await alice.receive_json_from()
        stored = await bridge.run(lambda: Event.objects.get(seq=2))
        assert accepted == {
            "f": "accepted",
            "cid": cid.hex,
            "client_id": frame["client_id"],
            "seq": 2,
            "sha256": to_base64url(bytes(stored.sha256)),
            "dup": False,
        }
        handed = await bob.receive_json_from()
        assert (handed.pop("f"), handed.pop("cid"), handed["blob"]) == ("event", cid.hex, frame["blob"])
        await bob.send_json_to({"f": "pull", "cid": cid.hex, "after": 1, "limit": 10})
        page = await bob.receive_json_from()
        assert (page["from"], page["to"], page["items"]) == (2, 2, [handed])
        assert await alice.receive_nothing()


async def test_the_row_is_there_before_the_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    cid = await started(world)
    seen: list[int] = []
    send = baseconsumer.BaseConsumer.send_text

    async def look(self: Any, text: str) -> None:
        if json.loads(text)["f"] == "accepted":
            seen.append(await bridge.run(Event.objects.count))
        await send(self, text)

    monkeypatch.setattr(consumers.ChatConsumer, "send_text", look)
    async with connected(world.alice) as alice:
        await alice.send_json_to(post_frame(world.alice, cid))
        await alice.receive_json_from()
    assert seen == [2]


async def test_a_refusal_names_the_post(world: World) -> None:
    cid = await started(world)
    async with connected(world.alice) as alice:
        frame = post_frame(world.alice, cid, counter=5)
        await alice.send_json_to(frame)
        answer = await alice.receive_json_from()
    assert answer == {
        "f": "refused",
        "cid": cid.hex,
        "client_id": frame["client_id"],
        "status": 409,
        "code": "COUNTER_TAKEN",
    }


async def test_a_failing_bell_fails_no_post(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    cid = await started(world)

    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise ConnectionError

    async with connected(world.alice) as alice, connected(world.bob) as bob:
        monkeypatch.setattr(switchboard.Switchboard, "ring", broken)
        await alice.send_json_to(post_frame(world.alice, cid))
        assert (await alice.receive_json_from())["f"] == "accepted"
        assert delivery.counters["ring"] == 1
        await bob.send_json_to({"f": "heads"})
        assert (await bob.receive_json_from())["heads"] == {cid.hex: 2}
        await bob.send_json_to({"f": "heads"})
        assert (await bob.receive_json_from())["heads"] == {}


async def test_bells_of_one_conversation_become_one(world: World) -> None:
    cid = await started(world)
    async with connected(world.bob) as bob:
        for seq in (3, 5, 4):
            delivery.tell([world.bob.uid], cid=cid, seq=seq)
        assert await bob.receive_json_from() == {"f": "bell", "cid": cid.hex, "seq": 5}
        assert await bob.receive_nothing()


async def test_an_event_is_handed_over_only_to_who_was_told_of_all_before(world: World) -> None:
    cid = await started(world)
    async with connected(world.bob) as bob:
        delivery.tell([world.bob.uid], cid=cid, seq=2, news=News("event 2", 0))
        delivery.tell([world.bob.uid], cid=cid, seq=4, news=News("event 4", 0))
        delivery.tell([world.bob.uid], cid=cid, seq=5, news=News("event 5", 0))
        assert await bob.receive_from() == "event 2"
        assert await bob.receive_json_from() == {"f": "bell", "cid": cid.hex, "seq": 5}
        delivery.tell([world.bob.uid], cid=cid, seq=6, news=News("event 6", 0))
        assert await bob.receive_from() == "event 6"
        assert await bob.receive_nothing()


async def test_a_hint_is_told_again_until_the_client_has_what_it_told_of(world: World) -> None:
    cid = await started(world)

    async def heads(bob: Any) -> Any:
        await bob.send_json_to({"f": "heads"})
        return (await bob.receive_json_from())["heads"]

    async with connected(world.alice) as alice, connected(world.bob) as bob:
        for counter in (0, 1):
            await alice.send_json_to(post_frame(world.alice, cid, counter=counter))
            assert (await bob.receive_json_from())["f"] == "event"
        assert await heads(bob) == {cid.hex: 3}, "the events may be lost"
        assert await heads(bob) == {cid.hex: 3}, "and this answer, too"
        await bob.send_json_to({"f": "ack", "cid": cid.hex, "upto": 2})
        assert await heads(bob) == {cid.hex: 3}, "one is missing"
        await bob.send_json_to({"f": "pull", "cid": cid.hex, "after": 3, "limit": 1})
        assert (await bob.receive_json_from())["items"] == []
        assert await heads(bob) == {}


async def post(line: Any, person: Person, cid: UUID, counter: int) -> None:
    await line.send_json_to(post_frame(person, cid, counter))
    assert (await line.receive_json_from())["f"] == "accepted"


async def test_who_posts_is_handed_what_comes_next(world: World) -> None:
    cid = await started(world)
    async with connected(world.alice) as alice, connected(world.bob) as bob:
        for counter in range(2):
            await post(alice, world.alice, cid, 2 * counter)
            await post(alice, world.alice, cid, 2 * counter + 1)
            assert [(await bob.receive_json_from())["f"] for _ in range(2)] == ["event", "event"]
            await post(bob, world.bob, cid, counter)
            assert (await alice.receive_json_from())["f"] == "event"


async def test_who_posts_and_was_not_told_of_all_before_gets_a_bell(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cid = await started(world)
    async with connected(world.alice) as alice, connected(world.bob) as bob:
        with monkeypatch.context() as patch:
            patch.setattr(switchboard.Switchboard, "ring", lambda *_args, **_more: None)
            await post(bob, world.bob, cid, 0)
        await post(alice, world.alice, cid, 0)
        assert (await bob.receive_json_from())["f"] == "event"
        await post(bob, world.bob, cid, 1)
        assert await alice.receive_json_from() == {"f": "bell", "cid": cid.hex, "seq": 4}


async def test_what_was_accepted_is_told_until_the_client_has_it(world: World) -> None:
    cid = await started(world)
    async with connected(world.alice) as alice:
        await post(alice, world.alice, cid, 0)
        for upto, heads in ((1, {cid.hex: 2}), (2, {})):
            await alice.send_json_to({"f": "ack", "cid": cid.hex, "upto": upto})
            await alice.send_json_to({"f": "heads"})
            assert (await alice.receive_json_from())["heads"] == heads


async def test_heads_that_were_read_before_the_last_event_take_nothing_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cid = await started(world)

    def heartbeat(_login: object) -> asyncio.Future[Standing]:
        found = asyncio.get_running_loop().create_future()
        found.set_result(Standing("", {cid: 1}, 0, 0))
        return found

    async with connected(world.alice) as alice, connected(world.bob) as bob:
        await post(bob, world.bob, cid, 0)
        assert (await alice.receive_json_from())["f"] == "event"
        monkeypatch.setattr(consumers.postbox, "heartbeat", heartbeat)
        before = measures.sweep_recovered.value()
        await alice.send_json_to({"f": "heads"})
        assert (await alice.receive_json_from())["f"] == "heads"
        await post(bob, world.bob, cid, 1)
        assert (await alice.receive_json_from())["f"] == "event"
        assert measures.sweep_recovered.value() == before, "a bell that was not lost"


async def test_who_does_not_read_gets_a_bell_instead_of_events(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "MAX_HANDED", 2)
    cid = await started(world)
    async with connected(world.bob) as bob:
        for seq in range(2, 9):
            delivery.tell([world.bob.uid], cid=cid, seq=seq, news=News(f"event {seq}", 0))
        said = [await bob.receive_from() for _ in range(3)]
        assert sorted(said) == [
            "event 2",
            "event 3",
            json.dumps({"f": "bell", "cid": cid.hex, "seq": 8}).replace(" ", ""),
        ]
        assert await bob.receive_nothing()


async def test_an_ack_of_a_foreign_conversation_is_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acks, "GATHER_SECONDS", 0.01)
    cid = await started(world)
    async with connected(world.mallory) as mallory, connected(world.bob) as bob:
        for line in (mallory, bob):
            await line.send_json_to({"f": "ack", "cid": cid.hex, "upto": 1})
        assert await mallory.receive_json_from() == {"f": "error", "code": "NOT_FOUND"}
        assert await bob.receive_nothing()
    assert await bridge.run(lambda: list(Cursor.objects.values_list("did", "upto"))) == [(world.bob.did, 1)]


async def test_posts_of_one_socket_are_stored_in_their_order(world: World) -> None:
    cid = await started(world)
    async with connected(world.alice) as alice:
        frames = [post_frame(world.alice, cid, counter) for counter in range(40)]
        for frame in frames:
            await alice.send_json_to(frame)
        answers = [await alice.receive_json_from() for _ in frames]
    assert [(each["client_id"], each["seq"]) for each in answers] == [
        (frame["client_id"], seq) for seq, frame in enumerate(frames, 2)
    ]


async def test_a_post_that_waits_is_answered_before_the_server_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cid, posted, submit = await started(world), asyncio.Event(), consumers.postbox.submit

    def submit_and_say(*given: Any) -> Any:
        posted.set()
        return submit(*given)

    monkeypatch.setattr(consumers.postbox, "submit", submit_and_say)
    monkeypatch.setattr(consumers, "ANSWER_SECONDS", 30.0)  # a commit waits for a disk that others use, too
    async with connected(world.alice) as alice:
        await alice.send_json_to(post_frame(world.alice, cid))
        async with asyncio.timeout(5):
            await posted.wait()
        for socket_here in delivery.everybody():
            socket_here.go_away()
        assert (await alice.receive_json_from())["f"] == "accepted"
        assert await close_code(alice) == 4412


async def test_a_bell_of_the_log_reaches_those_it_concerns(world: World) -> None:
    from conversations.receivers import ring_for_bundle

    await started(world)
    async with connected(world.alice) as alice, connected(world.bob) as bob, connected(world.mallory) as mallory:
        await ring_for_bundle(None, uid=world.alice.uid, log_size=9)
        for line in (alice, bob):
            assert await line.receive_json_from() == {"f": "bell", "log_size": 9}
        assert await mallory.receive_nothing()
