"""Outermost middleware but one: names each request for the log, counts it and takes its time, but for what it waits by
its own wish (`chatproject.lib.waits`).
"""

import time
from collections.abc import Awaitable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chatproject.lib import measures, requestid, waits
from chatproject.lib.bothways import BothWays

HEADER = "X-Request-ID"


class Observed(BothWays):
    """The name stands in the answer too, so that a person can tell it to whoever reads the log."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._call_async(request)
        name, began = requestid.begin(), time.perf_counter()
        with waits.counted() as waited:
            response = self.get_response(request)
        return _count(response, name, began + waited.seconds)  # type: ignore[arg-type]

    async def _call_async(self, request: HttpRequest) -> HttpResponse:
        name, began = requestid.begin(), time.perf_counter()
        with waits.counted() as waited:
            response: HttpResponse = await self.get_response(request)  # type: ignore[misc]
        return _count(response, name, began + waited.seconds)


def _count(response: HttpResponse, name: str, began: float) -> HttpResponse:
    measures.requests.add(str(response.status_code))
    measures.request_seconds.observe(time.perf_counter() - began)
    response[HEADER] = name
    return response
