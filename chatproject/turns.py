"""So many requests of a network are served at a time, whoever they are; the next ones wait for their turn, in order.
Whoever asks on a thousand lines at once waits for themselves; everybody else waits for those that are served.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chatproject.errors import unavailable
from chatproject.lib import waits
from chatproject.lib.addresses import client_address, network_prefix
from chatproject.lib.bothways import BothWays
from chatproject.lib.perloop import PerLoop

MAX_SERVED = 32  # of a network, in a process
MAX_ASKED = 2_000  # with those that wait: a house full of people who open the page at once is not refused


class Full(Exception):
    """So many of a network have asked and have no answer yet."""


@dataclass(slots=True)
class Queue:
    """Of one network."""

    asked: int = 0
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_SERVED))


class Queues:
    """Those of one event loop, of networks that have asked for something."""

    def __init__(self) -> None:
        self._of: dict[str, Queue] = {}

    @asynccontextmanager
    async def turn(self, network: str) -> AsyncIterator[None]:
        """Begins when it is there; ends with the request, or before, when that waits by its own wish. Full."""
        queue = self._of.setdefault(network, Queue())
        if queue.asked >= MAX_ASKED:
            raise Full
        queue.asked += 1
        try:
            await queue.turns.acquire()
            with ExitStack() as held:
                held.callback(queue.turns.release)
                with waits.in_turn(held.close):
                    yield
        finally:
            queue.asked -= 1
            if not queue.asked:
                del self._of[network]


queues = PerLoop(Queues)


class Turns(BothWays):
    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return self._call_async(request) if self.is_async else self.get_response(request)

    async def _call_async(self, request: HttpRequest) -> HttpResponse:
        try:
            async with queues().turn(network_prefix(client_address(request))):
                response: HttpResponse = await self.get_response(request)  # type: ignore[misc]
        except Full:
            return unavailable(request)
        return response
