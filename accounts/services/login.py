"""Logging in by password, passing the second step, logging out. The session gets a new key at each step up."""

from django.contrib import auth
from django.http import HttpRequest
from django_otp import login as otp_login

from accounts import events, mail, throttles
from accounts.models import Factor, User
from accounts.names import fold_name
from accounts.services.codes import check_code
from accounts.services.sessions import KNOWN_KEY, attempt_of, end_session, tries_of


def log_in(*, request: HttpRequest, name: str, password: str, known_browser: str = "") -> User | None:
    """Proves the password and starts a session that still needs its second step; None for a wrong name or password.

    Takes the same time for unknown people. Raises TooMany. A browser that knows the account counts apart from others.
    """
    who = f"{fold_name(name)}:{known_browser}"
    throttles.count_address(throttles.LOGIN_ADDRESS, request)
    throttles.count_login(who)
    user = auth.authenticate(request, username=name, password=password)
    if not isinstance(user, User):
        throttles.login_failed(who)
        events.warn("password_wrong", network=throttles.address_of(request))
        return None
    if throttles.login_succeeded(who) and throttles.is_first_in_an_hour("password-guessed", user.uid.hex):
        mail.send_notice(user=user, event="password_guessed")
    events.note("password_right", uid=user.pk, network=throttles.address_of(request))
    start_session(request=request, user=user)
    if known_browser:
        request.session[KNOWN_KEY] = known_browser
    return user


def start_session(*, request: HttpRequest, user: User) -> None:
    """A fresh session with the password step done; nothing of the session before survives, its row included."""
    log_out(request=request)
    auth.login(request, user, backend="django.contrib.auth.backends.ModelBackend")


def pass_second_step(*, request: HttpRequest, user: User, factor_id: str, code: str) -> Factor | None:
    """Spends the code; the caller decides with `enter` whether the session is complete. Raises TooMany."""
    factor = check_code(user=user, factor_id=factor_id, code=code, **tries_of(request.session))
    return factor if factor is not None and factor.confirmed else None


def enter(*, request: HttpRequest, user: User, factor: Factor) -> None:
    """Makes the session a full login with this factor."""
    request.user = user
    otp_login(request, factor)
    request.session.cycle_key()
    events.note("entered", uid=user.pk, factor=factor.kind, network=throttles.address_of(request))


def log_out(*, request: HttpRequest) -> None:
    """Ends the session and its row."""
    attempt = attempt_of(request.session)
    user = request.user
    if attempt is not None and isinstance(user, User):
        end_session(user=user, session_id=attempt)
        events.note("logged_out", uid=user.pk)
    auth.logout(request)
