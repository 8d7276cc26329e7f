"""The bounds of a plain line, on a clock and a transport of the test's own: how long a request may take to come, and
how much of what it asked for may lie unread.
"""

import asyncio
from typing import Any

import pytest
from daphne.http_protocol import HTTPFactory
from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock

from conversations import server
from conversations.server import BODY_SECONDS, MAX_UNSENT_BYTES, REQUEST_SECONDS

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
PIECE = 256 * 1024  # of an answer


class Server(server.DrainingServer):
    """Runs no application: the test answers what was asked."""

    def __init__(self) -> None:
        super().__init__(application=None, endpoint="none", on_ready=lambda *_address: None)
        self.connections: dict[Any, Any] = {}
        self.asked: list[Any] = []

    def create_application(self, request: Any, _scope: object) -> asyncio.Queue[Any]:
        self.asked.append(request)
        return asyncio.Queue()

    def answer(self, body: bytes = b"") -> None:
        """The newest request."""
        self.asked[-1].handle_reply({"type": "http.response.start", "status": 200})
        self.asked[-1].handle_reply({"type": "http.response.body", "body": body})


class Transport(FileDescriptor):
    """To somebody who reads everything or nothing."""

    connected, reads, aborted = 1, True, False

    def writeSomeData(self, data: bytes) -> int:
        return len(data) if self.reads else 0

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "203.0.113.9", 50000)

    getHost = getPeer

    def abortConnection(self) -> None:
        self.aborted = True


class Line:
    """Somebody's, who may send through it."""

    def __init__(self) -> None:
        self.server, self.clock = Server(), MemoryReactorClock()
        factory = HTTPFactory(self.server)
        factory.reactor = self.clock
        server.bound_lines(factory)
        self.transport = Transport(self.clock)
        self._protocol = factory.buildProtocol(self.transport.getPeer())
        self.transport.protocol = self._protocol
        self._protocol.makeConnection(self.transport)

    @property
    def is_cut(self) -> bool:
        return bool(self.transport.disconnecting or self.transport.aborted)

    def send(self, data: bytes) -> None:
        self._protocol.dataReceived(data)

    def trickle(self, seconds: int) -> None:
        """A byte a second."""
        for _ in range(seconds):
            self.send(b"a")
            self.clock.advance(1)


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.mark.parametrize("begun", [b"POST /lo", HEAD + b"X-Any: "])
def test_a_head_that_trickles_in_has_a_time_from_its_first_byte(line: Line, begun: bytes) -> None:
    line.clock.advance(REQUEST_SECONDS - 1)  # of silence
    line.send(begun)
    line.trickle(REQUEST_SECONDS - 1)
    assert not line.is_cut
    line.trickle(1)
    assert line.is_cut


@pytest.mark.parametrize("how", [b"Content-Length: 9999\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n270f\r\n"])
def test_a_body_that_trickles_in_has_a_time_from_the_end_of_its_head(line: Line, how: bytes) -> None:
    line.send(HEAD + b"X-Any: ")
    line.trickle(REQUEST_SECONDS - 1)
    line.send(b"\r\n" + how)
    line.trickle(BODY_SECONDS - 1)
    assert not line.is_cut
    line.trickle(1)
    assert line.is_cut


def test_each_request_of_a_line_has_its_time_anew(line: Line) -> None:
    for number in range(3):
        line.clock.advance(REQUEST_SECONDS - 1)
        line.send(HEAD + b"X-Any: ")
        line.trickle(REQUEST_SECONDS - 1)
        line.send(b"\r\nContent-Length: 10\r\n\r\n123456789")
        line.clock.advance(BODY_SECONDS - 1)
        line.send(b"0")
        assert (len(line.server.asked), line.is_cut) == (number + 1, False)
        line.server.answer()
    line.send(HEAD)
    line.trickle(REQUEST_SECONDS)
    assert line.is_cut


def test_an_answer_takes_what_it_takes_and_the_silence_after_it_has_an_end(line: Line) -> None:
    line.send(HEAD + b"Content-Length: 1\r\n\r\n1")
    line.clock.advance(10 * REQUEST_SECONDS)
    assert not line.is_cut
    line.server.answer()
    line.clock.advance(REQUEST_SECONDS - 1)
    assert not line.is_cut
    line.clock.advance(1)
    assert line.is_cut


def test_who_asks_by_heaps_and_reads_nothing_is_cut_off(line: Line) -> None:
    line.transport.reads = False
    line.send(GET * 100)
    for _ in range(100):
        line.server.answer(b"x" * PIECE)
    assert line.transport.aborted
    assert MAX_UNSENT_BYTES < server.unsent_bytes(line.transport) < MAX_UNSENT_BYTES + PIECE


def test_who_asks_by_heaps_and_reads_is_answered(line: Line) -> None:
    line.send(GET * 100)
    for number in range(100):
        assert len(line.server.asked) == number + 1
        line.server.answer(b"x" * PIECE)
        while line.transport in line.clock.writers:
            line.transport.doWrite()
    assert not line.is_cut


@pytest.mark.parametrize(("more", "is_cut"), [(0, False), (1, True)])
def test_it_holds_the_border_of_what_may_lie_unread(line: Line, more: int, is_cut: bool) -> None:
    line.transport.reads = False
    line.transport.write(b"x" * (MAX_UNSENT_BYTES + more))
    line.send(GET)
    assert (len(line.server.asked), line.is_cut) == (1 - is_cut, is_cut)
