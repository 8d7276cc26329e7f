"""Proof that the person is there now: password and a code, good for a few minutes, asked before an account is
changed.
"""

import time

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from accounts import events, throttles
from accounts.models import User
from accounts.services.codes import check_code
from accounts.services.sessions import full_login, tries_of

PRESENT_KEY = "present_until"
PRESENT_SECONDS = 10 * 60


def confirm_presence(*, request: HttpRequest, user: User, password: str, factor_id: str, code: str) -> bool:
    """True when password and code are right; the session may change the account for ten minutes then. Raises
    TooMany.
    """
    who = f"presence:{user.uid.hex}"
    throttles.count_login(who)
    if not user.check_password(password):
        throttles.login_failed(who)
        events.warn("password_wrong", uid=user.pk)
        return False
    factor = check_code(user=user, factor_id=factor_id, code=code, **tries_of(request.session))
    if factor is None or not factor.confirmed:
        return False
    throttles.login_succeeded(who)
    request.session[PRESENT_KEY] = time.time() + PRESENT_SECONDS
    request.session.cycle_key()
    return True


def is_present(*, session: SessionBase, user: User) -> bool:
    """True for a full login of this person that was confirmed in the last minutes."""
    known = full_login(session)
    return known is not None and known.pk == user.pk and float(session.get(PRESENT_KEY, 0)) > time.time()
