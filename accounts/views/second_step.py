"""The second step of somebody who has one: choose a factor, get a code, type it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import services
from accounts.forms import CodeForm
from accounts.models import EmailFactor, Factor, User
from accounts.services.enrol import confirmed_factors, has_kept_recovery_codes
from accounts.services.login import enter
from accounts.throttles import TooMany
from accounts.views.common import answer, go_on, half_way, refuse_many, too_many

PASSED_KEY = "passed_factor"


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    user = half_way(request)
    if user is None:
        return redirect("accounts:log-in")
    if services.full_login(request.session) is not None:
        return go_on(request, user)
    if not services.has_second_step(user):
        return redirect("accounts:set-up")
    if PASSED_KEY in request.session and not has_kept_recovery_codes(user):
        return redirect("accounts:set-up-recovery")
    return _typed(request, user) if request.method == "POST" else _page(request, user, None)


def _typed(request: HttpRequest, user: User) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, user, form)
    try:
        factor = services.pass_second_step(
            request=request, user=user, factor_id=form.cleaned_data["factor"], code=form.cleaned_data["code"]
        )
    except TooMany as error:
        refuse_many(form, error)
        return too_many(_page(request, user, form), error)
    if factor is None:
        form.add_error("code", _("This code is wrong or too old. Type the newest one."))
        return _page(request, user, form)
    return finish(request, user, factor)


def finish(request: HttpRequest, user: User, factor: Factor) -> HttpResponse:
    """Into the chat; first to the recovery codes for somebody who has not kept any yet."""
    if has_kept_recovery_codes(user):
        enter(request=request, user=user, factor=factor)
        return go_on(request, user)
    request.session[PASSED_KEY] = factor.persistent_id
    return redirect("accounts:set-up-recovery")


@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest) -> HttpResponse:
    """POST mails a code of the person's own e-mail factor, for this login. GET, after a reload or in another language,
    sends none; both lead to the page that takes the code.
    """
    user = half_way(request)
    attempt = services.attempt_of(request.session)
    factor = EmailFactor.objects.devices_for_user(user, confirmed=True).first() if user else None
    if user is None or attempt is None or factor is None:
        return redirect("accounts:second-step")
    if request.method == "POST":
        try:
            services.send_factor_code(factor=factor, attempt=attempt, known=services.tries_of(request.session)["known"])
        except TooMany as error:
            form = CodeForm({"factor": factor.persistent_id})
            refuse_many(form, error)
            return too_many(_page(request, user, form, chosen=factor), error)
    return redirect(reverse("accounts:second-step", query={"factor": factor.persistent_id}))


def _page(request: HttpRequest, user: User, form: CodeForm | None, *, chosen: Factor | None = None) -> HttpResponse:
    factors = confirmed_factors(user)
    wanted = request.POST.get("factor") or request.GET.get("factor")
    chosen = chosen or next((factor for factor in factors if factor.persistent_id == wanted), factors[0])
    if form is None:
        form = CodeForm(initial={"factor": chosen.persistent_id})
    attempt = services.attempt_of(request.session)
    sent = isinstance(chosen, EmailFactor) and services.is_code_out(factor=chosen, attempt=attempt)
    return answer(request, "second_step", {"form": form, "factors": factors, "chosen": chosen, "sent": sent})
