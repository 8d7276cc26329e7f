"""The only place that says whether a web session counts: with its password only, or fully with its second step."""

import uuid
from datetime import datetime, timedelta
from typing import TypedDict

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django_otp import DEVICE_ID_SESSION_KEY

from accounts.browsers import browser_label
from accounts.models import AccountSession, User, rows_of_factor
from accounts.signals import sessions_ended

ACCOUNT_SESSION_KEY = "account_session"
KNOWN_KEY = "known_browser"
SEEN_EVERY = timedelta(hours=1)


def password_login(session: SessionBase) -> User | None:
    """The active person whose password this session proved, while its row lives and the password is still the same.

    The row is at `user.account_session`. It counts for SESSION_COOKIE_AGE, however often the session is used.
    """
    attempt = attempt_of(session)
    if attempt is None or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    rows = AccountSession.objects.select_related("user").filter(started_at__gt=_oldest_possible())
    row = rows.filter(id=attempt, user__is_active=True).first()
    if row is None or str(row.user.pk) != session.get(SESSION_KEY) or not _hash_fits(session, row.user):
        return None
    row.user.account_session = row  # type: ignore[attr-defined]
    return row.user


def full_login(session: SessionBase) -> User | None:
    """The person of a session that passed password and second step; the factor used is at `user.otp_device`. For HTTP
    and sockets alike: it reads the database only, changes neither session nor rows.
    """
    user = password_login(session)
    factor = rows_of_factor(str(session.get(DEVICE_ID_SESSION_KEY, ""))).first() if user else None
    if user is None or factor is None or not factor.confirmed or factor.user_id != user.pk:
        return None
    user.otp_device = factor  # type: ignore[attr-defined]
    user.is_verified = lambda: True  # type: ignore[attr-defined]
    return user


def attempt_of(session: SessionBase) -> uuid.UUID | None:
    """The id of this log-in: its row's key, and what mailed codes are bound to."""
    try:
        return uuid.UUID(hex=session[ACCOUNT_SESSION_KEY])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


class Tries(TypedDict):
    """In which login a code is typed, and under which mark of somebody known before it is counted."""

    attempt: uuid.UUID | None
    known: str


def tries_of(session: SessionBase) -> Tries:
    """For `check_code` and `send_factor_code`: a full login is a mark by itself, else the browser's own, if any."""
    attempt = attempt_of(session)
    if attempt is not None and full_login(session) is not None:
        return Tries(attempt=attempt, known=attempt.hex)
    return Tries(attempt=attempt, known=str(session.get(KNOWN_KEY, "")))


def begin_session(*, session: SessionBase, user: User, browser: str) -> None:
    """Gives a session that has just proved its password a row of its own; the second step has to be made again."""
    session.pop(DEVICE_ID_SESSION_KEY, None)
    with transaction.atomic():
        if before := attempt_of(session):
            AccountSession.objects.filter(id=before).delete()
        AccountSession.objects.filter(user=user, started_at__lt=_oldest_possible()).delete()
        row = AccountSession.objects.create(user=user, browser=browser_label(browser))
    session[ACCOUNT_SESSION_KEY] = row.id.hex


def note_seen(*, user: User) -> None:
    """Remembers the hour in which the session of a full login was last used, not more."""
    now, row = timezone.now(), user.account_session  # type: ignore[attr-defined]
    if row.seen_at < now - SEEN_EVERY:
        AccountSession.objects.filter(pk=row.pk).update(seen_at=now)


def end_session(*, user: User, session_id: uuid.UUID) -> bool:
    """Ends one own session; False when there is none with this id."""
    with transaction.atomic():
        ended, _rows = user.account_sessions.filter(id=session_id).delete()
        _ring(user)
    return ended > 0


def end_sessions(*, user: User, keep: uuid.UUID | None = None) -> None:
    """Ends every session of a person, except the one to keep."""
    with transaction.atomic():
        ended = user.account_sessions.all()
        (ended.exclude(id=keep) if keep else ended).delete()
        _ring(user)


def _ring(user: User) -> None:
    transaction.on_commit(lambda: sessions_ended.send_robust(sender=User, uid=user.uid))


def _hash_fits(session: SessionBase, user: User) -> bool:
    given = session.get(HASH_SESSION_KEY, "")
    known = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(given, value) for value in known)


def _oldest_possible() -> datetime:
    return timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
