"""Who gets a socket, who loses it again, and when."""

import asyncio
from collections.abc import Collection
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import OperationalError

from chatproject.lib import bridge, builds, measures
from conversations import (
    consumers,
    delivery,
    offenders,
    revalidation,
    services,
    socketauth,
    standing,
    switchboard,
    watching,
)
from conversations.tests.sockets import PatientCommunicator, close_code, connected, log_in, socket, started
from conversations.tests.world import Person, World

pytestmark = [
    pytest.mark.django_db(transaction=True, databases="__all__"),
    pytest.mark.asyncio,
    pytest.mark.usefixtures("sessions_say_who"),
]

END_SECONDS = 5.0  # after a login has ended


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


async def test_sockets_that_open_together_are_read_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: dict[str, list[int]] = {"logins": [], "heads": []}
    identify, read_heads = socketauth.identify_many, standing.services.heads_of

    def identify_counted(keys: Collection[str], reader: Any) -> Any:
        reads["logins"].append(len(keys))
        return identify(keys, reader)

    def heads_counted(uids: Collection[Any]) -> Any:
        reads["heads"].append(len(uids))
        return read_heads(uids)

    monkeypatch.setattr(socketauth, "identify_many", identify_counted)
    monkeypatch.setattr(standing.services, "heads_of", heads_counted)
    people = [Person(f"person{number}") for number in range(20)]
    lines = [socket(await log_in(person)) for person in people]
    assert {opened for opened, _protocol in await asyncio.gather(*(line.connect() for line in lines))} == {True}
    for line, person in zip(lines, people, strict=True):
        await line.send_json_to({"f": "hello", "did": person.did.hex, "cursors": {}, "incarnation": None})
    assert {(await line.receive_json_from())["f"] for line in lines} == {"welcome"}
    assert {name: sum(counts) for name, counts in reads.items()} == {"logins": 20, "heads": 20}
    assert len(reads["logins"]) <= 3
    assert len(reads["heads"]) <= 6
    for line in lines:
        await line.disconnect()


@pytest.mark.parametrize("key", ['"\\000"', '"a\\000b"', "\xff" * 32, "a" * 4000, ""])
async def test_a_key_that_a_stranger_makes_up_spoils_no_login_that_is_read_with_it(world: World, key: str) -> None:
    lines = [socket(key), socket(await log_in(world.alice)), socket(key)]
    assert {opened for opened, _protocol in await asyncio.gather(*(line.connect() for line in lines))} == {True}
    await lines[1].send_json_to({"f": "hello", "did": world.alice.did.hex, "cursors": {}, "incarnation": None})
    assert (await lines[1].receive_json_from())["f"] == "welcome"
    assert [await close_code(line) for line in lines[::2]] == [4401, 4401]
    for line in lines:
        await line.disconnect()


async def test_only_what_may_be_a_key_is_looked_for() -> None:
    asked: list[str] = []

    class Reader(socketauth.SessionReader):
        def read(self, keys: Collection[str]) -> dict[str, dict[str, Any]]:
            asked.extend(keys)
            return {}

    strange = {"", "\0", "a\0b", "\xff", "a b", "../../x"}
    assert socketauth.identify_many({*strange, "k3y"}, Reader()) == dict.fromkeys({*strange, "k3y"}, 4401)
    assert asked == ["k3y"]


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
async def test_an_ended_login_closes_the_socket(
    world: World, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any] | None, code: int
) -> None:
    monkeypatch.setattr(revalidation, "REVALIDATE_SECONDS", 3600.0)  # the bell alone

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


async def answers(line: PatientCommunicator) -> bool:
    await line.send_json_to({"f": "heads"})
    return bool((await line.receive_json_from())["f"] == "heads")


async def test_a_check_of_a_living_login_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revalidation, "REVALIDATE_SECONDS", 0.02)
    async with connected(world.alice) as alice:
        await asyncio.sleep(0.2)
        assert await answers(alice)


async def test_a_check_that_the_database_could_not_make_is_made_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[None] = []

    def identify(keys: Collection[str], _reader: Any) -> dict[str, int]:
        checks.append(None)
        if len(checks) == 1:
            raise OperationalError
        return dict.fromkeys(keys, 4401)

    monkeypatch.setattr(revalidation, "REVALIDATE_SECONDS", 0.2)
    async with connected(world.alice) as alice:
        monkeypatch.setattr(revalidation, "identify_many", identify)
        delivery.end_sessions(world.alice.uid)
        async with asyncio.timeout(END_SECONDS):
            assert await close_code(alice) == 4401
    assert len(checks) == 2


async def test_a_socket_ends_after_its_life(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await bridge.run(services.incarnation)  # made by the first hello, which would wait for a commit
    monkeypatch.setattr(consumers, "LIFE_SECONDS", 2)
    async with connected(world.alice) as alice:
        assert await close_code(alice) == 4412


async def test_who_said_hello_in_time_may_stay(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await bridge.run(services.incarnation)  # made by the first hello, which would wait for a commit
    monkeypatch.setattr(consumers, "HELLO_SECONDS", 1)
    async with connected(world.alice) as alice:
        await asyncio.sleep(1.2)
        assert await answers(alice)


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
