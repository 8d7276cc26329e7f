"""Requests that wait for news instead of a socket: what they are told, and when. No change is lost between two."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import pytest
from django.test import AsyncClient

from chatproject import turns
from chatproject.lib import bridge, measures
from chatproject.lib.encoding import to_base64url
from chatproject.lib.metrics import Histogram
from conversations import delivery, longpoll, services, standing
from conversations.tests.outfit import make_visitor
from conversations.tests.polls import (
    HEADS,
    PATIENCE_SECONDS,
    begin_talk,
    known,
    listeners_of,
    poll,
    until,
    waits_for_news,
)

pytestmark = [pytest.mark.django_db(transaction=True, databases="__all__"), pytest.mark.asyncio]


@pytest.fixture(autouse=True)
def never_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is answered was not answered because time was up."""
    monkeypatch.setattr(longpoll, "WAIT_SECONDS", 10 * PATIENCE_SECONDS)


async def test_the_first_answer_is_a_welcome_with_everything() -> None:
    talk = await begin_talk()
    status, frame = await poll(talk.bob)
    incarnation = await bridge.run(services.incarnation)
    assert (status, frame["f"], frame["heads"], frame["incarnation"]) == (200, "welcome", {talk.cid: 1}, incarnation)
    assert frame["log_size"] >= 2
    assert frame["now_ms"] > 1_700_000_000_000


async def test_what_came_between_two_requests_is_told_at_once_without_any_bell() -> None:
    talk = await begin_talk()
    since = await known(talk.bob)
    seq = await talk.say()
    status, frame = await poll(talk.bob, since)
    assert (status, frame["f"], frame["heads"]) == (200, "heads", {talk.cid: seq})


async def test_a_message_over_http_ends_the_wait_and_only_what_changed_is_told() -> None:
    talk = await begin_talk()
    await bridge.run(lambda: services.open_conversation(uid=talk.bob.uid, other=talk.bob.uid))
    client = AsyncClient()
    client.cookies = talk.alice.client.cookies
    ids = {"cid": talk.cid, "client_id": str(uuid4())}
    frame = {"f": "post", **ids, "kind": "message", "blob": to_base64url(talk.next_blob())}
    async with waits_for_news(talk.bob) as (asked,):
        answer = await client.post(f"/api/conversations/{talk.cid}/events/", frame, content_type="application/json")
        assert answer.status_code == 200
        status, told = await asked
    assert (status, told["f"], told["heads"]) == (200, "heads", {talk.cid: 2})


async def test_a_message_stored_by_another_process_ends_the_wait() -> None:
    talk = await begin_talk()
    async with waits_for_news(talk.bob) as (asked,):
        seq = await talk.say()
        await talk.ring(seq)
        status, told = await asked
    assert (status, told["heads"]) == (200, {talk.cid: seq})


async def test_a_wait_is_no_time_that_the_server_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    now, measured = [0.0], Histogram("seconds", "x")
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(measures, "request_seconds", measured)
    talk = await begin_talk()
    async with waits_for_news(talk.bob) as (asked,):
        now[0] += 20
        await talk.ring(await talk.say())
        assert (await asked)[0] == 200
    assert {"seconds_sum 0", "seconds_count 2"} <= set(measured.lines())


async def test_who_waits_keeps_nobody_of_the_same_network_from_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MAX_SERVED", 1)
    talk = await begin_talk()
    async with waits_for_news(talk.bob) as (asked,):
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await poll(talk.alice))[0] == 200
        await talk.ring(await talk.say())
        assert (await asked)[0] == 200


async def test_what_is_rung_while_the_heads_are_read_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = await begin_talk()
    monkeypatch.setattr(longpoll, "LINGER_SECONDS", 0.0)
    since, read, stored = await known(talk.bob), standing.bridge.run, []
    await until(lambda: not listeners_of(talk.bob))

    async def read_then_store(*arguments: Any) -> Any:
        found = await read(*arguments)
        if not stored:
            stored.append(await talk.say())
            await talk.ring(stored[0])
        return found

    with monkeypatch.context() as patch:
        patch.setattr(standing, "bridge", type("", (), {"run": staticmethod(read_then_store)}))
        _status, told = await poll(talk.bob, since)
    assert told["heads"] == {talk.cid: stored[0]}


async def test_a_lost_bell_costs_one_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(longpoll, "WAIT_SECONDS", 0.0)
    talk = await begin_talk()
    since, wait, stored = await known(talk.bob), longpoll.Waiter.wait, []

    async def wait_in_vain(*arguments: Any) -> None:
        stored.append(await talk.say())
        await wait(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(longpoll.Waiter, "wait", wait_in_vain)
        status, told = await poll(talk.bob, since)
    assert (status, told["f"], told["heads"], told["since"]) == (200, "heads", {}, since)
    assert (await poll(talk.bob, since))[1]["heads"] == {talk.cid: stored[0]}


async def test_a_longer_log_ends_the_wait() -> None:
    talk = await begin_talk()
    async with waits_for_news(talk.bob) as (asked,):
        delivery.ring_log([talk.bob.uid], log_size=77)
        _status, told = await asked
    assert (told["heads"], told["log_size"]) == ({}, 77)


@pytest.mark.parametrize("since", ["x", "0" * 64])
async def test_with_a_mark_of_another_database_it_begins_anew(since: str) -> None:
    talk = await begin_talk()
    assert (await poll(talk.bob, since))[1]["f"] == "welcome"


async def test_a_restored_database_is_told_as_a_welcome() -> None:
    talk = await begin_talk()
    async with waits_for_news(talk.bob) as (asked,):
        await bridge.run(services.renew_incarnation)
        await talk.ring(99)
        _status, told = await asked
    assert (told["f"], told["incarnation"]) == ("welcome", await bridge.run(services.incarnation))


async def test_it_is_for_a_full_login_with_a_device() -> None:
    talk = await begin_talk()
    carol = await bridge.run(lambda: make_visitor("carol", bound=False))
    assert await poll(carol) == (403, {"error": "DEVICE_REQUIRED", "Retry-After": None})
    assert (await AsyncClient().get(HEADS)).status_code == 401
    client = AsyncClient()
    client.cookies = talk.bob.client.cookies
    assert (await client.get(HEADS, {"after": "1"})).status_code == 400
    assert (await client.post(HEADS, {}, content_type="application/json")).status_code == 405


async def test_a_wait_is_longer_than_a_request_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = await begin_talk()
    since = await known(talk.bob)
    monkeypatch.setattr("chatproject.deadline.MOST_SECONDS", 3.0)
    monkeypatch.setattr(longpoll, "WAIT_SECONDS", 4.0)
    status, told = await poll(talk.bob, since)
    assert (status, told.get("heads")) == (200, {})
