"""JSON in and out of views: one shape for answers, one for refusals.

A view takes the request and returns a dict (200), a `(dict, status)` pair or raises `ApiError`. Unknown fields, wrong
types and bodies that are no JSON object are refused before any database work.
"""

import functools
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from asgiref.sync import markcoroutinefunction
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse

from chatproject.lib import bridge

Parser = Callable[[Any], Any]


class ApiError(Exception):
    """A refusal with a code that the page has a sentence for."""

    def __init__(self, code: str, status: int = 400, **extra: Any) -> None:
        super().__init__(code)
        self.code, self.status, self.extra = code, status, extra


def error_response(code: str, status: int, **extra: Any) -> JsonResponse:
    return _json({"error": code, **extra}, status)


def api_view(*methods: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a JSON view of a sync or async function. HEAD goes where GET goes. Others: 405 METHOD_NOT_ALLOWED."""
    methods = (*methods, "HEAD") if "GET" in methods else methods

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        return _async_view(view, methods) if inspect.iscoroutinefunction(view) else _sync_view(view, methods)

    return decorate


def read_json(
    request: HttpRequest, fields: Mapping[str, Parser], optional: Mapping[str, Parser] | None = None
) -> dict[str, Any]:
    """The body's fields, each through its parser (which raises ValueError or TypeError); ApiError BAD_REQUEST or
    TOO_LARGE otherwise.
    """
    try:
        body = json.loads(request.body, object_pairs_hook=_no_duplicates)
    except RequestDataTooBig:
        raise ApiError("TOO_LARGE", 413) from None
    except (ValueError, RecursionError):
        raise ApiError("BAD_REQUEST") from None
    known = {**fields, **(optional or {})}
    if not isinstance(body, dict) or set(body) - set(known) or set(fields) - set(body):
        raise ApiError("BAD_REQUEST")
    return {name: _parse(name, known[name], value) for name, value in body.items()}


def read_query(request: HttpRequest, fields: Mapping[str, tuple[Parser, Any]]) -> dict[str, Any]:
    """The query's fields as {name: (parser, default)}; unknown or repeated ones are refused."""
    if any(name not in fields or len(values) > 1 for name, values in request.GET.lists()):
        raise ApiError("BAD_REQUEST")
    return {
        name: _parse(name, parser, request.GET[name]) if name in request.GET else default
        for name, (parser, default) in fields.items()
    }


def as_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def as_count(least: int, most: int) -> Parser:
    """A parser of whole numbers, given as a number or as decimal digits."""

    def parse(value: Any) -> int:
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 20:
            value = int(value)
        if type(value) is not int or not least <= value <= most:
            raise ValueError
        return value

    return parse


def _parse(name: str, parser: Parser, value: Any) -> Any:
    try:
        return parser(value)
    except (ValueError, TypeError):
        raise ApiError("BAD_REQUEST", fields={name: "BAD_VALUE"}) from None


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("duplicate field")
    return fields


def _answer(result: Any) -> HttpResponse:
    if isinstance(result, HttpResponse):
        return result
    body, status = result if isinstance(result, tuple) else (result, 200)
    response = _json(body, status)
    response["Cache-Control"] = "no-store"
    return response


def _json(body: dict[str, Any], status: int) -> JsonResponse:
    """What is to be repeated later says so to machines as well."""
    response = JsonResponse(body, status=status)
    if body.get("retry_after"):
        response["Retry-After"] = str(body["retry_after"])
    return response


def _refuse_method(methods: tuple[str, ...]) -> HttpResponse:
    response = error_response("METHOD_NOT_ALLOWED", 405)
    response["Allow"] = ", ".join(methods)
    return response


def _sync_view(view: Callable[..., Any], methods: tuple[str, ...]) -> Callable[..., HttpResponse]:
    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in methods:
            return _refuse_method(methods)
        try:
            return _answer(view(request, *args, **kwargs))
        except ApiError as error:
            return error_response(error.code, error.status, **error.extra)

    return wrapped


def _async_view(
    view: Callable[..., Awaitable[Any]], methods: tuple[str, ...]
) -> Callable[..., Awaitable[HttpResponse]]:
    @functools.wraps(view)
    async def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in methods:
            return _refuse_method(methods)
        await bridge.give_back()
        try:
            return _answer(await view(request, *args, **kwargs))
        except ApiError as error:
            return error_response(error.code, error.status, **error.extra)

    markcoroutinefunction(wrapped)
    return wrapped
