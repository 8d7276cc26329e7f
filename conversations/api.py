"""The HTTP twins of the socket's verbs, on the same services and with the same answers."""

import asyncio
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from accounts.services import full_login
from chatproject.lib import bridge
from chatproject.lib.addresses import client_address, network_prefix
from chatproject.lib.api import ApiError, api_view, as_count, as_text, read_json, read_query
from chatproject.lib.encoding import from_hex_id, to_hex_id
from conversations import frames, longpoll, postbox, services
from conversations.framevalues import MAX_NUMBER
from conversations.httpcalls import answered, login_of, number_in
from conversations.models import Conversation
from conversations.socketauth import Login

F = TypeVar("F", frames.Post, frames.Ack)


@api_view("GET", "POST")
async def conversations(request: HttpRequest) -> dict[str, Any]:
    if request.method != "POST":
        return await answered(bridge.run(_list, request))
    fields = read_json(request, {"uid": from_hex_id})
    login = await login_of(request)
    opened = await answered(bridge.run(services.open_conversation, uid=login.uid, other=fields["uid"]))
    return _words(opened)


@api_view("GET", "POST")
async def events(request: HttpRequest, cid: str) -> Any:
    login, found = await login_of(request), number_in(cid)
    if request.method != "POST":
        query = {"after": (as_count(0, MAX_NUMBER), 0), "limit": (as_count(1, frames.MAX_PAGE), frames.MAX_PAGE)}
        page = await answered(postbox.pull(login, cid=found, **read_query(request, query)))
        return frames.to_json(page)
    outcome = await postbox.post(login, _frame(request, frames.Post, found))
    postbox.tell(outcome)
    if isinstance(outcome.answer, frames.Refused):
        return {"error": outcome.answer.code, **frames.to_json(outcome.answer)}, outcome.answer.status
    return frames.to_json(outcome.answer)


@api_view("GET")
async def heads(request: HttpRequest) -> dict[str, Any]:
    """The frame `welcome` or `heads`, when there is something to say, and the mark for the next request."""
    since = read_query(request, {"since": (as_text, "")})["since"]
    login = await login_of(request)
    key, network = request.session.session_key or "", network_prefix(client_address(request))
    frame, mark = await answered(longpoll.news(login, key=key, since=since, network=network))
    return {**frames.to_json(frame), "since": mark}


@api_view("POST")
async def ack(request: HttpRequest, cid: str) -> dict[str, Any]:
    login, found = await login_of(request), number_in(cid)
    await answered(_keep(login, _frame(request, frames.Ack, found)))
    return {}


async def _keep(login: Login, frame: frames.Ack) -> None:
    """What is written together with others goes on when this request is given up."""
    refusal = await asyncio.shield(postbox.ack(login, frame))
    if refusal:
        raise refusal


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


def _frame(request: HttpRequest, kind: type[F], cid: UUID) -> F:
    """The frame as the body; its conversation must be the address's."""
    try:
        frame = frames.parse(request.body.decode("ascii"))
    except (frames.FrameError, UnicodeDecodeError):
        raise ApiError("BAD_REQUEST") from None
    except RequestDataTooBig:
        raise ApiError("TOO_LARGE", 413) from None
    if not isinstance(frame, kind) or frame.cid != cid:
        raise ApiError("BAD_REQUEST")
    return frame
