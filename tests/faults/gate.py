"""A user-space network between one client and the servers: cut, deaf, slow, and bells that get lost."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass

CHUNK = 64 * 1024
HINTS = (b'{"f":"bell"', b'{"f":"event"')  # an event that is handed over is a bell that brings it
CLOSE = 8  # the opcode


@dataclass(slots=True)
class Weather:
    """What happens on the way. `deaf`: bytes vanish and nobody is told (half-open TCP)."""

    cut: bool = False
    deaf: bool = False
    slowest_seconds: float = 0.0
    bells_lost: float = 0.0
    bells_late: float = 0.0
    bells_late_seconds: float = 2.0


class Gate:
    """Listens on a port of its own and passes connections on to one of the servers.

    Writes down when connections came and were refused, when a server ended a socket (`freed`; not
    a request's connection), and the close codes it gave.
    """

    def __init__(self, backends: Callable[[], list[int]], seed: int) -> None:
        self.weather = Weather()
        self.port = 0
        self.opened: list[float] = []
        self.refused: list[float] = []
        self.freed: list[float] = []
        self.close_codes: list[int] = []
        self.frames_down = 0
        self._backends, self._random = backends, random.Random(seed)
        self._lines: set[asyncio.StreamWriter] = set()
        self._late: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()

    async def open(self, port: int) -> None:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", port)
        self.port = port

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.break_lines()
        await asyncio.sleep(0)

    def cut(self) -> None:
        """From now on every connection is refused, and those there are break."""
        self.weather.cut = True
        self.break_lines()

    def stall(self) -> None:
        """The client takes nothing any more; what the server sends piles up."""
        self._flows.clear()

    def mend(self) -> None:
        """From now on all is well; lines that have lost bytes break."""
        if self.weather.deaf:
            self.break_lines()
        self.weather = Weather()
        self._flows.set()

    def break_lines(self) -> None:
        for line in list(self._lines):
            line.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened.append(asyncio.get_running_loop().time())
        if self.weather.cut:
            self.refused.append(asyncio.get_running_loop().time())
            return writer.transport.abort()
        found = await self._connect()
        if found is None:
            return writer.transport.abort()
        far_reader, far_writer = found
        self._lines |= {writer, far_writer}
        try:
            await asyncio.gather(self._up(reader, far_writer), self._down(far_reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            for one in (writer, far_writer):
                self._lines.discard(one)
                one.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        ports = self._backends()
        self._random.shuffle(ports)
        for port in ports:
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                await self._delay()
                if not self.weather.deaf:
                    writer.write(data)
                    await writer.drain()
        if self.weather.deaf:
            await asyncio.Event().wait()  # nor does anybody learn that the client has hung up
        raise ConnectionResetError

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await self._give(writer, head)
        if b" 101 " in head.split(b"\r\n", 1)[0]:
            while True:
                await self._frame(reader, writer)
        while data := await reader.read(CHUNK):
            await self._give(writer, data)
        with contextlib.suppress(OSError):
            writer.write_eof()

    async def _frame(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        try:
            head, payload = await _read_frame(reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.freed.append(asyncio.get_running_loop().time())
            raise
        self.frames_down += 1
        if head[0] & 0x0F == CLOSE:
            self.close_codes.append(int.from_bytes(payload[:2]))
        if payload.startswith(HINTS) and await self._bell(writer, head + payload):
            return
        await self._give(writer, head + payload)

    async def _bell(self, writer: asyncio.StreamWriter, frame: bytes) -> bool:
        """Whether weather took the bell: lost, or on its way later (behind those that came after it)."""
        chance = self._random.random()
        if chance < self.weather.bells_lost:
            return True
        if chance < self.weather.bells_lost + self.weather.bells_late:
            task = asyncio.create_task(self._later(writer, frame))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return True
        return False

    async def _later(self, writer: asyncio.StreamWriter, frame: bytes) -> None:
        await asyncio.sleep(self._random.uniform(0, self.weather.bells_late_seconds))
        if not writer.is_closing():
            writer.write(frame)

    async def _give(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        await self._delay()
        if not self.weather.deaf:
            writer.write(data)
            await writer.drain()

    async def _delay(self) -> None:
        if self.weather.slowest_seconds:
            await asyncio.sleep(self._random.uniform(0, self.weather.slowest_seconds))


async def _read_frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Header and payload of a WebSocket frame of a server (RFC 6455: not masked)."""
    head = await reader.readexactly(2)
    size, more = head[1] & 0x7F, {126: 2, 127: 8}.get(head[1] & 0x7F, 0)
    if more:
        extended = await reader.readexactly(more)
        head, size = head + extended, int.from_bytes(extended)
    return head, await reader.readexactly(size)
