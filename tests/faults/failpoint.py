"""A proxy between the servers and PostgreSQL that acts at one message of one transaction: what stores an event.

The product has no hooks for tests. Here its own words are read (PostgreSQL's protocol, version 3): a connection that
has asked for an INSERT into the events and now asks for, or hears of, its COMMIT, is where a server is killed.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

EVENTS_TABLE = b'"conversations_event"'
BEFORE_COMMIT, AFTER_COMMIT = "before commit", "after commit"


@dataclass(slots=True)
class Conversation:
    """What one connection has said so far: the statements it prepared, whether its transaction inserts an event."""

    inserts: bool = False
    statements: dict[bytes, bytes] = field(default_factory=dict)


class Failpoint:
    """`arm(where, act)`: at the next such moment `act` is called once, and the message goes no further."""

    def __init__(self, target: Callable[[], int]) -> None:
        self._target, self._armed = target, {}
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.reached = asyncio.Event()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for line in list(self._lines):
            line.transport.abort()

    def arm(self, where: str, act: Callable[[], None]) -> None:
        self.reached.clear()
        self._armed = {where: act}

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target())
        except OSError:
            return writer.transport.abort()
        self._lines |= {writer, far_writer}
        talk = Conversation()
        try:
            await _start(reader, writer, far_reader, far_writer)
            await asyncio.gather(self._ask(reader, far_writer, talk), self._answer(far_reader, writer, talk))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            for one in (writer, far_writer):
                self._lines.discard(one)
                one.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, talk: Conversation) -> None:
        while True:
            kind, message = await _read_message(reader)
            sql = _sql_of(kind, message[5:], talk)
            if EVENTS_TABLE in sql and b"INSERT" in sql.upper():
                talk.inserts = True
            if talk.inserts and sql.strip().upper().startswith(b"COMMIT"):
                self._act(BEFORE_COMMIT)
            writer.write(message)
            await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, talk: Conversation) -> None:
        while True:
            kind, message = await _read_message(reader)
            if kind == b"C" and message[5:].startswith(b"COMMIT"):
                if talk.inserts:
                    self._act(AFTER_COMMIT)
                talk.inserts = False
            elif kind == b"C" and message[5:].startswith(b"ROLLBACK"):
                talk.inserts = False
            writer.write(message)
            await writer.drain()

    def _act(self, where: str) -> None:
        act = self._armed.pop(where, None)
        if act is not None:
            act()
            self.reached.set()
            raise ConnectionAbortedError


def _sql_of(kind: bytes, body: bytes, talk: Conversation) -> bytes:
    """The SQL that a message runs, or nothing: a simple query, a parsed one, or one that was prepared before."""
    if kind == b"Q":
        return body.rstrip(b"\0")
    if kind == b"P":
        name, sql = body.split(b"\0")[:2]
        talk.statements[name] = sql
        return b""
    if kind == b"B":
        _portal, name = body.split(b"\0")[:2]
        return talk.statements.get(name, b"")
    return b""


async def _read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


async def _start(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    """The first packets have no kind; encryption is refused here, so that the rest can be read."""
    while True:
        size = await reader.readexactly(4)
        packet = size + await reader.readexactly(int.from_bytes(size) - 4)
        if packet[4:8] not in (b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"):  # neither SSLRequest nor GSSENCRequest
            break
        writer.write(b"N")
    far_writer.write(packet)
    with contextlib.suppress(ConnectionError):
        await far_writer.drain()
