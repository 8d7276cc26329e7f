"""The site as a browser reaches it: by its public address, through whatever stands in front."""

import base64
import os
import ssl
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from django.conf import settings

from chatproject.services.setup import Finding

SECONDS = 10


def site_is_reached() -> Iterator[Finding]:
    try:
        yield from _page()
        yield from _inside_is_hidden()
        yield from _socket()
    except ssl.SSLError as error:
        yield Finding(
            "CERTIFICATE", f"The certificate of {settings.SITE_URL} does not hold: {error.reason}.", "renew it"
        )
    except (OSError, HTTPException) as error:
        says = f"{settings.SITE_URL} cannot be reached from here ({type(error).__name__})."
        yield Finding("SITE_GONE", says, "look at SITE_URL, the name, the proxy; or run this where people are")


def _page() -> Iterator[Finding]:
    answer = _get("/login/")
    if answer.status != 200:
        fix = "the proxy must pass Host and X-Forwarded-Proto; SITE_URL must be the address that people use"
        yield Finding("SITE_REFUSES", f"/login/ answers {answer.status}.", fix)
        return
    if "trusted-types" not in answer.headers.get("Content-Security-Policy", ""):
        yield Finding(
            "HEADERS_LOST", "The proxy changes or drops Content-Security-Policy.", "let it pass headers as they are"
        )
    cookies = answer.headers.get_all("Set-Cookie") or []
    if settings.TLS and any(not cookie.startswith("__Host-") or "Secure" not in cookie for cookie in cookies):
        yield Finding("COOKIES", "A cookie came without __Host- or Secure.", "the proxy must not rewrite cookies")


def _inside_is_hidden() -> Iterator[Finding]:
    if settings.TRUSTED_PROXY_COUNT and _get("/readyz").status != 404:
        fix = "the proxy must set X-Forwarded-For, by which the program knows whom to hide it from"
        yield Finding("INSIDE_SHOWN", "/readyz is answered to everybody.", fix, serious=False)


def _socket() -> Iterator[Finding]:
    """Without a login the socket is opened to say why it is closed; with a foreign origin it is not opened at all."""
    opened, foreign = _upgrade(settings.SITE_URL), _upgrade("https://foreign.invalid")
    if opened != 101:
        yield Finding(
            "NO_SOCKETS", f"A socket is answered {opened} instead of 101.", "the proxy must pass Upgrade for /ws/"
        )
    if foreign == 101:
        yield Finding("ORIGIN_LOST", "A socket of a foreign page is opened.", "the proxy must pass Origin as it is")


def _upgrade(origin: str) -> int:
    key = base64.b64encode(os.urandom(16)).decode()
    wanted = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key}
    return _get("/ws/", Origin=origin, **wanted).status


def _get(path: str, **headers: str) -> HTTPResponse:
    site = urlsplit(settings.SITE_URL)
    kind = HTTPSConnection if site.scheme == "https" else HTTPConnection
    connection = kind(site.hostname or "", site.port, timeout=SECONDS)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse()
    finally:
        connection.close()
