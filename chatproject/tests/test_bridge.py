"""Database work that leaves the event loop has an end, and what waits for it is bounded."""

import asyncio
import threading

import pytest
from django.db import OperationalError
from django.test import override_settings

from chatproject.deadline import Deadline
from chatproject.lib import bridge

pytestmark = pytest.mark.asyncio


async def test_work_that_takes_too_long_is_the_databases_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "MOST_SECONDS", 0.05)
    goes_on = threading.Event()
    with override_settings(BRIDGE_INLINE=False):
        with pytest.raises(OperationalError):
            await bridge.run(goes_on.wait, 30)
        goes_on.set()
        monkeypatch.setattr(bridge, "MOST_SECONDS", 6.0)
        assert await bridge.run(lambda: "the thread is free again") == "the thread is free again"


async def test_what_was_not_begun_in_time_never_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "MOST_SECONDS", 0.05)
    goes_on, begun = threading.Event(), []
    with override_settings(BRIDGE_INLINE=False, DATABASE_THREADS=1):
        bridge._executor.cache_clear()
        try:
            works = [bridge.run(goes_on.wait, 30), bridge.run(begun.append, "late")]
            assert [type(each) for each in await asyncio.gather(*works, return_exceptions=True)] == 2 * [
                OperationalError
            ]
            goes_on.set()
            monkeypatch.setattr(bridge, "MOST_SECONDS", 6.0)
            await bridge.run(lambda: None)
        finally:
            bridge._executor.cache_clear()
    assert begun == []


async def test_more_than_may_wait_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "MAX_WAITING", 0)
    with override_settings(BRIDGE_INLINE=False), pytest.raises(OperationalError):
        await bridge.run(lambda: None)


async def test_a_storage_that_stands_still_keeps_nobody_from_the_database() -> None:
    goes_on = threading.Event()
    with override_settings(BRIDGE_INLINE=False):
        stuck = [asyncio.create_task(bridge.run_beside(goes_on.wait, 30)) for _ in range(20)]
        await asyncio.sleep(0)
        assert await bridge.run(lambda: "meanwhile") == "meanwhile"
        assert not any(each.done() for each in stuck)
        goes_on.set()
        assert await asyncio.gather(*stuck) == 20 * [True]


async def test_a_late_answer_is_one_to_be_repeated(monkeypatch: pytest.MonkeyPatch, rf) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("chatproject.deadline.MOST_SECONDS", 0.05)

    async def never(request: object) -> None:
        await asyncio.Event().wait()

    response = await Deadline(never)(rf.get("/api/me/"))  # type: ignore[arg-type, misc]
    assert (response.status_code, int(response["Retry-After"]) > 0) == (503, True)
