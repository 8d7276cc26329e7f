"""What the socket and its HTTP twin share: a verb in, the frame to answer with out. The only caller of the services
from the event loop.
"""

import asyncio
from asyncio import Future
from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from django.db import Error as DatabaseError

from chatproject.lib import bridge, measures
from conversations import acks, batching, delivery, frames, services
from conversations.attachments import services as attachments
from conversations.judging import Stored
from conversations.refusals import Refusal, unavailable
from conversations.rules import Post
from conversations.socketauth import Login
from conversations.standing import Standing, heartbeats, standing_of
from conversations.switchboard import News, Socket


class Outcome(NamedTuple):
    """The answer to a post and, when it is in the database, whom to tell of what."""

    answer: frames.Accepted | frames.Refused
    uids: tuple[UUID, ...] = ()
    event: frames.Event | None = None


def submit(login: Login, frame: frames.Post) -> Future[Outcome]:
    """Store, and say so only when it is committed. A database that cannot answer is a refusal to be retried."""
    post = Post(login.uid, login.did, frame.cid, frame.client_id, frame.kind, frame.blob)
    if frame.blobs:
        return asyncio.get_running_loop().create_task(_claim_and_post(post, frame.blobs))
    return batching.batcher().submit(post, _outcome)


async def post(login: Login, frame: frames.Post) -> Outcome:
    return await submit(login, frame)


def tell(outcome: Outcome, *, but: Socket | None = None) -> None:
    """After the answer. Also for a repeated post: its first bell may have died with its process."""
    if isinstance(outcome.answer, frames.Accepted):
        cid, seq, event = outcome.answer.cid, outcome.answer.seq, outcome.event
        news = News(frames.encode(event), event.at_ms) if event else None
        delivery.tell(outcome.uids, cid=cid, seq=seq, news=news, but=but)


async def pull(login: Login, *, cid: UUID, after: int, limit: int) -> frames.Events:
    """Refusal 404 for a conversation the person is not in."""
    stored = await bridge.run(services.pull, uid=login.uid, cid=cid, after=after, limit=limit)
    return frames.events(cid=cid, after=after, stored=stored)


def ack(login: Login, frame: frames.Ack) -> Future[Refusal | None]:
    """Kept within a moment; the refusal if it is none of theirs."""
    return acks.acks().take(uid=login.uid, did=login.did, cid=frame.cid, upto=frame.upto)


async def standing(login: Login) -> Standing:
    return await standing_of(login.uid)


def heartbeat(login: Login) -> Future[Standing]:
    """Within a moment."""
    return heartbeats().ask(login.uid)


async def _claim_and_post(post: Post, blobs: Collection[UUID]) -> Outcome:
    """Never an event whose blobs the server does not know to keep: they are claimed first."""
    whose = {"uid": post.uid, "did": post.did, "cid": post.cid, "client_id": post.client_id}
    try:
        await bridge.run(attachments.claim, **whose, blobs=blobs)
    except Refusal as refusal:
        return _outcome(post, refusal)
    except (DatabaseError, OSError):
        return _outcome(post, unavailable())
    return await batching.batcher().submit(post, _outcome)


def _outcome(post: Post, answer: batching.Answer) -> Outcome:
    if isinstance(answer, Refusal):
        measures.posts_refused.add(answer.code)
        refused = frames.Refused(post.cid, post.client_id, answer.status, answer.code, answer.retry_after)
        return Outcome(refused)
    stored = answer.accepted
    if not stored.dup:
        measures.stored.add(post.kind)
    accepted = frames.Accepted(post.cid, post.client_id, stored.seq, stored.sha256, stored.dup)
    return Outcome(accepted, answer.uids, None if stored.dup else _event(post, answer))


def _event(post: Post, stored: Stored) -> frames.Event:
    seq, sha256, at_ms = stored.accepted.seq, stored.accepted.sha256, frames.milliseconds(stored.at)
    return frames.Event(post.cid, seq, post.kind, post.uid, post.did, post.client_id, sha256, post.blob, at_ms)
