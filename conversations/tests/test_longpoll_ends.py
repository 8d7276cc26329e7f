"""How many requests may wait, whom they are in the way of, and what ends them before anything is new."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from chatproject.lib import bridge, readiness
from conversations import delivery, longpoll, revalidation
from conversations.tests.outfit import Visitor
from conversations.tests.polls import (
    PATIENCE_SECONDS,
    begin_talk,
    known,
    listeners_of,
    poll,
    until,
    waits_for_news,
)
from conversations.tests.test_endings import (
    be_switched_off,
    change_the_password,
    log_out,
    log_out_everywhere,
    open_line,
    publish_without_this_device,
)

pytestmark = [pytest.mark.django_db(transaction=True, databases="__all__"), pytest.mark.asyncio]


@pytest.fixture(autouse=True)
def never_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is answered was not answered because time was up."""
    monkeypatch.setattr(longpoll, "WAIT_SECONDS", 10 * PATIENCE_SECONDS)


async def test_so_many_of_a_device_wait_and_no_more() -> None:
    talk = await begin_talk()
    async with waits_for_news(talk.bob, count=longpoll.MAX_OF_DEVICE) as asked:
        status, refused = await poll(talk.bob)
        assert (status, refused["error"], refused["Retry-After"]) == (429, "TOO_MANY", str(longpoll.RETRY_SECONDS))
        assert (await poll(talk.alice))[0] == 200, "nobody else suffers for it"
        await talk.ring(await talk.say())
        assert [(await each)[0] for each in asked] == [200] * longpoll.MAX_OF_DEVICE
    assert (await poll(talk.bob))[0] == 200, "there is room again"


@pytest.mark.parametrize(("bound", "elsewhere"), [("MAX_OF_NETWORK", 200), ("MAX_OF_PROCESS", 429)])
async def test_networks_and_the_process_have_bounds(
    monkeypatch: pytest.MonkeyPatch, settings: Any, bound: str, elsewhere: int
) -> None:
    talk = await begin_talk()
    settings.TRUSTED_PROXY_COUNT = 1
    monkeypatch.setattr(longpoll, bound, 2)
    async with waits_for_news(talk.bob, count=2):
        assert (await poll(talk.alice))[0] == 429
        assert (await poll(talk.alice, via="198.51.100.1"))[0] == elsewhere


async def test_a_person_has_no_more_listeners_than_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = await begin_talk()
    monkeypatch.setattr("conversations.switchboard.MAX_SOCKETS_A_USER", 1)
    line = await open_line(talk.bob)
    assert (await poll(talk.bob))[0] == 429
    await line.disconnect()
    assert (await poll(talk.bob))[0] == 200


async def test_it_ends_no_socket_of_its_device_and_none_ends_it() -> None:
    talk = await begin_talk()
    line = await open_line(talk.bob)
    async with waits_for_news(talk.bob) as (asked,):
        await line.send_json_to({"f": "heads"})
        assert (await line.receive_json_from(5))["f"] == "heads"
        newer = await open_line(talk.bob)
        assert not asked.done()
        await talk.ring(await talk.say())
        assert (await asked)[1]["heads"] == {talk.cid: 2}
        await newer.disconnect()
    await line.disconnect()


@pytest.mark.parametrize(
    ("end", "refusal"),
    [
        (log_out, (401, "LOGIN_REQUIRED")),
        (log_out_everywhere, (401, "LOGIN_REQUIRED")),
        (be_switched_off, (401, "LOGIN_REQUIRED")),
        (change_the_password, (401, "LOGIN_REQUIRED")),
        (publish_without_this_device, (403, "DEVICE_REQUIRED")),
    ],
)
async def test_a_login_that_ends_ends_the_wait(end: Callable[[Visitor], None], refusal: tuple[int, str]) -> None:
    talk = await begin_talk()
    async with waits_for_news(talk.bob) as (asked,), waits_for_news(talk.alice) as (other,):
        await bridge.run(end, Visitor(copy_of(talk.bob.client), talk.bob.uid, talk.bob.did, talk.bob.owner))
        status, told = await asked
        while status == 200:  # the log has grown, which is told first
            status, told = await poll(talk.bob, told["since"])
        assert (status, told["error"]) == refusal
        assert not other.done() or (await other)[0] == 200, "nobody else's; of new keys they are told"


def copy_of(client: Client) -> Client:
    """Its own jar: what logs out forgets its cookies."""
    made = Client()
    made.cookies.load({name: each.value for name, each in client.cookies.items()})
    return made


async def test_a_login_that_ended_without_a_bell_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = await begin_talk()
    monkeypatch.setattr(revalidation, "REVALIDATE_SECONDS", 0.05)
    async with waits_for_news(talk.bob) as (asked,):
        await bridge.run(lambda: Session.objects.filter(session_key=talk.bob.session_key).delete())
        status, told = await asked
    assert (status, told["error"]) == (401, "LOGIN_REQUIRED")


async def test_a_login_that_stays_is_only_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = await begin_talk()
    monkeypatch.setattr(revalidation, "RECHECK_PAUSE_SECONDS", 0.0)
    async with waits_for_news(talk.bob) as (asked,):
        delivery.end_sessions(talk.bob.uid)
        await until(lambda: not revalidation.revalidation()._asked)
        await talk.ring(await talk.say())
        status, told = await asked
    assert (status, told["heads"]) == (200, {talk.cid: 2})


async def test_a_process_that_ends_answers_who_waits_and_keeps_nobody_waiting_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    talk = await begin_talk()
    async with waits_for_news(talk.bob, count=2) as asked:
        await known(talk.alice)  # her listener is there, and no request
        monkeypatch.setitem(readiness.needed, "draining", answers_no)
        for each in delivery.everybody():
            each.go_away()
        assert not listeners_of(talk.alice)
        answers = [await each for each in asked]
    assert [(status, told["f"], told["heads"]) for status, told in answers] == [(200, "heads", {})] * 2
    await until(lambda: not listeners_of(talk.bob))
    status, told = await poll(talk.bob, answers[0][1]["since"])
    assert (status, told["f"], told["heads"]) == (200, "heads", {})


async def answers_no() -> bool:
    return False


async def test_who_goes_away_is_rung_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = await begin_talk()
    monkeypatch.setattr(longpoll, "LINGER_SECONDS", 10 * PATIENCE_SECONDS)
    async with waits_for_news(talk.bob) as (asked,):
        (listener,) = listeners_of(talk.bob)
        asked.cancel()
        await until(lambda: not listener.waiters)
        assert listeners_of(talk.bob) == [listener], "the next request comes soon"
    monkeypatch.setattr(longpoll, "LINGER_SECONDS", 0.0)
    await known(talk.bob)
    await until(lambda: not listeners_of(talk.bob))
    assert not longpoll.polls()._networks
