"""A lean ASGI consumer: one task that reads, no thread for parsing, a deadline for every handler, one way to close.

Channels' own base class hops to the one shared database thread before every frame; this one never does.
"""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from chatproject.lib import measures, requestid
from conversations import closecodes

logger = logging.getLogger(__name__)
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

HANDLER_SECONDS = 10.0
BURST_FRAMES, FRAMES_PER_SECOND = 400.0, 100.0


class TokenBucket:
    def __init__(self, *, capacity: float, per_second: float, now: float) -> None:
        self._capacity, self._per_second = capacity, per_second
        self._tokens, self._at = capacity, now

    def take(self, now: float) -> bool:
        self._tokens = min(self._capacity, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        self._tokens -= 1
        return self._tokens >= 0


class BaseConsumer:
    """One socket. Subclasses say `opened`, `received`, `closed`."""

    def __init__(self) -> None:
        self.closing = self._accepted = False
        self._tasks: set[asyncio.Future[None]] = set()

    @classmethod
    def as_asgi(cls) -> Callable[[dict[str, Any], Receive, Send], Awaitable[None]]:
        async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
            await cls().serve(scope, receive, send)

        return app

    async def opened(self) -> None:
        """Accept or close."""

    def received(self, text: str) -> Awaitable[Any] | None:
        """Take one frame; what is left to wait for, within HANDLER_SECONDS, before the next is read. None: nothing."""
        return None

    def closed(self) -> None:
        """Forget the socket; must not wait."""

    async def serve(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.scope, self._send, self.loop = scope, send, asyncio.get_running_loop()
        requestid.begin()
        self._bucket = TokenBucket(capacity=BURST_FRAMES, per_second=FRAMES_PER_SECOND, now=self.loop.time())
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                await self._take(message)
        finally:
            self.closing = True
            for task in self._tasks:
                task.cancel()
            self.closed()

    async def accept(self) -> None:
        self._accepted = True
        measures.connects.add("open")
        await self._send({"type": "websocket.accept"})

    async def send_text(self, text: str) -> None:
        if self.closing:
            return
        try:
            await self._send({"type": "websocket.send", "text": text})
        except ConnectionError:  # nobody reads at the other end: what still waits here is ignored
            self.closing = True

    async def close(self, code: int, reason: str = "") -> None:
        """Close once, with a code of `closecodes` and what there is to say of it; what still arrives is ignored."""
        if not self.closing:
            self.closing = True
            (measures.closes if self._accepted else measures.connects).add(str(code))
            await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def throw_out(self, code: int) -> None:
        """Close for what it sent."""
        await self.close(code)

    def start(self, work: Awaitable[None]) -> asyncio.Future[None]:
        """Run beside the reading; ended with the socket."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error:
            log_failure("socket task", error)

    async def _take(self, message: dict[str, Any]) -> None:
        if self.closing:
            return
        try:
            rest = self._dispatch(message)
            if rest is not None:
                async with asyncio.timeout(HANDLER_SECONDS):
                    await rest
        except TimeoutError:
            await self.close(closecodes.TOO_SLOW)
        except Exception as error:
            log_failure("socket handler", error)
            await self.close(closecodes.SERVER_ERROR)

    def _dispatch(self, message: dict[str, Any]) -> Awaitable[Any] | None:
        if message["type"] == "websocket.connect":
            return self.opened()
        if not self._bucket.take(self.loop.time()):
            return self.throw_out(closecodes.TOO_MANY)
        if message.get("text") is None:
            return self.throw_out(closecodes.BAD_FRAMES)
        return self.received(message["text"])


def log_failure(what: str, error: BaseException) -> None:
    """What kind of error and where, without its text, which may quote what was sent."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
    logger.error("%s failed: %s at %s", what, type(error).__name__, where)
