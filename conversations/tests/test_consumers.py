"""Sockets: who gets in, what each frame does, what closes them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import OperationalError

from chatproject.lib import bridge, builds, measures
from chatproject.lib.encoding import to_base64url
from conversations import (
    acks,
    baseconsumer,
    consumers,
    delivery,
    offenders,
    services,
    socketauth,
    standing,
    switchboard,
    watching,
)
from conversations.models import Cursor, Event
from conversations.routing import application_for_websockets
from conversations.switchboard import News
from conversations.tests import blobs
from conversations.tests.world import Person, World

pytestmark = [pytest.mark.django_db(transaction=True, databases="__all__"), pytest.mark.asyncio]


@pytest.fixture(autouse=True)
def sessions_say_who(monkeypatch: pytest.MonkeyPatch) -> None:
    """A double of the log-in: what the session row says is what counts."""

    def user_of(session: Any) -> Any:
        return SimpleNamespace(uid=UUID(session["uid"])) if session.get("full") else None

    def device_of(session: Any, user: Any) -> Any:
        return SimpleNamespace(did=UUID(session["did"])) if session.get("did") else None

    monkeypatch.setattr(socketauth, "full_login", user_of)
    monkeypatch.setattr(socketauth, "bound_device", device_of)
    monkeypatch.setattr(consumers, "RECHECK_PAUSE_SECONDS", 0.0)


async def log_in(person: Person, *, full: bool = True, bound: bool = True) -> str:
    def save() -> str:
        session = SessionStore()
        session.update({"uid": person.uid.hex, "full": full, "did": person.did.hex if bound else ""})
        session.save()
        return str(session.session_key)

    return await bridge.run(save)


def socket(key: str = "", *, origin: str | None = None, path: str = "/ws/") -> WebsocketCommunicator:
    headers = [(b"cookie", f"x=1; {settings.SESSION_COOKIE_NAME}={key}".encode())] if key else []
    if origin != "none":
        headers.append((b"origin", (origin or settings.ALLOWED_ORIGINS[0]).encode()))
    return WebsocketCommunicator(application_for_websockets(), path, headers=headers)


@asynccontextmanager
async def connected(person: Person, *, hello: bool = True, **session: bool) -> AsyncIterator[WebsocketCommunicator]:
    line = socket(await log_in(person, **session))
    assert (await line.connect())[0]
    if hello:
        await line.send_json_to({"f": "hello", "did": person.did.hex, "cursors": {}, "incarnation": None})
        assert (await line.receive_json_from())["f"] == "welcome"
    yield line
    await line.disconnect()


async def close_code(line: WebsocketCommunicator, seconds: float = 2) -> int:
    while True:
        message = await line.receive_output(seconds)
        if message["type"] == "websocket.close":
            return int(message["code"])


def post_frame(person: Person, cid: UUID, counter: int = 0, client_id: UUID | None = None) -> dict[str, Any]:
    blob = blobs.envelope(cid=cid, uid=person.uid, did=person.did, counter=counter)
    ids = {"cid": cid.hex, "client_id": str(client_id or uuid4())}
    return {"f": "post", **ids, "kind": "message", "blob": to_base64url(blob)}


async def started(world: World) -> UUID:
    def work() -> UUID:
        cid = world.talk()
        world.start(cid)
        return cid

    return await bridge.run(work)


@pytest.mark.parametrize(
    "origin",
    [
        "none",
        "null",
        "https://evil.example",
        "http://localhost:8001",
        "https://localhost:8000",
        "http://localhost:8000/",
        "http://LOCALHOST:8000",
    ],
)
async def test_it_refuses_a_foreign_origin_before_accepting(world: World, origin: str) -> None:
    line = socket(await log_in(world.alice), origin=origin)
    assert (await line.connect())[0] is False
    await line.disconnect()


async def test_it_refuses_another_path(world: World) -> None:
    line = socket(await log_in(world.alice), path="/ws/more")
    assert (await line.connect())[0] is False
    await line.wait()


@pytest.mark.parametrize(("session", "code"), [({"full": False}, 4401), ({"bound": False}, 4403)])
async def test_it_says_which_part_of_the_login_is_missing(world: World, session: dict[str, bool], code: int) -> None:
    async with connected(world.alice, hello=False, **session) as line:
        assert await close_code(line) == code


@pytest.mark.parametrize("key", ["", "a" * 32, "../../x", "\xff"])
async def test_it_refuses_an_unknown_session(key: str) -> None:
    line = socket(key)
    assert (await line.connect())[0]
    assert await close_code(line) == 4401
    await line.disconnect()


async def test_it_welcomes_with_all_heads(world: World) -> None:
    cid = await started(world)
    async with connected(world.bob, hello=False) as line:
        await line.send_json_to({"f": "hello", "did": world.bob.did.hex, "cursors": {}, "incarnation": None})
        welcome = await line.receive_json_from()
    assert welcome["heads"] == {cid.hex: 1}
    assert welcome["incarnation"] == await bridge.run(services.incarnation)


async def test_it_refuses_the_hello_of_another_device(world: World) -> None:
    async with connected(world.alice, hello=False) as line:
        await line.send_json_to({"f": "hello", "did": world.bob.did.hex, "cursors": {}, "incarnation": None})
        assert await close_code(line) == 4403


async def test_it_waits_for_a_hello_only_so_long(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "HELLO_SECONDS", 0.05)
    async with connected(world.alice, hello=False) as line:
        assert await close_code(line) == 4408


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


async def test_a_newer_socket_of_a_device_takes_over(world: World) -> None:
    async with connected(world.alice) as older, connected(world.alice) as newer:
        assert await close_code(older) == 4409
        await newer.send_json_to({"f": "heads"})
        assert (await newer.receive_json_from())["f"] == "heads"


async def test_a_person_has_so_many_sockets(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switchboard, "MAX_SOCKETS_A_USER", 1)
    second = Person("alice")
    second.did = uuid4()
    async with connected(world.alice), connected(second, hello=False) as line:
        await line.send_json_to({"f": "hello", "did": second.did.hex, "cursors": {}, "incarnation": None})
        assert await close_code(line) == 4429


@pytest.mark.parametrize(("change", "code"), [({"full": False}, 4401), ({"did": ""}, 4403), (None, 4401)])
async def test_an_ended_login_closes_the_socket(world: World, change: dict[str, Any] | None, code: int) -> None:
    def change_rows() -> None:
        for row in Session.objects.all():
            session = SessionStore(row.session_key)
            if change is None:
                session.delete()
            else:
                session.update(change)
                session.save()

    async with connected(world.alice) as alice, connected(world.bob) as bob:
        await bridge.run(change_rows)
        delivery.end_sessions(world.alice.uid)
        assert await close_code(alice) == code
        assert await bob.receive_nothing()


async def test_a_check_of_a_living_login_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.02)
    monkeypatch.setattr(consumers, "HELLO_SECONDS", 0.02)
    async with connected(world.alice) as alice:
        await asyncio.sleep(0.2)
        await alice.send_json_to({"f": "heads"})
        assert (await alice.receive_json_from())["f"] == "heads"


async def test_a_socket_ends_after_its_life(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "HELLO_SECONDS", 0.2)
    monkeypatch.setattr(consumers, "LIFE_SECONDS", 0.3)
    async with connected(world.alice) as alice:
        assert await close_code(alice) == 4412


async def test_three_bad_frames_close_the_socket(world: World) -> None:
    async with connected(world.alice) as alice:
        for text in ("{", '{"f":"nothing"}', json.dumps({"f": "pull", "cid": uuid4().hex, "after": 0, "limit": 1})):
            await alice.send_to(text_data=text)
            assert (await alice.receive_json_from())["f"] == "error"
        assert await close_code(alice) == 4400


@pytest.mark.parametrize("frame", [{"f": "heads"}, {"f": "pull", "cid": "0" * 32, "after": 0, "limit": 1}])
async def test_nothing_is_taken_before_the_hello(world: World, frame: dict[str, Any]) -> None:
    async with connected(world.alice, hello=False) as alice:
        await alice.send_json_to(frame)
        assert await alice.receive_json_from() == {"f": "error", "code": "BAD_FRAME"}


@pytest.mark.parametrize(("size", "code"), [(256 * 1024, None), (256 * 1024 + 1, 4413)])
async def test_it_holds_the_border_of_a_frames_size(world: World, size: int, code: int | None) -> None:
    async with connected(world.alice) as alice:
        await alice.send_to(text_data='{"f":"heads"}'.ljust(size))
        if code:
            assert await close_code(alice) == code
        else:
            assert (await alice.receive_json_from())["f"] == "heads"


async def test_bytes_are_no_frames(world: World) -> None:
    async with connected(world.alice) as alice:
        await alice.send_to(bytes_data=b'{"f":"heads"}')
        assert await close_code(alice) == 4400


async def test_a_flood_closes_the_socket(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseconsumer, "BURST_FRAMES", 3.0)
    monkeypatch.setattr(baseconsumer, "FRAMES_PER_SECOND", 0.0)
    async with connected(world.alice) as alice:
        for _ in range(4):
            await alice.send_json_to({"f": "heads"})
        assert await close_code(alice) == 4429


async def thrown_out(person: Person) -> int:
    """Closed for what it sent; or not let in."""
    async with connected(person, hello=False) as line:
        await line.send_to(bytes_data=b"no frame")
        return await close_code(line)


async def test_who_is_thrown_out_again_and_again_waits_and_nobody_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [await thrown_out(world.mallory) for _ in range(11)] == [4400] * 10 + [4429]
    async with connected(world.mallory, hello=False) as mallory:
        assert await close_code(mallory) == 4429
    async with connected(world.alice):
        pass
    monkeypatch.setattr(offenders, "PAUSE_SECONDS", 0)
    async with connected(world.mallory):
        pass


async def test_offenders_are_forgotten_when_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offenders, "MAX_ACCOUNTS", 3)
    monkeypatch.setattr(offenders, "closed", {})
    quiet, *loud = (uuid4() for _ in range(4))
    for uid, now in [(quiet, 0.0), *((uid, 60.0) for uid in loud)]:
        offenders.count(uid, now)
    assert set(offenders.closed) == set(loud)
    offenders.count(quiet, 61.0)
    assert set(offenders.closed) == {quiet}


async def slow(*_args: Any, **_kwargs: Any) -> None:
    await asyncio.sleep(9)


async def test_a_handler_has_a_deadline(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected(world.alice) as alice:
        monkeypatch.setattr(baseconsumer, "HANDLER_SECONDS", 0.05)
        monkeypatch.setattr(consumers.postbox, "pull", slow)
        await alice.send_json_to({"f": "pull", "cid": uuid4().hex, "after": 0, "limit": 1})
        assert await close_code(alice) == 4408


async def test_a_heartbeat_has_a_deadline(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected(world.alice) as alice:
        monkeypatch.setattr(standing, "READ_SECONDS", 0.05)
        monkeypatch.setattr(standing.bridge, "run", slow)
        await alice.send_json_to({"f": "heads"})
        assert await close_code(alice) == 4408


@pytest.mark.parametrize(("error", "told"), [(OperationalError, "UNAVAILABLE"), (RuntimeError, 4500)])
async def test_a_heartbeat_that_fails_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, error: type[Exception], told: object
) -> None:
    def broken(_uids: object) -> None:
        raise error

    async with connected(world.alice) as alice:
        monkeypatch.setattr(standing, "_read", broken)
        await alice.send_json_to({"f": "heads"})
        if isinstance(told, int):
            assert await close_code(alice) == told
        else:
            assert await alice.receive_json_from() == {"f": "error", "code": told}


async def test_an_error_of_ours_shows_no_content(world: World, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def broken(*_args: Any) -> None:
        raise RuntimeError("SECRET")

    monkeypatch.setattr(consumers.postbox, "submit", broken)
    async with connected(world.alice) as alice:
        await alice.send_json_to(post_frame(world.alice, uuid4()))
        assert await close_code(alice) == 4500
    assert "RuntimeError" in caplog.text
    assert "SECRET" not in caplog.text


async def test_open_sockets_are_counted_by_the_build_of_their_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "_named", dict.fromkeys(["a" * 16]))
    monkeypatch.setattr(builds, "MAX_NAMED", 1)
    async with AsyncExitStack() as stack:
        for person, build in ((world.alice, "a"), (world.bob, "b")):
            line = await stack.enter_async_context(connected(person, hello=False))
            hello = {"f": "hello", "did": person.did.hex, "cursors": {}, "incarnation": None, "build": build * 16}
            await line.send_json_to(hello)
            assert (await line.receive_json_from())["f"] == "welcome"
        watching.connect()
        told = [line for line in measures.page().splitlines() if line.startswith("chat_ws_clients")]
        assert told == [f'chat_ws_clients{{build="{"a" * 16}"}} 1', 'chat_ws_clients{build="other"} 1']
        assert world.alice.uid.hex not in measures.page()
    async with connected(world.alice):
        assert 'chat_ws_clients{build="none"} 1' in measures.page()


async def test_all_sockets_are_told_when_the_server_ends(world: World) -> None:
    async with connected(world.alice) as alice, connected(world.bob) as bob:
        for socket_here in delivery.everybody():
            socket_here.go_away()
        assert [await close_code(line) for line in (alice, bob)] == [4412, 4412]
    assert delivery.open_sockets() == 0
