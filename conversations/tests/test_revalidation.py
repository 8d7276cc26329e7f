"""A login that ended closes its sockets soon, whoever ended it, and though no bell rings."""

import asyncio
import threading
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccountSession, TOTPFactor, User
from accounts.tests.people import log_in
from chatproject.lib import bridge
from chatproject.lib.unchanged import Reading
from conversations import delivery, revalidation, socketauth
from conversations.revalidation import Revalidation
from conversations.socketauth import Login, SessionReader
from conversations.tests.outfit import Visitor, make_visitor
from conversations.tests.sockets import PATIENCE_SECONDS, close_code
from conversations.tests.test_endings import expect_closed, line_of, open_line
from keys.models import Device

pytestmark = [pytest.mark.django_db(transaction=True, databases="__all__"), pytest.mark.asyncio]
SOON = 0.05


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revalidation, "REVALIDATE_SECONDS", SOON)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many keys each read has looked for."""
    seen: list[int] = []
    identify_many = revalidation.identify_many

    def counted(keys: Collection[str], reader: SessionReader) -> Any:
        seen.append(len(keys))
        return identify_many(keys, reader)

    monkeypatch.setattr(revalidation, "identify_many", counted)
    return seen


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What was answered to each question whether nothing has changed."""
    seen: list[bool] = []
    is_unchanged = Reading.is_unchanged

    def noted(reading: Reading) -> bool:
        seen.append(is_unchanged(reading))
        return seen[-1]

    monkeypatch.setattr(Reading, "is_unchanged", noted)
    return seen


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not claim():  # noqa: ASYNC110  # what it waits for rings nothing
            await asyncio.sleep(0.01)


# What ends a login, by its rows alone: nothing here rings


def lose_the_session(visitor: Visitor) -> None:
    Session.objects.filter(session_key=visitor.session_key).delete()


def let_the_session_expire(visitor: Visitor) -> None:
    Session.objects.filter(session_key=visitor.session_key).update(expire_date=timezone.now())


def lose_the_log_in(visitor: Visitor) -> None:
    AccountSession.objects.filter(user_id=visitor.uid).delete()


def grow_old(visitor: Visitor) -> None:
    long_ago = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    AccountSession.objects.filter(user_id=visitor.uid).update(started_at=long_ago)


def be_switched_off(visitor: Visitor) -> None:
    User.objects.get_queryset().filter(uid=visitor.uid).update(is_active=False)


def get_another_password(visitor: Visitor) -> None:
    User.objects.get_queryset().filter(uid=visitor.uid).update(password=make_password("seven quiet lamps burn"))


def lose_the_second_step(visitor: Visitor) -> None:
    TOTPFactor.objects.filter(user_id=visitor.uid).delete()


def have_it_unconfirmed(visitor: Visitor) -> None:
    TOTPFactor.objects.filter(user_id=visitor.uid).update(confirmed=False)


def lose_the_device(visitor: Visitor) -> None:
    Device.objects.filter(did=visitor.did).update(removed_at=timezone.now())


def bind(visitor: Visitor, did: str) -> None:
    session = SessionStore(visitor.session_key)
    session["did"] = did
    session.save()


def lose_the_binding(visitor: Visitor) -> None:
    bind(visitor, "")


def become_another_device(visitor: Visitor) -> None:
    did = uuid4()
    Device.objects.create(did=did, owner_id=visitor.uid, ds_pub=bytes(32), dk_pub=bytes(32), added_ms=0)
    bind(visitor, did.hex)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lose_the_session, 4401),
        (let_the_session_expire, 4401),
        (lose_the_log_in, 4401),
        (grow_old, 4401),
        (be_switched_off, 4401),
        (get_another_password, 4401),
        (lose_the_second_step, 4401),
        (have_it_unconfirmed, 4401),
        (lose_the_device, 4403),
        (lose_the_binding, 4403),
        (become_another_device, 4403),
    ],
)
async def test_it_closes_the_socket_without_a_bell(
    end: Callable[[Visitor], None], code: int, questions: list[bool]
) -> None:
    async def all_stands() -> None:
        before = len(questions)
        await until(lambda: True in questions[before:])

    await expect_closed(end, code, seconds=PATIENCE_SECONDS, when=all_stands)


