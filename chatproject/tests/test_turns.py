"""A network's requests are served so many at a time, and keep nobody else waiting for more than these."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient

from chatproject import deadline, turns
from chatproject.lib import waits
from chatproject.lib.addresses import network_prefix
from chatproject.turns import Turns

pytestmark = pytest.mark.asyncio
HERE, ELSEWHERE = "203.0.113.9", "198.51.100.7"
PATIENCE_SECONDS = 30


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MAX_SERVED", 2)
    monkeypatch.setattr(turns, "MAX_ASKED", 5)


class Site:
    """A view behind the middleware, which answers when it is told to."""

    def __init__(self) -> None:
        self.served: list[str] = []  # in their order
        self._answers: dict[str, asyncio.Future[None]] = {}
        self._turns = Turns(self._view)

    def ask(self, path: str, address: str = HERE) -> asyncio.Task[HttpResponse]:
        request = HttpRequest()
        request.path, request.META["REMOTE_ADDR"] = path, address
        return asyncio.create_task(self._turns(request))  # type: ignore[arg-type]

    async def answer(self, asked: asyncio.Task[HttpResponse], path: str) -> int:
        self._answers[path].set_result(None)
        return (await asyncio.wait_for(asked, PATIENCE_SECONDS)).status_code

    async def _view(self, request: HttpRequest) -> HttpResponse:
        self.served.append(request.path)
        self._answers[request.path] = asyncio.get_running_loop().create_future()
        if request.path.startswith("/news"):
            with waits.waiting():
                await self._answers[request.path]
        else:
            await self._answers[request.path]
        return HttpResponse()


async def settle() -> None:
    """Until all that can go on now has."""
    for _ in range(20):
        await asyncio.sleep(0)


async def asked(site: Site, paths: Iterable[str], address: str = HERE) -> dict[str, asyncio.Task[HttpResponse]]:
    made = {path: site.ask(path, address) for path in paths}
    await settle()
    return made


async def end(*tasks: asyncio.Task[HttpResponse]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert turns.queues()._of == {}, "nothing is kept of a network that asks for nothing"


async def test_so_many_are_served_at_a_time_and_the_next_ones_in_order() -> None:
    site = Site()
    made = await asked(site, "abcde")
    assert site.served == ["a", "b"]
    for number, path in enumerate("abcde"):
        assert await site.answer(made[path], path) == 200
        await settle()
        assert site.served == list("abcde"[: number + 3])
    assert turns.queues()._of == {}


async def test_other_networks_wait_for_none_of_them() -> None:
    site = Site()
    made = await asked(site, "abcde")
    others = await asked(site, "xyz", ELSEWHERE)
    assert site.served == ["a", "b", "x", "y"]
    assert await site.answer(others["x"], "x") == 200
    await settle()
    assert site.served == ["a", "b", "x", "y", "z"]
    await end(*made.values(), others["y"], others["z"])


async def test_the_addresses_of_a_network_share_its_turns() -> None:
    site = Site()
    made = [site.ask(str(number), f"203.0.113.{number}") for number in range(3)]
    await settle()
    assert site.served == ["0", "1"]
    await end(*made)


async def test_who_waits_by_its_own_wish_gives_its_turn_back() -> None:
    site = Site()
    made = await asked(site, ["/news/1", "/news/2", "/news/3", "a"])
    assert site.served == ["/news/1", "/news/2", "/news/3", "a"]
    await site.answer(made["/news/1"], "/news/1")
    more = await asked(site, "bc")
    assert site.served[4:] == ["b"], "and once only"
    await end(*(task for task in (*made.values(), *more.values()) if not task.done()))


async def test_who_goes_away_leaves_a_turn_or_a_place() -> None:
    site = Site()
    made = await asked(site, "abcde")
    for path in "ac":
        made[path].cancel()
    await settle()
    assert site.served == ["a", "b", "d"]
    more = await asked(site, "fg")
    assert not any(task.done() for task in more.values())
    await end(*(task for task in (*made.values(), *more.values()) if not task.done()))


async def test_more_than_may_wait_are_refused_at_once_and_to_be_repeated() -> None:
    site = Site()
    made = await asked(site, "abcde")
    refused = await asyncio.wait_for(site.ask("/api/me/"), PATIENCE_SECONDS)
    assert (refused.status_code, refused["Retry-After"]) == (503, "2")
    others = await asked(site, "x", ELSEWHERE)
    assert site.served == ["a", "b", "x"]
    await end(*made.values(), *others.values())


@asynccontextmanager
async def full(address: str) -> AsyncIterator[None]:
    """So many of the address's network are served."""
    async with AsyncExitStack() as stack:
        for _ in range(turns.MAX_SERVED):
            await stack.enter_async_context(turns.queues().turn(network_prefix(address)))
        yield


def ask_site(**headers: str) -> asyncio.Task[HttpResponse]:
    """The real one, for what opens no database; 404 when it comes through a proxy."""
    return asyncio.create_task(AsyncClient().get("/healthz", headers=headers))  # type: ignore[arg-type]


async def test_every_request_has_its_turn_by_the_network_that_the_proxies_saw(settings: Any) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    async with full(HERE):
        waiting = ask_site(**{"X-Forwarded-For": f"{ELSEWHERE}, {HERE}"})
        await settle()
        served = await asyncio.wait_for(ask_site(**{"X-Forwarded-For": f"{HERE}, {ELSEWHERE}"}), PATIENCE_SECONDS)
        assert (served.status_code, waiting.done()) == (404, False)
        assert turns.queues()._of[network_prefix(HERE)].asked == turns.MAX_SERVED + 1
    assert (await asyncio.wait_for(waiting, PATIENCE_SECONDS)).status_code == 404


async def test_to_wait_for_a_turn_makes_an_answer_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "MOST_SECONDS", 0.05)
    async with full("127.0.0.1"):
        assert (await asyncio.wait_for(ask_site(), PATIENCE_SECONDS)).status_code == 503
