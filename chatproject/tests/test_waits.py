"""A request that waits by its own wish."""

import asyncio
import threading

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async

from chatproject.lib import waits

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
