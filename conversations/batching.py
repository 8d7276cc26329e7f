"""Group commit: posts of many people that wait at the same moment are one transaction.

There is no timer: while one batch commits the next one gathers, and an idle server takes a single post at once. What
waits is bounded in number, bytes and time; beyond that a post is refused at once, to be repeated.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import psycopg
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections

from chatproject.lib import bridge
from chatproject.lib.perloop import PerLoop
from conversations import services
from conversations.baseconsumer import log_failure
from conversations.judging import Stored
from conversations.pipeline import COULD_NOT_SHARE, Pipeline
from conversations.refusals import Refusal, unavailable
from conversations.rules import MESSAGE, Post

logger = logging.getLogger(__name__)
Answer = Stored | Refusal
T = TypeVar("T")

MAX_BATCH, MAX_BATCH_BYTES = 400, 8 * 1024 * 1024
MAX_WAITING, MAX_WAITING_BYTES = 5_000, 64 * 1024 * 1024
WAIT_SECONDS = 5.0


@dataclass(slots=True)
class _Waiting:
    post: Post
    then: Callable[[Post, Answer], Any]
    result: asyncio.Future[Any]
    until: float

    def say(self, answer: Answer) -> None:
        """Once; whoever waited may be gone."""
        if not self.result.done():
            self.result.set_result(self.then(self.post, answer))


class Batcher:
    """The posts of one event loop on their way into the database, in the order in which they came."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None
        self._pipeline = Pipeline()

    def submit(self, post: Post, then: Callable[[Post, Answer], T]) -> asyncio.Future[T]:
        """What `then` makes of the answer, once it is committed or refused; never an exception of the database."""
        result: asyncio.Future[T] = self._loop.create_future()
        if len(self._waiting) >= MAX_WAITING or self._bytes + len(post.blob) > MAX_WAITING_BYTES:
            result.set_result(then(post, unavailable()))
            return result
        self._waiting.append(_Waiting(post, then, result, self._loop.time() + WAIT_SECONDS))
        self._bytes += len(post.blob)
        if self._task is None:
            self._task = self._loop.create_task(self._work())
        return result

    async def close(self) -> None:
        """When nothing waits any more."""
        await self._pipeline.close()

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._serve(self._next())
        finally:
            self._task = None

    async def _serve(self, batch: Sequence[_Waiting]) -> None:
        """Each of them is answered, whatever happens, so that the next batch has its turn."""
        try:
            answers = await self._answers([each.post for each in batch]) if batch else []
            for each, answer in zip(batch, answers, strict=True):
                each.say(answer)
        except Exception as error:
            log_failure("posts", error)
            for each in batch:
                each.say(unavailable())

    def _next(self) -> list[_Waiting]:
        """The first record alone, or the messages up to the first record; who has waited too long is refused."""
        taken = [self._waiting.popleft() for _ in range(self._fitting() or 1)]
        self._bytes -= sum(len(each.post.blob) for each in taken)
        late = [each for each in taken if each.until < self._loop.time()]
        for each in late:
            each.say(unavailable())
        return [each for each in taken if not each.result.done()]

    def _fitting(self) -> int:
        """How many messages stand at the front, up to the bounds of a batch."""
        count = size = 0
        for each in islice(self._waiting, MAX_BATCH):
            size += len(each.post.blob)
            if each.post.kind != MESSAGE or size > MAX_BATCH_BYTES:
                break
            count += 1
        return count

    async def _answers(self, posts: Sequence[Post]) -> list[Answer]:
        try:
            if not _pipelined() or posts[0].kind != MESSAGE:
                return await bridge.run(services.post_batch, posts)
            return await self._pipelined(posts)
        except (DatabaseError, psycopg.Error, TimeoutError, OSError) as error:
            logger.warning("posts refused, to be repeated: %s", type(error).__name__)
            return [unavailable()] * len(posts)

    async def _pipelined(self, posts: Sequence[Post]) -> list[Answer]:
        try:
            return await self._pipeline.post_batch(posts)
        except COULD_NOT_SHARE:  # one of them met another transaction's: each alone, so that no neighbour suffers
            return await bridge.run(services.post_batch, posts)


batcher = PerLoop(Batcher)


def _pipelined() -> bool:
    """Asked of the settings: `connections` would make a connection's object for every task."""
    engine: str = connections.settings[settings.MESSAGES_ALIAS]["ENGINE"]
    return not settings.BRIDGE_INLINE and engine.endswith(".postgresql")
