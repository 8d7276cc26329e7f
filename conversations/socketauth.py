"""Who opens a socket: exact origin, web session with a full login, bound device. The same rules as over HTTP."""

import logging
import time
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import parse_cookie

from accounts.services import full_login
from conversations import closecodes
from keys.services import bound_device

logger = logging.getLogger(__name__)
_LOG_EVERY_SECONDS = 60.0
_logged: dict[str, float] = {}


class LoginMissing(Exception):
    """There is no such login (any more); `close_code` says which part is missing."""

    def __init__(self, close_code: int) -> None:
        super().__init__(close_code)
        self.close_code = close_code


@dataclass(frozen=True, slots=True)
class Login:
    uid: UUID
    did: UUID


def origin_is_allowed(scope: dict[str, Any]) -> bool:
    """Exactly one Origin, and exactly one of ours; none at all is refused."""
    origins = _headers(scope, b"origin")
    allowed = len(origins) == 1 and origins[0] in settings.ALLOWED_ORIGINS
    if not allowed:
        log_rejection("origin")
    return allowed


def session_key(scope: dict[str, Any]) -> str:
    """The session key of the cookie, or nothing."""
    for header in _headers(scope, b"cookie"):
        found = parse_cookie(header).get(settings.SESSION_COOKIE_NAME)
        if found:
            return found
    return ""


def identify(key: str) -> Login:
    """The login behind a session key. LoginMissing otherwise; the session is only read."""
    if not key:
        raise LoginMissing(closecodes.LOGIN_NEEDED)
    return identify_session(import_module(settings.SESSION_ENGINE).SessionStore(key))


def identify_session(session: SessionBase) -> Login:
    user = full_login(session)
    if user is None:
        raise LoginMissing(closecodes.LOGIN_NEEDED)
    device = bound_device(session, user)
    if device is None:
        raise LoginMissing(closecodes.DEVICE_NEEDED)
    return Login(uid=user.uid, did=device.did)


def log_rejection(reason: str) -> None:
    """Once a minute for each reason: enough to find a wrong setting, nothing to fill a disk with."""
    now = time.monotonic()
    if now - _logged.get(reason, -_LOG_EVERY_SECONDS) >= _LOG_EVERY_SECONDS:
        _logged[reason] = now
        logger.warning("socket rejected: %s (allowed origins: %s)", reason, ", ".join(settings.ALLOWED_ORIGINS))


def _headers(scope: dict[str, Any], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
