"""What a client does while it is online, whether or not there is anything to send or to hear."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

EVERY_SECONDS = 3600.0


class Hourly:
    """Does `work` an hour after `start` and each hour from then on, until `stop`. `work` raises nothing."""

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Whatever runs comes to its end first."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self._work()
