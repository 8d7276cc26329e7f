"""The way in and out: welcome, sign-up, log-in, log-out, language, and what this server can see."""

from collections.abc import Callable

from django.conf import settings
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import set_language

from accounts import services, throttles
from accounts.forms import LogInForm, SignUpForm
from accounts.models import User
from accounts.services.login import start_session
from accounts.views.common import answer, half_way, known_browser, refuse_many, remember_next, too_many


@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    if services.full_login(request.session) is not None:
        return redirect(settings.LOGIN_REDIRECT_URL)
    return answer(request, "welcome", {"half_way": half_way(request)})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return answer(request, "about", {})


@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    if settings.REGISTRATION == "closed":
        return answer(request, "closed", {}, status=403)
    return _sign_up(request, services.create_person, administrator=False)


@require_http_methods(["GET", "HEAD", "POST"])
def administrator(request: HttpRequest, token: str) -> HttpResponse:
    """The sign-up form behind the one-time link of the first administrator."""
    link = services.usable_setup_link(token=token)
    if link is None:
        raise Http404

    def create(**fields: str) -> User:
        return services.sign_up_administrator(link=link, **fields)

    return _sign_up(request, create, administrator=True)


def _sign_up(request: HttpRequest, create: Callable[..., User], *, administrator: bool) -> HttpResponse:
    form = SignUpForm(request.POST or None)
    context = {"form": form, "administrator": administrator}
    if request.method != "POST":
        return answer(request, "sign_up", context)
    try:
        throttles.count_address(throttles.SIGN_UP_ADDRESS, request)
    except throttles.TooMany as error:
        refuse_many(form, error)
        return too_many(answer(request, "sign_up", context), error)
    if form.is_valid():
        try:
            user = create(**form.cleaned_data, language=get_language() or "")
        except IntegrityError:
            form.add_error("name", _("This user name is taken. Choose another one."))
        else:
            start_session(request=request, user=user)
            return redirect("accounts:set-up")
    return answer(request, "sign_up", context)


@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    form = LogInForm(request.POST or None)
    target = request.POST.get("next", request.GET.get("next", ""))
    context = {"form": form, "next": target}
    if request.method != "POST" or not form.is_valid():
        return answer(request, "log_in", context)
    name, password = form.cleaned_data["name"], form.cleaned_data["password"]
    try:
        user = services.log_in(
            request=request, name=name, password=password, known_browser=known_browser(request, name)
        )
    except throttles.TooMany as error:
        refuse_many(form, error)
        return too_many(answer(request, "log_in", context), error)
    if user is None:
        form.add_error(None, _("User name and password do not fit together. Check both and try again."))
        return answer(request, "log_in", context)
    remember_next(request, target)
    return redirect("accounts:second-step")


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """Ends the session. The browser's cached pages go; its storage stays, because the person's keys are there."""
    services.log_out(request=request)
    response = redirect("accounts:welcome")
    response["Clear-Site-Data"] = '"cache"'
    return response


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Django's language switch, remembered for the person."""
    chosen = request.POST.get("language", "")
    user = half_way(request)
    if user is not None and chosen in dict(settings.LANGUAGES):
        services.set_language(user=user, language=chosen)
    return set_language(request)
