"""What a client looks after each hour, whether or not there is anything to send: sections 4, 5 and 7."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from reference.errors import ProtocolError
from reference.exchange import Exchange
from reference.link import LinkEnded, PostRefused
from reference.logwatch import UNANSWERED, LogWatch
from reference.patience import to_its_end
from reference.person import Person

EVERY_SECONDS = 3600.0


class Upkeep:
    """`is_idle()`: online, with everything processed that the server has."""

    def __init__(
        self, person: Person, log: LogWatch, exchanges: Mapping[bytes, Exchange], is_idle: Callable[[], bool]
    ) -> None:
        self._person, self._log, self._exchanges, self._is_idle = person, log, exchanges, is_idle
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """An hour from now, and each hour from then on, until `stop`."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Whatever runs comes to its end first."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def look_after(self) -> None:
        """Once. What is not answered is asked for again in an hour."""
        await self._log.look()
        for exchange in self._exchanges.values():
            exchange.forget_late()
        with contextlib.suppress(*UNANSWERED):
            await self._prekeys()
        if self._is_idle():
            self._person.drop_over()
            for exchange in list(self._exchanges.values()):
                await self._renew_leaf(exchange)

    async def _prekeys(self) -> None:
        prekeys = self._person.renew_prekeys(await to_its_end(self._person.prekeys_left))
        if prekeys:
            await to_its_end(self._person.leave_prekeys, prekeys)

    async def _renew_leaf(self, exchange: Exchange) -> None:
        """What stands in the way is told to whoever sends."""
        with contextlib.suppress(ProtocolError, PostRefused, LinkEnded, *UNANSWERED):
            async with exchange.lock:
                await exchange.renew_leaf()

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.look_after()
