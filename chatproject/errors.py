"""Answers of last resort: JSON with a code for the interface, a plain page for people. Never a detail of what went
wrong inside.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from chatproject.lib.api import error_response

CODES = {400: "BAD_REQUEST", 403: "FORBIDDEN", 404: "NOT_FOUND", 500: "SERVER_ERROR"}


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if request.path.startswith("/api/"):
        return error_response("CSRF_FAILED", 403)
    return render(request, "errors/csrf.html", status=403)


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    if request.path.startswith("/api/"):
        return error_response(CODES[status], status)
    return render(request, f"errors/{status}.html", status=status)
