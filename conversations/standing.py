"""Where everything is for one person: what a welcome and a heartbeat tell.

Heartbeats gather for a moment and are answered from one read for all: of many sockets they would cost more than the
messages. Who says hello is answered at once, together with those who came while others were.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from chatproject.lib import bridge
from chatproject.lib.perloop import PerLoop
from conversations import frames, services
from conversations.gathering import Gathering
from keys import services as keys

GATHER_SECONDS = 0.1
READ_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Standing:
    incarnation: str
    heads: Mapping[UUID, int]
    log_size: int
    now_ms: int


async def standing_of(uid: UUID) -> Standing:
    """At once. DatabaseError, TimeoutError after READ_SECONDS."""
    return await asyncio.shield(welcomes().ask(uid))


async def _read_together(uids: Collection[UUID]) -> Mapping[UUID, Standing]:
    async with asyncio.timeout(READ_SECONDS):
        return await bridge.run(_read, uids)


heartbeats = PerLoop(lambda: Gathering("heartbeats", _read_together, pause=GATHER_SECONDS))
welcomes = PerLoop(lambda: Gathering("welcomes", _read_together))


def _read(uids: Collection[UUID]) -> dict[UUID, Standing]:
    incarnation, heads = services.incarnation(), services.heads_of(uids)
    log_size, now_ms = keys.log_size(), frames.milliseconds(timezone.now())
    return {uid: Standing(incarnation, heads[uid], log_size, now_ms) for uid in uids}
