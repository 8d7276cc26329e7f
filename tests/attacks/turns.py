"""How long somebody waits at a server, counted in the answers that others get meanwhile: a turn is a turn, however busy
the machine is.
"""

import asyncio
import statistics
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Self, TypeVar
from urllib.parse import urlsplit

from tests.attacks.doors import Visitor

T = TypeVar("T")


@dataclass
class Turns:
    """`answered`: how many answers others had so far; `waited`: how many of them came during each wait."""

    answered: int = 0
    waited: list[int] = field(default_factory=list)

    async def wait(self, answer: Awaitable[T]) -> T:
        before = self.answered
        given = await answer
        self.waited.append(self.answered - before)
        return given

    @property
    def slow_end(self) -> float:
        """The 95th of a hundred waits."""
        return statistics.quantiles(self.waited, n=20)[-1]


@dataclass
class PlainLine:
    """A visitor's line to the server, kept for one request after another."""

    visitor: Visitor

    async def __aenter__(self) -> Self:
        address = urlsplit(self.visitor.origin)
        self.reader, self._writer = await asyncio.open_connection(address.hostname, address.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()

    async def get(self, path: str) -> int:
        """Its status, once all of the answer is here."""
        self._writer.write(request(self.visitor, path))
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        await self.reader.readexactly(int(headers["content-length"]))
        return int(status.split()[1])

    async def get_for_ever(self, path: str, turns: Turns) -> None:
        """The next as soon as the last is answered, each with success."""
        while True:
            assert await self.get(path) == 200
            turns.answered += 1


def request(visitor: Visitor, path: str) -> bytes:
    """As it goes over a line."""
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    headers = {"Host": urlsplit(visitor.origin).netloc, "X-Forwarded-For": visitor.network, "Cookie": cookies}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()
