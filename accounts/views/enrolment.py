"""Setting up a second step: app or e-mail, then recovery codes. The same pages serve new people and account
settings.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import services
from accounts.forms import FirstCodeForm, KeepForm
from accounts.models import EmailFactor, Factor, TOTPFactor, User
from accounts.qr import grouped_secret, otpauth_url, qr_svg
from accounts.services.enrol import has_kept_recovery_codes, own_factor
from accounts.services.login import enter
from accounts.throttles import TooMany
from accounts.views.common import answer, go_on, half_way, refuse_many, too_many
from accounts.views.second_step import PASSED_KEY


@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    user = half_way(request)
    if user is None:
        return redirect("accounts:log-in")
    if blocked := _not_now(request, user):
        return blocked
    return answer(request, "set_up", {"person": user})


@require_http_methods(["GET", "HEAD", "POST"])
def app(request: HttpRequest) -> HttpResponse:
    return _set_up(request, services.start_app, _app_page)


@require_http_methods(["GET", "HEAD", "POST"])
def email(request: HttpRequest) -> HttpResponse:
    """GET says what will happen; POST without a code sends one, with a code checks it."""
    return _set_up(request, services.start_email, _email_page)


def _set_up(request: HttpRequest, start: Callable[..., Factor], page: Callable[..., HttpResponse]) -> HttpResponse:
    user = half_way(request)
    if user is None:
        return redirect("accounts:log-in")
    if blocked := _not_now(request, user):
        return blocked
    factor = start(user=user, session=request.session)
    if request.method != "POST":
        return page(request, user, factor, FirstCodeForm())
    form = FirstCodeForm(request.POST)
    try:
        return _posted(request, user, factor, form, page)
    except TooMany as error:
        refuse_many(form, error)
        return too_many(page(request, user, factor, form), error)


def _posted(
    request: HttpRequest, user: User, factor: Factor, form: FirstCodeForm, page: Callable[..., HttpResponse]
) -> HttpResponse:
    attempt = services.attempt_of(request.session)
    if isinstance(factor, EmailFactor) and "code" not in request.POST and attempt is not None:
        services.send_factor_code(factor=factor, attempt=attempt, known=services.tries_of(request.session)["known"])
        return page(request, user, factor, FirstCodeForm())
    if not form.is_valid():
        return page(request, user, factor, form)
    confirmed = services.confirm_factor(
        user=user, session=request.session, factor=factor, code=form.cleaned_data["code"]
    )
    if confirmed is None:
        form.add_error("code", _("This code is wrong or too old. Type the newest one."))
        return page(request, user, factor, form)
    return _confirmed(request, user, confirmed)


def _confirmed(request: HttpRequest, user: User, factor: Factor) -> HttpResponse:
    if has_kept_recovery_codes(user):
        enter(request=request, user=user, factor=factor)
        return redirect("accounts:account")
    request.session[PASSED_KEY] = factor.persistent_id
    request.session.cycle_key()
    return _fresh_codes(request, user)


def _app_page(request: HttpRequest, user: User, factor: TOTPFactor, form: FirstCodeForm) -> HttpResponse:
    context = {"form": form, "qr": qr_svg(otpauth_url(factor)), "secret": grouped_secret(factor)}
    return answer(request, "set_up_app", context)


def _email_page(request: HttpRequest, user: User, factor: EmailFactor, form: FirstCodeForm) -> HttpResponse:
    """Asks for the code while one is out, or was typed just now."""
    sent = "code" in form.data or services.is_code_out(factor=factor, attempt=services.attempt_of(request.session))
    return answer(request, "set_up_email", {"form": form, "address": factor.address, "sent": sent})


@require_http_methods(["GET", "HEAD", "POST"])
def recovery(request: HttpRequest) -> HttpResponse:
    """GET offers new codes, POST makes and shows them, once."""
    user = half_way(request)
    if user is None:
        return redirect("accounts:log-in")
    if not _may_have_codes(request, user):
        return redirect(_way_to_codes(request))
    if request.method == "POST":
        return _fresh_codes(request, user)
    return answer(request, "recovery_offer", {"first": not has_kept_recovery_codes(user)})


def _fresh_codes(request: HttpRequest, user: User) -> HttpResponse:
    codes = services.renew_recovery_codes(user=user)
    return answer(request, "recovery_codes", {"codes": codes, "form": KeepForm(), "person": user})


@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HttpRequest) -> HttpResponse:
    """POST: the person has kept the codes, the last part of the second step. GET, in another language, leads to the
    page that offers them.
    """
    if request.method in {"GET", "HEAD"}:
        return redirect("accounts:set-up-recovery")
    user = half_way(request)
    if user is None or not _may_have_codes(request, user):
        return redirect("accounts:second-step")
    form = KeepForm(request.POST)
    if not form.is_valid() or not services.keep_recovery_codes(user=user):
        return answer(request, "recovery_offer", {"form": form, "first": True})
    if services.full_login(request.session) is not None:
        return redirect("accounts:account")
    factor = _passed(request, user)
    if factor is None:
        return redirect("accounts:second-step")
    enter(request=request, user=user, factor=factor)
    request.session.pop(PASSED_KEY, None)
    return go_on(request, user)


def _not_now(request: HttpRequest, user: User) -> HttpResponse | None:
    """Somebody who has a second step needs to use it, and to be present, before setting up another one."""
    if not services.has_second_step(user):
        return None
    if services.full_login(request.session) is None:
        return redirect("accounts:second-step")
    return None if services.is_present(session=request.session, user=user) else redirect("accounts:account-confirm")


def _may_have_codes(request: HttpRequest, user: User) -> bool:
    return _passed(request, user) is not None or services.is_present(session=request.session, user=user)


def _way_to_codes(request: HttpRequest) -> str:
    entered = services.full_login(request.session) is not None
    return "accounts:account-confirm" if entered else "accounts:second-step"


def _passed(request: HttpRequest, user: User) -> Factor | None:
    """The factor that this session has proved while the recovery codes are still to be kept."""
    passed = request.session.get(PASSED_KEY)
    for kind in ("app", "email", "recovery"):
        factor = own_factor(user=user, kind=kind, confirmed=True)
        if factor is not None and factor.persistent_id == passed:
            return factor
    return None
