"""Answers of last resort: JSON with a code for the interface, a plain page for people. Never a detail of what went
wrong inside.
"""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from redis.exceptions import RedisError

from chatproject.lib.api import error_response

AWAY = (OperationalError, InterfaceError, RedisError)
RETRY_SECONDS = 2
CODES = {400: "BAD_REQUEST", 403: "FORBIDDEN", 404: "NOT_FOUND", 500: "SERVER_ERROR"}


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """A database or Redis that cannot answer, wherever it was asked, is not our mistake: 503, to be repeated."""
    if isinstance(sys.exception(), AWAY):
        return unavailable(request)
    return _answer(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if request.path.startswith("/api/"):
        return error_response("CSRF_FAILED", 403)
    return render(request, "errors/csrf.html", status=403)


def unavailable(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return error_response("UNAVAILABLE", 503, retry_after=RETRY_SECONDS)
    response = render(request, "errors/500.html", status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    if request.path.startswith("/api/"):
        return error_response(CODES[status], status)
    return render(request, f"errors/{status}.html", status=status)
