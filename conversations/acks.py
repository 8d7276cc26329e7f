"""Acknowledgements gather for a moment, the latest of each device and conversation, and are written together.

They are hints for retention: one that is lost with its process is told again by a later one.
"""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from django.db import Error as DatabaseError

from chatproject.lib import bridge
from chatproject.lib.perloop import PerLoop
from conversations import services
from conversations.baseconsumer import log_failure
from conversations.refusals import Refusal, unavailable
from conversations.services import AckKey

GATHER_SECONDS = 1.0
MAX_WAITING = 20_000


@dataclass(slots=True)
class Acks:
    """Those of one event loop."""

    _waiting: dict[AckKey, int] = field(default_factory=dict)
    _answers: dict[AckKey, asyncio.Future[Refusal | None]] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    def take(self, *, uid: UUID, did: UUID, cid: UUID, upto: int) -> asyncio.Future[Refusal | None]:
        """None when it is kept."""
        key, loop = (uid, did, cid), asyncio.get_running_loop()
        answer = self._answers.get(key) or loop.create_future()
        if key not in self._waiting and len(self._waiting) >= MAX_WAITING:
            answer.set_result(unavailable())
            return answer
        self._waiting[key] = max(upto, self._waiting.get(key, 0))
        self._answers[key] = answer
        if self._task is None:
            self._task = loop.create_task(self._write())
        return answer

    async def _write(self) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        waiting, answers = self._waiting, self._answers
        self._waiting, self._answers, self._task = {}, {}, None
        refused = await _written(waiting)
        for key, answer in answers.items():
            answer.set_result(refused.get(key))


acks = PerLoop(Acks)


async def _written(waiting: dict[AckKey, int]) -> dict[AckKey, Refusal]:
    try:
        return await bridge.run(services.ack_batch, waiting)
    except DatabaseError:
        return dict.fromkeys(waiting, unavailable())
    except Exception as error:
        log_failure("acks", error)
        return {}
