"""Who opens a socket: exact origin, web session with a full login, bound device. The same rules as over HTTP."""

import asyncio
import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import F
from django.http import parse_cookie
from django.utils import timezone

from accounts.services import full_logins
from chatproject.lib import bridge
from chatproject.lib.anyof import AnyOf
from chatproject.lib.perloop import PerLoop
from chatproject.lib.unchanged import Fetch, fetch
from conversations import closecodes
from conversations.gathering import Gathering
from keys.services import bound_devices

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


class SessionReader:
    """Reads what sessions hold. Of a row that says the same as before, nothing is taken apart again: that costs more
    than all the rest.
    """

    def __init__(self, fetch: Fetch = fetch) -> None:
        self.fetch = fetch
        self._known: dict[str, tuple[str, dict[str, Any]]] = {}

    def by(self, fetch: Fetch) -> "SessionReader":
        """Another way to fetch, with what this one knows."""
        made = SessionReader(fetch)
        made._known = self._known
        return made

    def read(self, keys: Collection[str]) -> dict[str, dict[str, Any]]:
        """By the key; it lacks those that have expired or that nobody has."""
        store = import_module(settings.SESSION_ENGINE).SessionStore()
        sessions = store.get_model_class().objects.filter(AnyOf(F("session_key"), keys))
        living = sessions.values_list("session_key", "session_data")
        found: dict[str, dict[str, Any]] = {}
        for key, text in self.fetch(lambda: living.filter(expire_date__gt=timezone.now())):
            before, words = self._known.get(key, ("", {}))
            found[key] = words if text == before else store.decode(text)
            self._known[key] = text, found[key]
        return found

    def keep(self, keys: Collection[str]) -> None:
        """Forget the others."""
        self._known = {key: known for key, known in self._known.items() if key in keys}


async def identify(key: str) -> Login:
    """The login behind a session key, together with those of others who come meanwhile. LoginMissing otherwise, or
    DatabaseError; the session is only read.
    """
    return _or_missing(await asyncio.shield(_logins().ask(key)))


async def _identify_together(keys: Collection[str]) -> Mapping[str, Login | int]:
    return await bridge.run(identify_many, keys, SessionReader())


_logins = PerLoop(lambda: Gathering("logins", _identify_together))


def identify_many(keys: Collection[str], reader: SessionReader) -> dict[str, Login | int]:
    """The login behind each session key, or the close code that says which part is missing. In as many statements as
    for one; none of the keys, which anybody chooses, can spoil it for the others.
    """
    found = _identify(reader.read({key for key in keys if key.isascii() and key.isalnum()}), reader.fetch)
    return {key: found.get(key, closecodes.LOGIN_NEEDED) for key in keys}


def identify_session(session: SessionBase) -> Login:
    """The login of a session that was read already. LoginMissing."""
    return _or_missing(_identify({"": session}).get("", closecodes.LOGIN_NEEDED))


def _identify(sessions: Mapping[str, Mapping[str, Any]], fetch: Fetch = fetch) -> dict[str, Login | int]:
    """It lacks those without a full login."""
    people = full_logins(sessions, fetch)
    dids = bound_devices({key: (sessions[key], uid) for key, uid in people.items()}, fetch)
    return {key: Login(uid, dids[key]) if key in dids else closecodes.DEVICE_NEEDED for key, uid in people.items()}


def _or_missing(found: Login | int) -> Login:
    if isinstance(found, Login):
        return found
    raise LoginMissing(found)


def log_rejection(reason: str) -> None:
    """Once a minute for each reason: enough to find a wrong setting, nothing to fill a disk with."""
    now = time.monotonic()
    if now - _logged.get(reason, -_LOG_EVERY_SECONDS) >= _LOG_EVERY_SECONDS:
        _logged[reason] = now
        logger.warning("socket rejected: %s (allowed origins: %s)", reason, ", ".join(settings.ALLOWED_ORIGINS))


def _headers(scope: dict[str, Any], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
