"""The directory and the person themselves, as JSON (docs/architecture.md, HTTP contract)."""

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from accounts import throttles
from accounts.models import User
from accounts.names import clean_display_name, fold_name, is_name
from chatproject.lib.api import ApiError, api_view, as_count, as_text, read_query
from chatproject.lib.encoding import from_base64url, from_hex_id, to_base64url, to_hex_id

PEOPLE_MOST = 100
PEOPLE_USUAL = 50
SEARCH_MAX_CHARS = 64


@api_view("GET")
def me(request: HttpRequest) -> dict[str, Any]:
    user = _person(request)
    return {
        "uid": to_hex_id(user.uid),
        "name": user.name,
        "display_name": user.display_name,
        "bundle_version": user.bundle_version or 0,
        "staff": user.is_staff,
        "language": user.language or get_language(),
    }


@api_view("GET")
def people(request: HttpRequest) -> dict[str, Any]:
    """One page of everybody, or of those whose names begin with what was typed."""
    query = read_query(
        request,
        {"q": (_as_search, ""), "after": (_as_cursor, ""), "limit": (as_count(1, PEOPLE_MOST), PEOPLE_USUAL)},
    )
    _count(throttles.SEARCH_ACCOUNT, _person(request).uid.hex)
    limit = query["limit"]
    found = list(User.objects.directory(typed=query["q"], after=query["after"])[: limit + 1])
    page = found[:limit]
    return {"people": [_as_entry(user) for user in page], "next": _cursor(page[-1]) if len(found) > limit else None}


@api_view("GET")
def people_by_uid(request: HttpRequest) -> dict[str, Any]:
    """The people with these identifiers, deactivated ones too: their chats still name them."""
    uids = read_query(request, {"uids": (_as_uids, [])})["uids"]
    return {"people": [_as_entry(user) for user in User.objects.by_uids(uids)]}


@api_view("GET")
def name_is_free(request: HttpRequest, name: str) -> dict[str, Any]:
    """Whether a user name could be taken, for the sign-up page; open to all and therefore counted by address. Where
    nobody can sign up, nobody needs to ask.
    """
    if settings.REGISTRATION == "closed" and User.objects.administrators().exists():
        raise ApiError("NOT_FOUND", 404)
    _count(throttles.NAME_CHECK_ADDRESS, throttles.address_of(request))
    folded = fold_name(name)
    if not is_name(folded):
        return {"free": False, "code": "NAME_GRAMMAR"}
    taken = User.objects.get_queryset().filter(name=folded).exists()
    return {"free": not taken, "code": "NAME_TAKEN" if taken else None}


def _person(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User):
        raise ApiError("LOGIN_REQUIRED", 401)
    return user


def _count(limits: tuple[throttles.Limit, ...], who: str) -> None:
    try:
        throttles.count(limits, who)
    except throttles.TooMany as error:
        raise ApiError("TOO_MANY", 429, retry_after=error.retry_after) from None


def _as_entry(user: User) -> dict[str, Any]:
    return {
        "uid": to_hex_id(user.uid),
        "name": user.name,
        "display_name": user.display_name,
        "has_keys": bool(user.bundle_version),
    }


def _cursor(user: User) -> str:
    return to_base64url(user.name.encode("ascii"))


def _as_cursor(value: Any) -> str:
    """The name behind an opaque cursor; ValueError for one that this server never gave."""
    name = from_base64url(as_text(value)).decode("ascii")
    if not is_name(name):
        raise ValueError("not a cursor")
    return name


def _as_search(value: Any) -> str:
    text = clean_display_name(as_text(value))
    if len(text) > SEARCH_MAX_CHARS:
        raise ValueError("too long")
    return text


def _as_uids(value: Any) -> list[uuid.UUID]:
    uids = [from_hex_id(part) for part in as_text(value).split(",") if part]
    if len(uids) > PEOPLE_MOST:
        raise ValueError("too many")
    return uids