async def test_all_sockets_of_a_session_are_closed_though_they_said_no_hello(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conversations.consumers.HELLO_SECONDS", 2.0 * PATIENCE_SECONDS)
    alice = await bridge.run(make_visitor, "alice")
    lines = [line_of(alice) for _ in range(2)]
    assert [(await line.connect(5))[0] for line in lines] == [True, True]
    await bridge.run(lose_the_session, alice)
    assert [await close_code(line) for line in lines] == [4401, 4401]
    for line in lines:
        await line.disconnect()


async def test_a_living_login_stays_whatever_else_its_session_learns(reads: list[int]) -> None:
    alice = await bridge.run(make_visitor, "alice")
    line = await open_line(alice)
    for number in range(3):
        reads.clear()
        await bridge.run(note, alice, number)
        await until(lambda: reads == [1])
    await line.send_json_to({"f": "heads"})
    assert (await line.receive_json_from())["f"] == "heads"
    await line.disconnect()


def note(visitor: Visitor, number: int) -> None:
    session = SessionStore(visitor.session_key)
    session["noted"] = number
    session.save()


async def test_what_the_database_cannot_say_closes_nothing_and_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[None] = []
    identify_many = revalidation.identify_many

    def fails_at_first(keys: Collection[str], reader: SessionReader) -> Any:
        asked.append(None)
        if len(asked) <= 2:
            raise OperationalError
        return identify_many(keys, reader)

    alice = await bridge.run(make_visitor, "alice")
    line = await open_line(alice)
    monkeypatch.setattr(revalidation, "identify_many", fails_at_first)
    await bridge.run(lose_the_session, alice)
    assert await close_code(line) == 4401
    assert len(asked) == 3
    await line.disconnect()


async def test_a_bell_has_one_looked_at_before_the_others(monkeypatch: pytest.MonkeyPatch, reads: list[int]) -> None:
    monkeypatch.setattr(revalidation, "REVALIDATE_SECONDS", 3600.0)
    monkeypatch.setattr(revalidation, "RECHECK_PAUSE_SECONDS", 0.0)
    alice, bob = await bridge.run(make_visitor, "alice"), await bridge.run(make_visitor, "bob")
    lines = [await open_line(visitor) for visitor in (alice, bob)]
    await bridge.run(lose_the_session, alice)
    delivery.end_sessions(alice.uid)
    assert await close_code(lines[0]) == 4401
    assert reads == [1]
    for line in lines:
        await line.disconnect()


# What a read costs


def many(count: int) -> list[Visitor]:
    """So many log-ins of a few people."""
    people = [make_visitor(f"person{number}") for number in range(min(5, count))]
    return [another_log_in(people[number % len(people)]) for number in range(count)]


def another_log_in(visitor: Visitor) -> Visitor:
    made = Visitor(log_in(User.objects.get(uid=visitor.uid)), visitor.uid, visitor.did, visitor.owner)
    bind(made, visitor.did.hex)
    return made


def statements(keys: Collection[str]) -> int:
    with CaptureQueriesContext(connection) as captured:
        found = socketauth.identify_many(keys, SessionReader())
    assert all(isinstance(login, Login) for login in found.values())
    return len(captured)


async def test_many_sockets_cost_as_many_statements_as_one() -> None:
    keys = [visitor.session_key for visitor in await bridge.run(many, 50)]
    assert len(set(keys)) == 50
    assert await bridge.run(statements, keys) == await bridge.run(statements, keys[:1]) == 4


async def test_a_read_is_of_so_many_at_most(monkeypatch: pytest.MonkeyPatch, reads: list[int]) -> None:
    monkeypatch.setattr(revalidation, "MAX_TOGETHER", 2)
    lines = []
    for visitor in await bridge.run(many, 5):
        line = line_of(visitor)
        assert (await line.connect(5))[0]
        lines.append(line)
    await until(lambda: sum(reads) >= len(lines))
    assert max(reads) <= 2
    for line in lines:
        await line.disconnect()


async def test_a_session_that_says_the_same_is_taken_apart_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []
    decode = SessionStore.decode

    def counted(store: SessionStore, text: str) -> Any:
        decoded.append(text)
        return decode(store, text)

    alice = await bridge.run(make_visitor, "alice")
    key, reader = alice.session_key, SessionReader()
    await bridge.run(lose_the_binding, alice)
    monkeypatch.setattr(SessionStore, "decode", counted)
    first = await bridge.run(reader.read, [key])
    assert await bridge.run(reader.read, [key]) == first
    assert len(decoded) == 1
    await bridge.run(bind, alice, alice.did.hex)
    decoded.clear()
    assert (await bridge.run(reader.read, [key]))[key] == {**first[key], "did": alice.did.hex}
    reader.keep([])
    await bridge.run(reader.read, [key])
    assert len(decoded) == 2


async def test_what_has_not_changed_is_not_read_again(reads: list[int], questions: list[bool]) -> None:
    lines = [await open_line(visitor) for visitor in await bridge.run(many, 3)]
    await until(lambda: questions[-3:] == [True] * 3)
    known = len(reads)
    await until(lambda: len(questions) >= known + 10)
    assert len(reads) == known
    for line in lines:
        await line.disconnect()


async def test_who_comes_to_others_whose_logins_stand_is_looked_at(questions: list[bool]) -> None:
    rounds, guest = Revalidation(), Someone()
    visitor = await bridge.run(make_visitor, "alice")
    stays = Someone()
    rounds.join(stays, key=visitor.session_key, login=Login(visitor.uid, visitor.did))
    await until(lambda: questions[-1:] == [True])
    rounds.join(guest, key="none of ours", login=Login(uuid4(), uuid4()))
    await until(lambda: guest.told == [4401])
    assert stays.told == []
    rounds.leave(stays)


async def test_of_many_only_the_few_who_came_since_are_read(
    monkeypatch: pytest.MonkeyPatch, reads: list[int], questions: list[bool]
) -> None:
    monkeypatch.setattr(revalidation, "FEW", 0.5)
    rounds, guest = Revalidation(), Someone()
    visitors = await bridge.run(many, 3)
    for visitor in visitors:
        rounds.join(Someone(), key=visitor.session_key, login=Login(visitor.uid, visitor.did))
    await until(lambda: questions[-1:] == [True])
    reads.clear()
    rounds.join(guest, key="none of ours", login=Login(uuid4(), uuid4()))
    await until(lambda: guest.told == [4401])
    assert reads == [1]
    for stays in list(rounds._group_of):
        rounds.leave(stays)


async def test_who_leaves_makes_room_and_who_comes_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revalidation, "MAX_TOGETHER", 2)
    monkeypatch.setattr(revalidation, "REVALIDATE_SECONDS", 3600.0)
    rounds, guests = Revalidation(), [Someone() for _ in range(5)]
    for guest in guests[:4]:
        rounds.join(guest, key="x", login=Login(uuid4(), uuid4()))
    rounds.leave(guests[0])
    rounds.join(guests[4], key="x", login=Login(uuid4(), uuid4()))
    assert [len(group.guests) for group in rounds._groups] == [2, 2]
    for guest in guests:
        rounds.leave(guest)


