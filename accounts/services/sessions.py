"""The only place that says whether a web session counts: with its password only, or fully with its second step."""

import uuid
from collections.abc import Mapping, Set
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypedDict

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django_otp import DEVICE_ID_SESSION_KEY

from accounts.browsers import browser_label
from accounts.models import FACTORS, AccountSession, User
from accounts.signals import sessions_ended
from chatproject.lib.anyof import AnyOf
from chatproject.lib.unchanged import Fetch, fetch

ACCOUNT_SESSION_KEY = "account_session"
KNOWN_KEY = "known_browser"
SEEN_EVERY = timedelta(hours=1)


def password_login(session: Mapping[str, Any]) -> User | None:
    """The active person whose password this session proved, while its row lives and the password is still the same.

    The row is at `user.account_session`. It counts for SESSION_COOKIE_AGE, however often the session is used.
    """
    attempt = attempt_of(session)
    row = _living_rows().select_related("user").filter(id=attempt).first() if attempt else None
    if row is None or not _proves_password(session, row.user):
        return None
    row.user.account_session = row  # type: ignore[attr-defined]
    return row.user


def full_login(session: Mapping[str, Any]) -> User | None:
    """The person of a session that passed password and second step; the factor used is at `user.otp_device`. For HTTP
    and sockets alike: it reads the database only, changes neither session nor rows.
    """
    user, used = password_login(session), _factor_used(session)
    if user is None:
        return None
    factors = [factor for kind in _kinds({used}) for factor in _factors(kind, {user.pk})]
    factor = next((each for each in factors if each.persistent_id == used), None)
    if factor is None:
        return None
    user.otp_device = factor  # type: ignore[attr-defined]
    user.is_verified = lambda: True  # type: ignore[attr-defined]
    return user


def full_logins(sessions: Mapping[str, Mapping[str, Any]], fetch: Fetch = fetch) -> dict[str, uuid.UUID]:
    """Whom `full_login` knows by each of many sessions, in a few statements for all: their uid by the session's key.
    Sessions of nobody are not in it.
    """
    used = {key: (_factor_used(sessions[key]), uid) for key, uid in _password_logins(sessions, fetch).items()}
    uids, names = {uid for _name, uid in used.values()}, set[tuple[str, uuid.UUID]]()
    for kind in _kinds({name for name, _uid in used.values()}):
        rows = fetch(partial(_factor_names, kind, uids))
        names.update((f"{kind.model_label()}/{pk}", uid) for pk, uid in rows)
    return {key: uid for key, (name, uid) in used.items() if (name, uid) in names}


def attempt_of(session: Mapping[str, Any]) -> uuid.UUID | None:
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


def _living_rows() -> QuerySet[AccountSession]:
    return AccountSession.objects.filter(started_at__gt=_oldest_possible(), user__is_active=True)


def _password_logins(sessions: Mapping[str, Mapping[str, Any]], fetch: Fetch) -> dict[str, uuid.UUID]:
    attempts = {key: attempt for key, session in sessions.items() if (attempt := attempt_of(session))}
    rows = {id_: (uid, password) for id_, uid, password in fetch(partial(_passwords, set(attempts.values())))}
    found, person = {}, User()  # one for all: to make it costs more than to look at it
    for key, attempt in attempts.items():
        if attempt in rows:
            person.uid, person.password = rows[attempt]
            if _proves_password(sessions[key], person):
                found[key] = person.uid
    return found


def _proves_password(session: Mapping[str, Any], user: User) -> bool:
    backend, uid = session.get(BACKEND_SESSION_KEY), session.get(SESSION_KEY)
    return backend in settings.AUTHENTICATION_BACKENDS and uid == str(user.pk) and _hash_fits(session, user)


def _factor_used(session: Mapping[str, Any]) -> str:
    return str(session.get(DEVICE_ID_SESSION_KEY, ""))


def _passwords(attempts: Set[uuid.UUID]) -> QuerySet[Any, Any]:
    rows = _living_rows().filter(AnyOf(F("id"), attempts)).order_by()
    return rows.values_list("id", "user", "user__password")


def _kinds(used: Set[str]) -> list[type[Any]]:
    """Those of the factors that were used."""
    labels = {name.partition("/")[0] for name in used}
    return [kind for kind in FACTORS if kind.model_label() in labels]


def _factors(kind: type[Any], uids: Set[uuid.UUID]) -> QuerySet[Any]:
    """The confirmed ones of these people."""
    found: QuerySet[Any] = kind.objects.filter(AnyOf(F("user"), uids), confirmed=True)
    return found


def _factor_names(kind: type[Any], uids: Set[uuid.UUID]) -> QuerySet[Any, Any]:
    return _factors(kind, uids).values_list("pk", "user")


def _hash_fits(session: Mapping[str, Any], user: User) -> bool:
    given = session.get(HASH_SESSION_KEY, "")
    known = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(given, value) for value in known)


def _oldest_possible() -> datetime:
    return timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
