"""What every verb over HTTP needs first: whose login and device, which number, and how a refusal is said."""

from collections.abc import Awaitable
from typing import TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest

from chatproject.lib import bridge
from chatproject.lib.api import ApiError
from chatproject.lib.encoding import from_hex_id
from conversations import closecodes
from conversations.refusals import Refusal
from conversations.socketauth import Login, LoginMissing, identify_session

R = TypeVar("R")


async def login_of(request: HttpRequest) -> Login:
    """401 without a full login, 403 DEVICE_REQUIRED without a bound device."""
    return await answered(bridge.run(identify_session, request.session))


async def answered(work: Awaitable[R]) -> R:
    """A refusal, a login that is missing, or a database or storage that cannot answer becomes the answer."""
    try:
        return await work
    except LoginMissing as missing:
        if missing.close_code == closecodes.DEVICE_NEEDED:
            raise ApiError("DEVICE_REQUIRED", 403) from None
        raise ApiError("LOGIN_REQUIRED", 401) from None
    except Refusal as refusal:
        extra = {"retry_after": refusal.retry_after} if refusal.retry_after else {}
        raise ApiError(refusal.code, refusal.status, **extra) from None
    except (OperationalError, InterfaceError, ConnectionError):
        raise ApiError("UNAVAILABLE", 503, retry_after=2) from None


def number_in(address: str) -> UUID:
    """A conversation's or a blob's number; what is none names nothing."""
    try:
        return from_hex_id(address)
    except ValueError:
        raise ApiError("NOT_FOUND", 404) from None
