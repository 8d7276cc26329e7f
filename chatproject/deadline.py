"""No answer takes for ever: a database or Redis that stands still is answered for after a while."""

import asyncio
from collections.abc import Awaitable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chatproject.errors import unavailable
from chatproject.lib import waits
from chatproject.lib.bothways import BothWays

MOST_SECONDS = 8.0  # the page gives up after 30


class Deadline(BothWays):
    """Late answers become 503 `UNAVAILABLE`, to be repeated; the work that is late ends by itself in its thread. What
    a request waits by its own wish (`chatproject.lib.waits`) makes it no later.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return self._call_async(request) if self.is_async else self.get_response(request)

    async def _call_async(self, request: HttpRequest) -> HttpResponse:
        try:
            async with asyncio.timeout(MOST_SECONDS) as deadline:
                with waits.under(deadline):
                    response: HttpResponse = await self.get_response(request)  # type: ignore[misc]
        except TimeoutError:
            return unavailable(request)
        return response
