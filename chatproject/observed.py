"""Outermost middleware but one: names each request for the log, counts it and takes its time."""

import time
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse

from chatproject.lib import measures, requestid

HEADER = "X-Request-ID"


class Observed:
    """The name stands in the answer too, so that a person can tell it to whoever reads the log."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        if self.is_async:
            return self._call_async(request)
        name, began = requestid.begin(), time.perf_counter()
        return _count(self.get_response(request), name, began)  # type: ignore[arg-type]

    async def _call_async(self, request: HttpRequest) -> HttpResponse:
        name, began = requestid.begin(), time.perf_counter()
        return _count(await self.get_response(request), name, began)  # type: ignore[misc]


def _count(response: HttpResponse, name: str, began: float) -> HttpResponse:
    measures.requests.add(str(response.status_code))
    measures.request_seconds.observe(time.perf_counter() - began)
    response[HEADER] = name
    return response
