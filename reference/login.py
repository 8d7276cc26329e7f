"""Through the doors as a person would: sign up, set up the authenticator app, keep the recovery codes, log in."""

import base64
import hashlib
import hmac
import re
import time
from dataclasses import dataclass, field
from urllib.parse import unquote

from reference.web import Web

STEP_SECONDS = 30
APP_SECRET = re.compile(r"\b[A-Z2-7]{4}(?: [A-Z2-7]{4}){7}\b")
RECOVERY_CODE = re.compile(r"\b[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}\b")
FACTORS = {
    "recovery": re.compile(r"[\w.]*recoveryset(?:/|%2F)\d+"),
    "app": re.compile(r"[\w.]*totpfactor(?:/|%2F)\d+"),
}


class DoorClosed(Exception):
    """A page did not show what a person would need to go on."""


@dataclass(slots=True)
class Credentials:
    """What a person keeps; `recovery_codes` shrink as they are used."""

    name: str
    password: str = field(repr=False)
    app_secret: bytes = field(repr=False)
    recovery_codes: list[str] = field(repr=False)


def sign_up(web: Web, *, name: str, password: str, display_name: str, email: str = "") -> Credentials:
    """A new account with an authenticator app and recovery codes; the web session is fully logged in afterwards."""
    web.page("/signup/")
    web.submit("/signup/", {"name": name, "display_name": display_name, "password": password, "email": email})
    page = web.page("/second-step/set-up/app/")
    secret = base64.b32decode(_find(APP_SECRET, page).replace(" ", ""))
    page = web.submit("/second-step/set-up/app/", {"code": totp(secret, time.time())})
    codes = list(dict.fromkeys(RECOVERY_CODE.findall(page)))
    if not codes:
        raise DoorClosed("no recovery codes")
    web.submit("/second-step/recovery/keep/", {"kept": "on"})
    return Credentials(name, password, secret, codes)


def log_in(web: Web, credentials: Credentials) -> None:
    """A new web session by password and recovery code."""
    enter(web, name=credentials.name, password=credentials.password, code=credentials.recovery_codes.pop())


def enter(web: Web, *, name: str, password: str, code: str) -> None:
    """A new web session by password and the code of an authenticator app or one recovery code. DoorClosed."""
    web.page("/login/")
    page = web.submit("/login/", {"name": name, "password": password, "next": ""})
    kind = "app" if code.isdigit() else "recovery"
    web.submit("/second-step/", {"factor": unquote(_find(FACTORS[kind], page)), "code": code})


def totp(secret: bytes, now_s: float) -> str:
    """RFC 6238 with SHA-1 and six digits, as authenticator apps do."""
    digest = hmac.new(secret, int(now_s // STEP_SECONDS).to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


def _find(pattern: re.Pattern[str], page: str) -> str:
    found = pattern.search(page)
    if found is None:
        raise DoorClosed(pattern.pattern)
    return found.group()
