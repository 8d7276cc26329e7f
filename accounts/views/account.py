"""The account page: names, password, e-mail, second steps, sessions."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import services
from accounts.forms import AddressForm, DisplayNameForm, FirstCodeForm, PasswordForm, PresenceForm
from accounts.models import User
from accounts.services.enrol import confirmed_factors
from accounts.services.profile import FACTOR_KINDS
from accounts.throttles import TooMany
from accounts.views.common import answer, refuse_many, too_many


def _person(request: HttpRequest) -> User:
    """The gate has let only full logins through; anybody else finds nothing here."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    context = {
        "person": user,
        "name_form": DisplayNameForm(initial={"display_name": user.display_name}),
        "factors": confirmed_factors(user),
        "sessions": user.account_sessions.all(),
        "this_session": services.attempt_of(request.session),
    }
    return answer(request, "account", context)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Password and a code, before the account may be changed."""
    user = _person(request)
    factors = confirmed_factors(user)
    wanted = request.POST.get("factor") or request.GET.get("factor")
    chosen = next((factor for factor in factors if factor.persistent_id == wanted), factors[0])
    form = PresenceForm(request.POST or None, initial={"factor": chosen.persistent_id})
    context = {"form": form, "factors": factors, "chosen": chosen}
    if request.method != "POST" or not form.is_valid():
        return answer(request, "confirm", context)
    typed = form.cleaned_data
    try:
        present = services.confirm_presence(
            request=request, user=user, password=typed["password"], factor_id=typed["factor"], code=typed["code"]
        )
    except TooMany as error:
        refuse_many(form, error)
        return too_many(answer(request, "confirm", context), error)
    if present:
        return redirect("accounts:account")
    form.add_error(None, _("Password and code do not fit. Check the password and type the newest code."))
    return answer(request, "confirm", context)


@require_POST
def name(request: HttpRequest) -> HttpResponse:
    form = DisplayNameForm(request.POST)
    if form.is_valid():
        services.rename(user=_person(request), display_name=form.cleaned_data["display_name"])
        messages.success(request, _("Your name is changed."))
    else:
        messages.error(request, _("Type a name of 1 to 64 characters."))
    return redirect("accounts:account")


@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    form = PasswordForm(request.POST or None, user=user)
    if request.method != "POST" or not form.is_valid():
        return answer(request, "password", {"form": form, "person": user})
    try:
        changed = services.change_password(
            request=request, user=user, old=form.cleaned_data["old"], new=form.cleaned_data["new"]
        )
    except TooMany as error:
        refuse_many(form, error)
        return too_many(answer(request, "password", {"form": form, "person": user}), error)
    if not changed:
        form.add_error("old", _("This is not your present password."))
        return answer(request, "password", {"form": form, "person": user})
    messages.success(request, _("Your password is changed. Other sessions have ended."))
    return redirect("accounts:account")


@require_http_methods(["GET", "HEAD", "POST"])
def email(request: HttpRequest) -> HttpResponse:
    """A new address: a code goes there and proves it."""
    user = _person(request)
    if not services.is_present(session=request.session, user=user):
        return redirect("accounts:account-confirm")
    form = AddressForm(request.POST or None)
    attempt = services.attempt_of(request.session)
    if request.method != "POST" or not form.is_valid() or attempt is None:
        return answer(request, "email", {"form": form, "person": user})
    try:
        services.send_address_code(user=user, address=form.cleaned_data["email"], attempt=attempt)
    except TooMany as error:
        refuse_many(form, error)
        return too_many(answer(request, "email", {"form": form, "person": user}), error)
    return redirect("accounts:account-email-confirm")


@require_http_methods(["GET", "HEAD", "POST"])
def email_confirm(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    attempt = services.attempt_of(request.session)
    if attempt is None or not services.is_present(session=request.session, user=user):
        return redirect("accounts:account-confirm")
    form = FirstCodeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return answer(request, "email_confirm", {"form": form})
    if services.confirm_address(user=user, code=form.cleaned_data["code"], attempt=attempt):
        messages.success(request, _("Your e-mail is changed."))
        return redirect("accounts:account")
    form.add_error("code", _("This code is wrong or too old. Type the newest one."))
    return answer(request, "email_confirm", {"form": form})


@require_POST
def send_code(request: HttpRequest) -> HttpResponse:
    """Mails a code of the own e-mail factor, for confirming presence."""
    user = _person(request)
    attempt = services.attempt_of(request.session)
    factor = next((factor for factor in confirmed_factors(user) if factor.kind == "email"), None)
    if attempt is None or factor is None:
        raise Http404
    try:
        services.send_factor_code(factor=factor, attempt=attempt, known=services.tries_of(request.session)["known"])
    except TooMany:
        messages.error(request, _("A code was sent a moment ago. Wait a little before you ask for another one."))
    response = redirect("accounts:account-confirm")
    response["Location"] += f"?factor={factor.persistent_id}"
    return response


@require_POST
def remove_factor(request: HttpRequest, kind: str) -> HttpResponse:
    user = _person(request)
    if kind not in FACTOR_KINDS:
        raise Http404
    if not services.is_present(session=request.session, user=user):
        return redirect("accounts:account-confirm")
    if services.remove_factor(user=user, kind=kind, keep=services.attempt_of(request.session)):
        messages.success(request, _("The second step is removed."))
    else:
        messages.error(request, _("This is your only second step. Set up another one first."))
    return redirect("accounts:account")


@require_POST
def end_session(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    if not services.end_session(user=_person(request), session_id=session_id):
        raise Http404
    messages.success(request, _("The session has ended."))
    return redirect("accounts:account")


@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Logs out everywhere, here too."""
    services.end_sessions(user=_person(request))
    services.log_out(request=request)
    return redirect("accounts:log-in")
