"""No answer takes for ever: a database or Redis that stands still is answered for after a while."""

import asyncio
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse

from chatproject.errors import unavailable

MOST_SECONDS = 8.0  # the page gives up after 30


class Deadline:
    """Late answers become 503 `UNAVAILABLE`, to be repeated; the work that is late ends by itself in its thread."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        return self._call_async(request) if self.is_async else self.get_response(request)

    async def _call_async(self, request: HttpRequest) -> HttpResponse:
        try:
            async with asyncio.timeout(MOST_SECONDS):
                response: HttpResponse = await self.get_response(request)  # type: ignore[misc]
        except TimeoutError:
            return unavailable(request)
        return response
