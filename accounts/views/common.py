"""What the pages of accounts share: forms with refusals in words, the known browser's cookie, where to go next."""

import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.core import signing
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts import services
from accounts.models import User
from accounts.throttles import TooMany

KNOWN_SECONDS = 180 * 24 * 60 * 60
NEXT_KEY = "next"
_SALT = "accounts.known-browser"


def answer(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page that no cache keeps; 400 for a form with errors."""
    form = context.get("form")
    if status == 200 and isinstance(form, forms.BaseForm) and form.is_bound and form.errors:
        status = 400
    response = render(request, f"accounts/{template}.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def refuse_many(form: forms.Form, error: TooMany) -> None:
    """Says in the form how long to wait, and nothing of what was typed: that is not judged while the person waits."""
    form.cleaned_data, form._errors = {}, ErrorDict()  # type: ignore[attr-defined]  # the stubs leave it out
    minutes = (error.retry_after + 59) // 60
    form.add_error(
        None,
        forms.ValidationError(
            _("Too many tries. Wait %(minutes)d min and try again.") % {"minutes": minutes}, code="too_many"
        ),
    )


def too_many(response: HttpResponse, error: TooMany) -> HttpResponse:
    response.status_code = 429
    response["Retry-After"] = str(error.retry_after)
    return response


def half_way(request: HttpRequest) -> User | None:
    """The person whose password this session proved."""
    return services.password_login(request.session)


def remember_next(request: HttpRequest, target: str) -> None:
    """Keeps where the person wanted to go, when that is a path of this site."""
    if target and target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        request.session[NEXT_KEY] = target


def go_on(request: HttpRequest, user: User) -> HttpResponse:
    """Into the chat, or where the person wanted to go; the browser is known from now on and speaks their language."""
    response = redirect(request.session.pop(NEXT_KEY, settings.LOGIN_REDIRECT_URL))
    if user.language:
        set_language_cookie(response, user.language)
    mark = f"{user.uid.hex}:{secrets.token_hex(8)}"
    response.set_cookie(
        settings.KNOWN_BROWSER_COOKIE_NAME,
        signing.dumps(mark, salt=_SALT),
        max_age=KNOWN_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


def known_browser(request: HttpRequest, name: str) -> str:
    """A mark of this browser, when it has logged in to this very account before; else empty."""
    try:
        given = request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE_NAME, "")
        mark = str(signing.loads(given, salt=_SALT, max_age=KNOWN_SECONDS))
    except signing.BadSignature:
        return ""
    uid = mark.partition(":")[0]
    return mark if User.objects.get_queryset().filter(uid=uid, name=name).exists() else ""


def set_language_cookie(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 60 * 60,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
