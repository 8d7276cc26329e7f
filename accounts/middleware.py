"""The gate: without password and second step only the way to them is open. The only place that decides this for
HTTP.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import services
from accounts.models import User
from chatproject.lib.api import error_response
from chatproject.lib.bothways import BothWays

OPEN_TO_ALL = frozenset(
    {
        "accounts:welcome",
        "accounts:about",
        "accounts:sign-up",
        "accounts:log-in",
        "accounts:log-out",
        "accounts:language",
        "accounts:second-step",
        "accounts:second-step-send",
        "accounts:set-up",
        "accounts:set-up-app",
        "accounts:set-up-email",
        "accounts:set-up-recovery",
        "accounts:set-up-keep",
        "accounts:administrator",
        "accounts-api:name",
        "set_language",
        "healthz",
        "readyz",
        "log-checkpoint",
        "log-hashes",
        "log-key",
    }
)


class FullLoginRequired(BothWays):
    """Lets requests for the open views through, others only with a full login: JSON gets 401, pages go to the next
    step.
    """

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is not None and match.view_name in OPEN_TO_ALL:
            _drop_ended_session(request)
            return None
        user = services.full_login(request.session)
        if user is None:
            return _refuse(request)
        _know(request, user)
        services.note_seen(user=user)
        return None


def _know(request: HttpRequest, user: User) -> None:
    """The person just read is the request's user, so that no view reads them again."""

    async def auser() -> User:
        return user

    request.user = user
    request.auser = auser


def _refuse(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return error_response("LOGIN_REQUIRED", 401)
    if services.password_login(request.session) is not None:
        return redirect("accounts:second-step")
    return redirect("accounts:log-in")


def _drop_ended_session(request: HttpRequest) -> None:
    """A session whose row is gone is nobody's, on open pages too."""
    if SESSION_KEY in request.session and services.password_login(request.session) is None:
        logout(request)
