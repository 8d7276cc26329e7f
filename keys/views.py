"""Public keys over HTTP (docs/architecture.md, HTTP contract). Each view parses, calls one service, answers."""

import functools
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from accounts.browsers import browser_label
from accounts.models import User
from accounts.throttles import TooMany
from chatproject.lib.api import ApiError, api_view, as_count, read_json, read_query
from chatproject.lib.bridge import run
from chatproject.lib.encoding import from_base64url, from_hex_id, to_base64url
from keys import formats, parsers, services, signals
from keys.errors import Refused
from keys.models import Bundle, Device, Prekey

STATUS = {"STALE_BUNDLE": 409, "NOT_FOUND": 404, "TOO_MANY": 429}
NONCE_KEY = "device_nonce"
NONCE_BYTES = 32
MAX_NUMBER = 2**53 - 1
JSON = "application/json"
BYTES = "application/octet-stream"

Answer = dict[str, Any]
T = TypeVar("T")


def refusals_as_json(view: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
    """A refusal of the service becomes 404, 409, 429, or 422 for an object that does not verify."""

    @functools.wraps(view)
    async def wrapped(*args: Any, **kwargs: Any) -> T:
        try:
            return await view(*args, **kwargs)
        except Refused as refused:
            raise ApiError(refused.code, STATUS.get(refused.code, 422)) from None
        except TooMany as many:
            raise ApiError("TOO_MANY", 429, retry_after=many.retry_after) from None
        except (OperationalError, InterfaceError):  # no connection to be had, or a deadlock that the database ended
            raise ApiError("UNAVAILABLE", 503, retry_after=2) from None

    return wrapped


@api_view("POST")
@refusals_as_json
async def publish(request: HttpRequest) -> Answer:
    given = read_json(request, {"bundle": parsers.as_bytes, "prekeys": parsers.as_prekeys})
    user = await _user(request)
    browser = browser_label(request.headers.get("User-Agent", ""))
    published = await run(services.publish, owner=user, browser=browser, **given)
    await signals.bundle_published.asend_robust(sender=Bundle, uid=user.uid, log_size=published.log_size)
    return {"version": published.version, "log_size": published.log_size}


@api_view("GET")
@refusals_as_json
async def bundles(request: HttpRequest, uid: str) -> Answer:
    query = read_query(request, {"after": (as_count(0, MAX_NUMBER), 0)})
    try:
        person = from_hex_id(uid)
    except ValueError:
        raise ApiError("NOT_FOUND", 404) from None
    page = await run(services.bundle_page, uid=person, **query)
    return {"uid": uid, "bundles": [to_base64url(blob) for blob in page.blobs], "current": page.current}


@api_view("GET")
@refusals_as_json
async def browsers(request: HttpRequest) -> Answer:
    read_query(request, {})
    kinds = await run(services.browser_kinds, await _user(request))
    return {"browsers": {did.hex: kind for did, kind in kinds.items()}}


@api_view("GET")
@refusals_as_json
async def log(request: HttpRequest) -> Answer | HttpResponse:
    start = read_query(request, {"from": (as_count(0, MAX_NUMBER), 0)})["from"]
    page = await run(services.log_page, start=start)
    if request.get_preferred_type([JSON, BYTES]) == BYTES:
        return _log_bytes(page)
    binary = {"head": page.head, "sig": page.sig, "log_pub": page.log_pub}
    leaves = [to_base64url(leaf) for leaf in page.leaves]
    return {"leaves": leaves, "size": page.size, **{name: to_base64url(value) for name, value in binary.items()}}


@api_view("GET", "POST")
@refusals_as_json
async def prekeys(request: HttpRequest) -> Answer:
    if request.method != "POST":
        state = await run(services.prekey_state, device=await _bound_device(request))
        names = ("opk_left", "opk_max_id", "spk_id", "spk_not_after_ms")
        return {name: getattr(state, name) for name in names}
    given = read_json(request, {"prekeys": parsers.as_prekeys})
    state = await run(services.store_prekeys, device=await _bound_device(request), **given)
    return {"opk_left": state.opk_left, "spk_id": state.spk_id}


@api_view("POST")
@refusals_as_json
async def fetch_prekeys(request: HttpRequest) -> Answer:
    given = read_json(request, {"uid": parsers.as_id, "dids": parsers.as_dids})
    found = await run(services.fetch_prekeys, requester=await _user(request), **given)
    return {"prekeys": {did.hex: {"spk": _words(each.spk), "opk": _words(each.opk)} for did, each in found.items()}}


@api_view("GET", "PUT")
@refusals_as_json
async def write_number(request: HttpRequest) -> Answer:
    if request.method != "PUT":
        return {"write_no": await run(services.write_number, device=await _bound_device(request))}
    given = read_json(request, {"write_no": as_count(0, MAX_NUMBER)})
    return {"write_no": await run(services.raise_write_number, device=await _bound_device(request), **given)}


@api_view("POST")
async def nonce(request: HttpRequest) -> Answer:
    read_json(request, {})
    value = to_base64url(secrets.token_bytes(NONCE_BYTES))
    await request.session.aset(NONCE_KEY, value)
    return {"nonce": value}


@api_view("POST")
@refusals_as_json
async def session(request: HttpRequest) -> Answer:
    """One nonce, one try: it is gone whatever comes out."""
    expected = await request.session.apop(NONCE_KEY, None)
    given = read_json(request, {"did": parsers.as_id, "sig": parsers.as_sig})
    origin = request.headers.get("Origin", "")
    if expected is None or origin not in settings.ALLOWED_ORIGINS:
        raise ApiError("BAD_SIG", 403)
    proof = {"origin": origin, "nonce": from_base64url(expected), **given}
    device = await _proved(await _user(request), proof)
    await request.session.aset(services.SESSION_KEY, device.did.hex)
    return {"did": device.did.hex}


def _log_bytes(page: services.LogPage) -> HttpResponse:
    """A quarter less than as JSON, and read in a page as it is."""
    parts = (page.head, page.sig, page.log_pub, *page.leaves)
    return HttpResponse(page.size.to_bytes(8, "big") + b"".join(map(formats.vec, parts)), content_type=BYTES)


async def _proved(user: User, proof: dict[str, Any]) -> Device:
    try:
        return await run(services.prove_device, user=user, **proof)
    except Refused as refused:
        raise ApiError(refused.code, 404 if refused.code == "NOT_FOUND" else 403) from None


async def _user(request: HttpRequest) -> User:
    """The person that the gate let in."""
    user = await request.auser()
    if not isinstance(user, User):
        raise ApiError("LOGIN_REQUIRED", 401)
    return user


async def _bound_device(request: HttpRequest) -> Device:
    device = await run(services.bound_device, request.session, await _user(request))
    if device is None:
        raise ApiError("DEVICE_REQUIRED", 403)
    return device


def _words(prekey: Prekey | None) -> dict[str, str] | None:
    if prekey is None:
        return None
    return {"prekey": to_base64url(bytes(prekey.blob)), "sig": to_base64url(bytes(prekey.sig))}
