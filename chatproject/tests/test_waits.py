"""A request that waits by its own wish."""

import asyncio
import threading
import time

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.http import HttpRequest, HttpResponse

from chatproject.lib import measures, waits
from chatproject.lib.metrics import Histogram
from chatproject.observed import Observed

pytestmark = pytest.mark.asyncio
PATIENCE_SECONDS = 30


async def test_what_it_waits_makes_it_no_later() -> None:
    steps = []

    async def work() -> None:
        async with asyncio.timeout(0.2) as deadline:
            with waits.under(deadline):
                with waits.waiting():
                    await asyncio.sleep(0.5)
                steps.append("waited")
                await asyncio.sleep(PATIENCE_SECONDS)

    with pytest.raises(TimeoutError):
        await work()
    assert steps == ["waited"]


async def test_it_gives_its_thread_up_and_gets_another_one_later() -> None:
    async with ThreadSensitiveContext():
        first = await sync_to_async(threading.current_thread)()
        with waits.waiting():
            await asyncio.to_thread(first.join, PATIENCE_SECONDS)
            assert not first.is_alive()
        second = await sync_to_async(threading.current_thread)()
        assert second.is_alive()


async def test_without_deadline_and_thread_there_is_nothing_to_give_up() -> None:
    with waits.waiting():
        pass


async def test_what_it_waits_is_no_time_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    now, measured = [0.0], Histogram("seconds", "x")
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(measures, "request_seconds", measured)

    async def view(_request: HttpRequest) -> HttpResponse:
        now[0] += 1
        for _ in range(2):
            with waits.waiting():
                now[0] += 20
        now[0] += 2
        return HttpResponse()

    async def view_at_once(_request: HttpRequest) -> HttpResponse:
        now[0] += 4
        return HttpResponse()

    for each in (view, view_at_once):
        await Observed(each)(HttpRequest())  # type: ignore[misc]
    assert {"seconds_sum 7", "seconds_count 2"} <= set(measured.lines())
