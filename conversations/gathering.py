"""Reads that many ask for at about the same time: one for all of them, for Django and the database take nearly as long
for one as for a hundred.
"""

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Generic, TypeVar

from django.db import Error as DatabaseError

from conversations.baseconsumer import log_failure

MAX_TOGETHER = 200  # keys of one read
K = TypeVar("K")
V = TypeVar("V")


class Gathering(Generic[K, V]):
    """Those of one event loop. `read` finds something for every key. While one read is under way, whoever asks waits
    for the next; with a pause also for so many seconds before it.
    """

    def __init__(
        self, what: str, read: Callable[[Collection[K]], Awaitable[Mapping[K, V]]], *, pause: float = 0.0
    ) -> None:
        self._what, self._read, self._pause = what, read, pause
        self._waiting: dict[K, Future[V]] = {}
        self._task: asyncio.Task[None] | None = None

    def ask(self, key: K) -> Future[V]:
        """Read after this call; the same for everybody who asks for one key meanwhile, so never to be cancelled.
        What `read` raises: when the database cannot say, also to those who wait for the next read.
        """
        loop = asyncio.get_running_loop()
        if key not in self._waiting:
            self._waiting[key] = loop.create_future()
        if self._task is None:
            self._task = loop.create_task(self._work())
        return self._waiting[key]

    async def _work(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._pause)
            await self._answer({key: self._waiting.pop(key) for key in list(self._waiting)[:MAX_TOGETHER]})
        self._task = None

    async def _answer(self, asked: Mapping[K, Future[V]]) -> None:
        try:
            found = await self._read(list(asked))
            answers = {answer: found[key] for key, answer in asked.items()}
        except (DatabaseError, TimeoutError) as error:
            _fail([*asked.values(), *self._waiting.values()], error)
            self._waiting.clear()
        except Exception as error:
            log_failure(self._what, error)
            _fail(asked.values(), error)
        else:
            for answer, value in answers.items():
                if not answer.done():
                    answer.set_result(value)


def _fail(answers: Iterable[Future[V]], error: Exception) -> None:
    for answer in answers:
        if not answer.done():
            answer.set_exception(error)
