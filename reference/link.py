"""The socket: hello, posts and pulls with their answers, bells; it comes back by itself when it breaks."""

import asyncio
import contextlib
import random
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin

from reference import wire

HEARTBEAT_SECONDS = 25.0
PING_SECONDS, FAREWELL_SECONDS = 12.0, 3.0  # a line that answers no ping is given up after 27 s at most
ANSWER_SECONDS = 20.0
PAGE = 200
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
FINAL_CLOSE_CODES = frozenset({4400, 4401, 4403, 4409})
PAUSES_SECONDS = {4429: 60.0}  # at least, after a close code
GOING_AWAY = 4412
RETRY = re.compile(r"retry=([0-9]{1,5})")  # the reason that a server which ends closes with: ms
RETRY_MOST_SECONDS = 15.0
PASSING_STATUSES = frozenset({429, 503})
Answer = TypeVar("Answer")


class PostRefused(Exception):
    """The answer `refused`; `code` is the server's."""

    def __init__(self, refused: wire.Refused) -> None:
        super().__init__(f"{refused.status} {refused.code}")
        self.status, self.code, self.retry_after = refused.status, refused.code, refused.retry_after


class LinkEnded(Exception):
    """The server closed the socket with a code after which nothing is sent any more."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Link:
    """One device's socket. `on_news(heads, log_size)` is called for each welcome, heads and bell.

    `on_doubt(cid)` before it, when the server knows less of a conversation than `cursors`, or is another database.
    """

    def __init__(
        self,
        origin: str,
        cookies: Callable[[], str],
        did: bytes,
        *,
        cursors: Callable[[], Mapping[bytes, int]],
        on_news: Callable[[Mapping[bytes, int], int], None],
        on_doubt: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self._origin, self._cookies, self._did = origin, cookies, did
        self._cursors, self._on_news, self._on_doubt = cursors, on_news, on_doubt
        self.socket: ClientConnection | None = None
        self._welcomed = asyncio.Event()
        self._posts: dict[str, asyncio.Future[wire.Accepted]] = {}
        self._pulls: dict[tuple[bytes, int], asyncio.Future[wire.Events]] = {}  # conversation, first sequence
        self._incarnation: str | None = None
        self._failures = 0  # to connect, since the last welcome
        self._ended_with: int | None = None
        self._handed: wire.Handed | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect; returns after the first welcome, or raises what ended the connection for good."""
        self._task = asyncio.create_task(self._keep())
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())  # told by `_end` as well
        welcomed = asyncio.create_task(self._welcomed.wait())
        await asyncio.wait({self._task, welcomed}, return_when=asyncio.FIRST_COMPLETED)
        welcomed.cancel()
        if self._task.done():
            self._task.result()

    @property
    def is_online(self) -> bool:
        return self.socket is not None

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._task

    async def post(
        self, cid: bytes, client_id: str, kind: str, blob: bytes, blobs: tuple[str, ...] = ()
    ) -> wire.Accepted:
        """Post until it is answered: the same bytes under the same client id. PostRefused when the answer is no,
        LinkEnded when there will be none.

        429 and 503 are no answer yet: the same post again after the server's pause.
        """
        while True:
            await self._open_line()  # whoever waits for it is no part of a line that breaks meanwhile
            answer = self._posts.setdefault(client_id, asyncio.get_running_loop().create_future())
            try:
                return await self._asked(wire.post(cid, client_id, kind, blob, blobs), answer)
            except (ConnectionError, TimeoutError):
                await asyncio.sleep(0)
            except PostRefused as refused:
                if refused.status not in PASSING_STATUSES:
                    raise
                await asyncio.sleep(refused.retry_after or 1)
            finally:
                self._posts.pop(client_id, None)

    async def pull(self, cid: bytes, after: int) -> wire.Events:
        """One page of events after a sequence: the one that was handed over last, or what the server
        answers. LinkEnded when there will be none.
        """
        handed, self._handed = self._handed, None
        if handed is not None and (handed.cid, handed.item.seq) == (cid, after + 1):
            return wire.Events(cid, after + 1, after + 1, (handed.item,))
        while True:
            await self._open_line()
            answer = self._pulls.setdefault((cid, after + 1), asyncio.get_running_loop().create_future())
            try:
                return await self._asked(wire.pull(cid, after, PAGE), answer)
            except (ConnectionError, TimeoutError):
                await asyncio.sleep(0)
            finally:
                self._pulls.pop((cid, after + 1), None)

    async def ack(self, cid: bytes, upto: int) -> None:
        with contextlib.suppress(ConnectionError, LinkEnded):
            await self._send(wire.ack(cid, upto))

    async def _asked(self, frame: str, answer: asyncio.Future[Answer]) -> Answer:
        await self._send(frame)
        return await asyncio.wait_for(answer, ANSWER_SECONDS)

    async def _open_line(self) -> None:
        await self._welcomed.wait()
        if self._ended_with is not None:
            raise LinkEnded(self._ended_with)

    async def _send(self, frame: str) -> None:
        await self._open_line()
        try:
            if self.socket is not None:
                await self.socket.send(frame)
        except ConnectionClosed:
            raise ConnectionError from None

    async def _keep(self) -> None:
        """Connects again and again, with full jitter, until the server says that it is of no use."""
        while True:
            pause = hint = 0.0
            try:
                await self._serve_one_socket()
            except ConnectionClosed as closed:
                code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd is not None else (0, "")
                if code in FINAL_CLOSE_CODES:
                    self._end(code)
                    raise
                pause, hint = PAUSES_SECONDS.get(code, 0.0), retry_hint(code, reason)
            except (OSError, InvalidHandshake, TimeoutError):
                self._failures += 1
            except Exception:
                self._end(0)
                raise
            self._drop()
            longest = max(hint, min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**self._failures))
            await asyncio.sleep(pause + random.uniform(0, longest))  # noqa: S311  no secret

    async def _serve_one_socket(self) -> None:
        address = "ws" + self._origin.removeprefix("http") + "/ws/"
        headers = {"Cookie": self._cookies()}
        async with connect(
            address,
            origin=Origin(self._origin),
            additional_headers=headers,
            proxy=None,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            close_timeout=FAREWELL_SECONDS,
        ) as socket:
            await socket.send(wire.hello(self._did, self._cursors(), self._incarnation))
            heartbeat = asyncio.create_task(self._beat(socket))
            try:
                async for text in socket:
                    self._take(socket, wire.read(text))
            finally:
                heartbeat.cancel()

    async def _beat(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(HEARTBEAT_SECONDS)
                await socket.send(wire.ask_heads())

    def _take(self, socket: ClientConnection, frame: wire.ServerFrame) -> None:
        match frame:
            case wire.Welcome():
                self._doubt(frame)
                self._incarnation = frame.incarnation or self._incarnation
                self.socket, self._failures = socket, 0
                self._welcomed.set()
                self._on_news(frame.heads, frame.log_size)
            case wire.Bell():
                self._on_news({frame.cid: frame.seq}, 0)
            case wire.Handed():
                self._handed = frame
                self._on_news({frame.cid: frame.item.seq}, 0)
            case wire.LogBell():
                self._on_news({}, frame.log_size)
            case wire.Accepted():
                _settle(self._posts.get(frame.client_id), frame)
            case wire.Refused():
                _fail(self._posts.get(frame.client_id), PostRefused(frame))
            case wire.Events():
                _settle(self._pulls.get((frame.cid, frame.first)), frame)  # what nobody waits for was asked twice
            case wire.FrameRefused():
                pass  # whoever waits asks again after ANSWER_SECONDS

    def _doubt(self, welcome: wire.Welcome) -> None:
        is_other = None not in (self._incarnation, welcome.incarnation) and welcome.incarnation != self._incarnation
        for cid, cursor in self._cursors().items():
            if is_other or welcome.heads.get(cid, cursor) < cursor:
                self._on_doubt(cid)

    def _end(self, code: int) -> None:
        """Whoever waits for the socket, or for an answer, learns that there is none."""
        self._drop()
        self._ended_with = code
        self._welcomed.set()

    def _drop(self) -> None:
        """The socket is gone: everyone who waits for an answer asks again on the next one."""
        self._welcomed.clear()
        self.socket = None
        for post in self._posts.values():
            _fail(post, ConnectionError())
        for pull in self._pulls.values():
            _fail(pull, ConnectionError())


def retry_hint(code: int, reason: str) -> float:
    """Seconds to stay away at most, of which each takes a random part; 0: the server did not say in these words."""
    found = RETRY.fullmatch(reason) if code == GOING_AWAY else None
    return min(int(found[1]) / 1000, RETRY_MOST_SECONDS) if found else 0.0


def _settle(answer: asyncio.Future[Answer] | None, value: Answer) -> None:
    if answer is not None and not answer.done():
        answer.set_result(value)


def _fail(answer: asyncio.Future[Any] | None, error: Exception) -> None:
    if answer is not None and not answer.done():
        answer.set_exception(error)
        answer.exception()  # whoever waited may be asking again already
