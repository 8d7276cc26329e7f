"""Where everything is for one person: what a welcome and a heartbeat tell.

Heartbeats gather for a moment and are answered from one read for all: of many sockets they would cost more than the
messages.
"""

import asyncio
from asyncio import Future
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db import Error as DatabaseError
from django.utils import timezone

from chatproject.lib import bridge
from chatproject.lib.perloop import PerLoop
from conversations import frames, services
from conversations.baseconsumer import log_failure
from keys import services as keys

GATHER_SECONDS = 0.1
MAX_TOGETHER = 200  # people of one read
READ_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Standing:
    incarnation: str
    heads: Mapping[UUID, int]
    log_size: int
    now_ms: int


async def standing_of(uid: UUID) -> Standing:
    """At once. DatabaseError."""
    found = await bridge.run(_read, [uid])
    return found[uid]


@dataclass(slots=True)
class Heartbeats:
    """Those of one event loop."""

    _waiting: dict[UUID, Future[Standing]] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    def ask(self, uid: UUID) -> Future[Standing]:
        """Read after this call, soon; the same for everybody who asks for one person meanwhile. DatabaseError,
        TimeoutError after READ_SECONDS.
        """
        loop = asyncio.get_running_loop()
        if uid not in self._waiting:
            self._waiting[uid] = loop.create_future()
        if self._task is None:
            self._task = loop.create_task(self._work())
        return self._waiting[uid]

    async def _work(self) -> None:
        while self._waiting:
            await asyncio.sleep(GATHER_SECONDS)
            asked = {uid: self._waiting.pop(uid) for uid in list(self._waiting)[:MAX_TOGETHER]}
            await _answer(asked)
        self._task = None


heartbeats = PerLoop(Heartbeats)


async def _answer(asked: Mapping[UUID, Future[Standing]]) -> None:
    try:
        async with asyncio.timeout(READ_SECONDS):
            found = await bridge.run(_read, list(asked))
    except Exception as error:
        if not isinstance(error, DatabaseError | TimeoutError):
            log_failure("heartbeats", error)
        for answer in asked.values():
            if not answer.done():
                answer.set_exception(error)
        return
    for uid, answer in asked.items():
        if not answer.done():
            answer.set_result(found[uid])


def _read(uids: Collection[UUID]) -> dict[UUID, Standing]:
    incarnation, heads = services.incarnation(), services.heads_of(uids)
    log_size, now_ms = keys.log_size(), frames.milliseconds(timezone.now())
    return {uid: Standing(incarnation, heads[uid], log_size, now_ms) for uid in uids}