# The rounds by themselves


class Someone:
    def __init__(self) -> None:
        self.told: list[int] = []

    def login_ended(self, code: int) -> None:
        self.told.append(code)


async def test_the_rounds_end_with_the_last_guest_and_begin_with_the_next(reads: list[int]) -> None:
    rounds = Revalidation()
    for number in (1, 2):
        rounds.join(Someone(), key="none of ours", login=Login(uuid4(), uuid4()))
        await until(lambda: rounds._task is None)
        assert reads == [1] * number


async def test_who_left_is_told_nothing(reads: list[int]) -> None:
    rounds, stays, leaves = Revalidation(), Someone(), Someone()
    for guest in (stays, leaves):
        rounds.join(guest, key="none of ours", login=Login(uuid4(), uuid4()))
    rounds.leave(leaves)
    rounds.ask(leaves)
    await until(lambda: stays.told == [4401])
    assert leaves.told == []
    assert reads == [1]


@override_settings(BRIDGE_INLINE=False)
async def test_no_read_begins_while_another_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "MOST_SECONDS", SOON)
    goes_on, begun, tried = threading.Event(), [], []
    read = Revalidation._if_alone

    def hangs(keys: Collection[str], reader: SessionReader) -> dict[str, int]:
        begun.append(None)
        goes_on.wait(PATIENCE_SECONDS)
        return dict.fromkeys(keys, 4401)

    def tries(rounds: Revalidation, what: Callable[[], Any]) -> Any:
        tried.append(None)
        return read(rounds, what)

    monkeypatch.setattr(revalidation, "identify_many", hangs)
    monkeypatch.setattr(Revalidation, "_if_alone", tries)
    rounds, guest = Revalidation(), Someone()
    rounds.join(guest, key="x", login=Login(uuid4(), uuid4()))
    await until(lambda: len(tried) >= 4)
    assert (len(begun), guest.told) == (1, [])
    monkeypatch.setattr(bridge, "MOST_SECONDS", PATIENCE_SECONDS)
    goes_on.set()
    await until(lambda: guest.told == [4401])


async def test_a_guest_that_fails_keeps_nobody_else_waiting() -> None:
    class Failing(Someone):
        def login_ended(self, code: int) -> None:
            raise RuntimeError

    rounds, guest = Revalidation(), Someone()
    for each in (Failing(), guest):
        rounds.join(each, key="none of ours", login=Login(uuid4(), uuid4()))
    await until(lambda: guest.told == [4401])
