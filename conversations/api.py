"""The HTTP twins of the socket's verbs, on the same services and with the same answers."""

from collections.abc import Awaitable
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest

from accounts.services import full_login
from chatproject.lib import bridge
from chatproject.lib.api import ApiError, api_view, as_count, read_json, read_query
from chatproject.lib.encoding import from_hex_id, to_hex_id
from conversations import closecodes, frames, postbox, services
from conversations.framevalues import MAX_NUMBER
from conversations.models import Conversation
from conversations.refusals import Refusal
from conversations.socketauth import Login, LoginMissing, identify_session

R = TypeVar("R")


@api_view("GET", "POST")
async def conversations(request: HttpRequest) -> dict[str, Any]:
    if request.method != "POST":
        return await _answered(bridge.run(_list, request))
    fields = read_json(request, {"uid": from_hex_id})
    login = await _login(request)
    opened = await _answered(bridge.run(services.open_conversation, uid=login.uid, other=fields["uid"]))
    return _words(opened)


@api_view("GET", "POST")
async def events(request: HttpRequest, cid: str) -> Any:
    login, found = await _login(request), _cid(cid)
    if request.method != "POST":
        query = {"after": (as_count(0, MAX_NUMBER), 0), "limit": (as_count(1, frames.MAX_PAGE), frames.MAX_PAGE)}
        page = await _answered(postbox.pull(login, cid=found, **read_query(request, query)))
        return frames.to_json(page)
    outcome = await postbox.post(login, _post_frame(request, found))
    postbox.tell(outcome)
    if isinstance(outcome.answer, frames.Refused):
        return {"error": outcome.answer.code, **frames.to_json(outcome.answer)}, outcome.answer.status
    return frames.to_json(outcome.answer)


def _list(request: HttpRequest) -> dict[str, Any]:
    user = full_login(request.session)
    if user is None:
        raise ApiError("LOGIN_REQUIRED", 401)
    found = services.conversations_of(uid=user.pk)
    return {
        "conversations": [{**_words(each), "updated_ms": frames.milliseconds(each.updated_at)} for each in found],
        "incarnation": services.incarnation(),
    }


def _words(conversation: Conversation) -> dict[str, Any]:
    return {
        "cid": to_hex_id(conversation.cid),
        "uids": [to_hex_id(uid) for uid in conversation.uids],
        "seq": conversation.seq,
        "epoch": conversation.epoch,
    }


async def _login(request: HttpRequest) -> Login:
    try:
        return await _answered(bridge.run(identify_session, request.session))
    except LoginMissing as missing:
        if missing.close_code == closecodes.DEVICE_NEEDED:
            raise ApiError("DEVICE_REQUIRED", 403) from None
        raise ApiError("LOGIN_REQUIRED", 401) from None


async def _answered(work: Awaitable[R]) -> R:
    """A refusal or a database that cannot answer becomes the answer."""
    try:
        return await work
    except Refusal as refusal:
        extra = {"retry_after": refusal.retry_after} if refusal.retry_after else {}
        raise ApiError(refusal.code, refusal.status, **extra) from None
    except (OperationalError, InterfaceError):
        raise ApiError("UNAVAILABLE", 503, retry_after=2) from None


def _cid(text: str) -> UUID:
    try:
        return from_hex_id(text)
    except ValueError:
        raise ApiError("NOT_FOUND", 404) from None


def _post_frame(request: HttpRequest, cid: UUID) -> frames.Post:
    """The frame `post` as the body; its conversation must be the address's."""
    try:
        frame = frames.parse(request.body.decode("ascii"))
    except (frames.FrameError, UnicodeDecodeError):
        raise ApiError("BAD_REQUEST") from None
    except RequestDataTooBig:
        raise ApiError("TOO_LARGE", 413) from None
    if not isinstance(frame, frames.Post) or frame.cid != cid:
        raise ApiError("BAD_REQUEST")
    return frame
