"""A hostile server between a real page and a real one: it owns every answer and every frame. Loopback only.

It runs in a thread of its own. `answer(path, answer)` may change an answer, `frame(name, frame)` what goes over the
socket: `name` is "up" or "down", it gives back the frames to pass on instead.
"""

import asyncio
import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.asyncio.server import Request, serve
from websockets.exceptions import ConnectionClosed

BIGGEST = 4 * 1024 * 1024
HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "keep-alive"}
Frame = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def with_body(self, body: bytes | str) -> "Answer":
        return replace(self, body=body.encode() if isinstance(body, str) else body)

    def without(self, *names: str) -> "Answer":
        return replace(self, headers=[(name, value) for name, value in self.headers if name.lower() not in names])


@dataclass
class Proxy:
    """`asked`: method and path of every request that came."""

    target: str
    port: int
    answer: Callable[[str, Answer], Answer] = lambda _path, answer: answer
    frame: Callable[[str, Frame], list[Frame]] = lambda _name, frame: [frame]
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def honest(self) -> None:
        """From now on it only passes on."""
        self.answer, self.frame = (lambda _path, answer: answer), (lambda _name, frame: [frame])


@contextlib.contextmanager
def hostile_proxy(target: str, port: int) -> Iterator[Proxy]:
    proxy, loop, ready = Proxy(target, port), asyncio.new_event_loop(), threading.Event()
    ended = asyncio.Event()

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(_serve(proxy, ready, ended))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(timeout=10)


async def _serve(proxy: Proxy, ready: threading.Event, ended: asyncio.Event) -> None:
    async with serve(lambda line: _relay(proxy, line), "127.0.0.1", 0, max_size=BIGGEST, compression=None) as sockets:
        inner = sockets.sockets[0].getsockname()[1]
        pages = await asyncio.start_server(lambda *streams: _talk(proxy, inner, *streams), "127.0.0.1", proxy.port)
        async with pages:
            ready.set()
            await ended.wait()


async def _talk(proxy: Proxy, inner: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request a connection; a socket is handed on to the listener that speaks frames."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(one.split(": ", 1) for one in lines if ": " in one)
        method, path, _version = line.split(" ")
        proxy.asked.append(f"{method} {path}")
        if headers.get("Upgrade", "").lower() == "websocket":
            await _hand_on(inner, head, reader, writer)
        else:
            body = await reader.readexactly(int(headers.get("Content-Length", 0)))
            given = await asyncio.to_thread(_fetch, proxy, method, path, headers, body)
            writer.write(_encoded(given))
            await writer.drain()
    writer.close()


async def _hand_on(inner: int, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    other_reader, other_writer = await asyncio.open_connection("127.0.0.1", inner)
    other_writer.write(head)
    ways = [_pipe(reader, other_writer), _pipe(other_reader, writer)]
    await asyncio.wait([asyncio.ensure_future(way) for way in ways], return_when=asyncio.FIRST_COMPLETED)
    other_writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


def _fetch(proxy: Proxy, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    line = http.client.HTTPConnection(urlsplit(proxy.target).netloc, timeout=30)
    sent = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP | {"accept-encoding"}}
    try:
        line.request(method, path, body or None, sent)
        given = line.getresponse()
        answer = Answer(given.status, given.getheaders(), given.read())
    finally:
        line.close()
    return proxy.answer(urlsplit(path).path, answer)


def _encoded(answer: Answer) -> bytes:
    kept = [(name, value) for name, value in answer.headers if name.lower() not in HOP_BY_HOP]
    lines = [*kept, ("Content-Length", str(len(answer.body))), ("Connection", "close")]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return (
        f"HTTP/1.1 {answer.status} {http.client.responses[answer.status]}\r\n{head}\r\n".encode("latin-1") + answer.body
    )


async def _relay(proxy: Proxy, line: Any) -> None:
    """Frames both ways, until one side hangs up; the page is told how the server did."""
    request: Request = line.request
    headers = {"Cookie": request.headers.get("Cookie", "")}
    where = proxy.target.replace("http", "ws", 1) + "/ws/"
    async with connect(
        where, origin=request.headers.get("Origin"), additional_headers=headers, max_size=BIGGEST, proxy=None
    ) as server:
        up = asyncio.ensure_future(_pass_on(proxy, "up", line, server))
        down = asyncio.ensure_future(_pass_on(proxy, "down", server, line))
        await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
        await line.close(server.close_code or 1000 if down.done() else 1000)


async def _pass_on(proxy: Proxy, name: str, source: Any, target: Any) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for text in source:
            for frame in proxy.frame(name, json.loads(text)):
                await target.send(json.dumps(frame, separators=(",", ":")))
