"""What the socket and its HTTP twin share: a verb in, the frame to answer with out. The only caller of the services
from the event loop.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from chatproject.lib import bridge, measures
from conversations import delivery, frames, services
from conversations.refusals import Refusal, unavailable
from conversations.socketauth import Login
from conversations.switchboard import Socket
from keys import services as keys


@dataclass(frozen=True, slots=True)
class Standing:
    """Where everything is for one person."""

    incarnation: str
    heads: Mapping[UUID, int]
    log_size: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a post and, when it is in the database, whom to ring for which sequence."""

    answer: frames.Accepted | frames.Refused
    uids: tuple[UUID, ...] = ()


async def post(login: Login, frame: frames.Post) -> Outcome:
    """Store, and say so only when it is committed. A database that cannot answer is a refusal to be retried."""
    try:
        stored = await bridge.run(
            services.post,
            uid=login.uid,
            did=login.did,
            cid=frame.cid,
            client_id=frame.client_id,
            kind=frame.kind,
            blob=frame.blob,
        )
    except (OperationalError, InterfaceError, TimeoutError):
        return _refused(frame, unavailable())
    except Refusal as refusal:
        return _refused(frame, refusal)
    accepted = stored.accepted
    if not accepted.dup:
        measures.stored.add(frame.kind)
    answer = frames.Accepted(frame.cid, frame.client_id, accepted.seq, accepted.sha256, accepted.dup)
    return Outcome(answer, stored.uids)


def ring(outcome: Outcome, *, but: Socket | None = None) -> None:
    """After the answer. Also for a repeated post: its first bell may have died with its process."""
    if isinstance(outcome.answer, frames.Accepted):
        delivery.ring(outcome.uids, cid=outcome.answer.cid, seq=outcome.answer.seq, but=but)


async def pull(login: Login, *, cid: UUID, after: int, limit: int) -> frames.Events:
    """Refusal 404 for a conversation the person is not in."""
    stored = await bridge.run(services.pull, uid=login.uid, cid=cid, after=after, limit=limit)
    return frames.events(cid=cid, after=after, stored=stored)


async def ack(login: Login, frame: frames.Ack) -> None:
    await bridge.run(services.ack, uid=login.uid, did=login.did, cid=frame.cid, upto=frame.upto)


async def standing(login: Login) -> Standing:
    return await bridge.run(_standing, login.uid)


def _standing(uid: UUID) -> Standing:
    return Standing(
        incarnation=services.incarnation(),
        heads=services.heads(uid=uid),
        log_size=keys.log_size(),
        now_ms=frames.milliseconds(timezone.now()),
    )


def _refused(frame: frames.Post, refusal: Refusal) -> Outcome:
    measures.posts_refused.add(refusal.code)
    return Outcome(frames.Refused(frame.cid, frame.client_id, refusal.status, refusal.code, refusal.retry_after))
