"""Daphne with our limits and a way to end: stop listening, tell every socket, wait briefly, stop.

Imported by `manage.py serve` only: the import installs Twisted's reactor. Daphne alone cuts its sockets off at SIGTERM.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

from autobahn.websocket.xormasker import XorMaskerNull
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server, twisted_loop
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import reactor
from twisted.internet.endpoints import AdoptedStreamServerEndpoint
from twisted.web.http import HTTPChannel, _GenericHTTPChannelProtocol

from chatproject.lib import interpreter
from conversations import closecodes, delivery, watching
from conversations.frames import MAX_FRAME_BYTES
from conversations.quickframes import QuickSocket, unsent_bytes
from conversations.switchboard import Socket

# Both ways, for Autobahn holds what is sent to it too: a page of events has to fit.
HARD_MESSAGE_BYTES = 4 * MAX_FRAME_BYTES
TOO_LONG = "x" * (MAX_FRAME_BYTES + 1)
HANDSHAKE_SECONDS = 5
REQUEST_SECONDS = 60
BODY_SECONDS = 125  # the page gives a part of a file up after 120
DRAIN_SECONDS, DRAIN_STEP_SECONDS = 2.0, 0.05
ANSWER_SECONDS = 8.5  # of a drain, for requests under way: longer than any may take (chatproject.deadline)
WAVE_SOCKETS, WAVE_SECONDS = 200, 0.1  # not all at once: they come back to the other processes
CHECK_SECONDS, CHECK_TURNS = 2.0, 32  # how often a line is looked at for silence, and in how many turns all of them
MAX_UNSENT_BYTES = 2 * 1024 * 1024
SEND_SECONDS, SEND_STEP_SECONDS = 8.0, 0.02
HARD_BODY_BYTES = 1024 * 1024  # above Django's own limit, which answers 413: Daphne would keep any body, however long
MAX_UNREAD_FRAMES, MAX_UNREAD_BYTES, READ_STEP_SECONDS = 32, 1024 * 1024, 0.02
GONE = {"disconnected": True}  # what Daphne knows of a connection that it knows no more
MAX_UNREAD_FEW = 1  # so few cannot be much: a frame has HARD_MESSAGE_BYTES at most


class BoundedLine(HTTPChannel):
    """Cut when a request is not there in time, however it trickles in: its head REQUEST_SECONDS after its first byte,
    its body BODY_SECONDS later. Twisted counts from the last byte.
    """

    _is_coming = False

    def resetTimeout(self) -> None:
        if not self._is_coming:
            self._is_coming = True
            super().resetTimeout()  # type: ignore[no-untyped-call]

    def allHeadersReceived(self) -> None:
        super().allHeadersReceived()  # type: ignore[no-untyped-call]
        self.setTimeout(BODY_SECONDS)  # type: ignore[no-untyped-call]

    def allContentReceived(self) -> None:
        self._is_coming = False
        self.setTimeout(REQUEST_SECONDS)  # type: ignore[no-untyped-call]  # of the silence after its answer
        super().allContentReceived()  # type: ignore[no-untyped-call]


class BoundedRequest(WebRequest):
    """Cuts the line of whoever sends a body without end, or asks for more while much of what was asked for is unread:
    Twisted answers all that it has read. While the server ends each is the last one of its line.
    """

    _taken = 0

    def process(self) -> Any:
        if unsent_bytes(self.channel.transport) > MAX_UNSENT_BYTES:
            return self.channel.forceAbortClient()
        if self.server.is_draining:
            self.responseHeaders.setRawHeaders(b"Connection", [b"close"])
            self.channel.persistent = 0
        return super().process()

    def handleContentChunk(self, data: bytes) -> None:
        self._taken += len(data)
        if self._taken <= HARD_BODY_BYTES:
            super().handleContentChunk(data)
        else:
            self.channel.forceAbortClient()


class DeafSocket(QuickSocket):
    """Neither unmasks nor keeps what is declared to be longer than a frame may be, or comes after that.

    The consumer gets text of one character too many in its place, and says the rest; what comes after a farewell goes
    the same way.
    """

    _deaf = False  # from now on
    _is_kept = True  # what the present frame brings

    def processData(self) -> bool:
        return bool(WebSocketProtocol.processData(self) if self._deaf else super().processData())

    def onMessageFrameBegin(self, length: int) -> None:
        if not self._deaf and self.message_data_total_length + length > MAX_FRAME_BYTES:
            self._deaf = True
            self.application_queue.put_nowait({"type": "websocket.receive", "text": TOO_LONG})
        self._is_kept = not self._deaf and self.state == self.STATE_OPEN
        if self._is_kept:
            super().onMessageFrameBegin(length)
        else:
            self.current_frame_masker = XorMaskerNull()  # type: ignore[no-untyped-call]
            self.utf8validateIncomingCurrentMessage = False

    def onMessageFrameData(self, payload: bytes) -> None:
        if self._is_kept:
            super().onMessageFrameData(payload)

    def onMessageFrameEnd(self) -> None:
        if self._is_kept:
            super().onMessageFrameEnd()

    def onMessageEnd(self) -> None:
        if self._is_kept:
            super().onMessageEnd()


class PatientSocket(DeafSocket):
    """Reads on only when the consumer has taken what was read: Daphne keeps unread frames without end."""

    _waiting = False
    _read_bytes = 0  # since what is unread was counted last, and that: never less than what is unread

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        super().onMessage(payload, isBinary)
        self._count(len(payload))

    def take_text(self, text: str) -> None:
        super().take_text(text)
        self._count(len(text))

    def _count(self, read: int) -> None:
        self._read_bytes += read
        may_be_much = len(self._unread) > MAX_UNREAD_FRAMES or self._read_bytes > MAX_UNREAD_BYTES
        if may_be_much and not self._waiting and self._unread_is_much():
            self._waiting = True
            self.transport.pauseProducing()
            twisted_loop.call_later(READ_STEP_SECONDS, self._read_on)

    def _read_on(self) -> None:
        if self.state == self.STATE_OPEN and self._unread_is_much():
            twisted_loop.call_later(READ_STEP_SECONDS, self._read_on)
        elif self.transport is not None:
            self._waiting = False
            self.transport.resumeProducing()

    @property
    def _unread(self) -> Any:
        return self.application_queue._queue  # asyncio's queue has no public way to look into it

    def _unread_is_much(self) -> bool:
        if len(self._unread) > MAX_UNREAD_FRAMES:
            return True
        self._read_bytes = sum(len(frame.get("text") or frame.get("bytes") or "") for frame in self._unread)
        return len(self._unread) > MAX_UNREAD_FEW and self._read_bytes > MAX_UNREAD_BYTES


class ReasonSocket(PatientSocket):
    """Says why it closes: Daphne leaves the reason out. A text goes without being looked at from all sides."""

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send" and self.state == self.STATE_OPEN and message.get("text"):
            self.serverSend(message["text"])
        elif message["type"] == "websocket.close" and message.get("reason") and self.state == self.STATE_OPEN:
            self.sendClose(message["code"], message["reason"])
        else:
            super().handle_reply(message)


class DrainingServer(Server):
    """Ends at SIGTERM and SIGINT; a second signal changes nothing.

    Listens at `endpoint`, or on a socket that it inherits together with the lifeline of its foreman.
    """

    def __init__(
        self,
        *,
        application: Any,
        on_ready: Callable[[str, int], None],
        endpoint: str = "",
        inherited: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(
            application=application,
            endpoints=[endpoint],
            signal_handlers=False,
            http_timeout=REQUEST_SECONDS,
            websocket_timeout=-1,  # the consumer ends its own life
            websocket_handshake_timeout=HANDSHAKE_SECONDS,
            websocket_connect_timeout=HANDSHAKE_SECONDS * 2,
            websocket_max_message_size=HARD_MESSAGE_BYTES,
            websocket_max_frame_size=HARD_MESSAGE_BYTES,
            application_close_timeout=15,  # longer than any handler's deadline
            verbosity=0,
            server_name="",
        )
        self._on_ready, self._inherited = on_ready, inherited
        self._ports: list[Any] = []
        self.is_draining = False
        self.failed = False

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            twisted_loop.add_signal_handler(number, self.drain)
        if self._inherited:
            self.endpoints: list[str] = []
            reactor.callWhenRunning(self._adopt, *self._inherited)
        super().run()

    def timeout_checker(self) -> None:
        """Each line once in CHECK_SECONDS, never all at once as Daphne does: a message would wait for thousands."""
        lines = list(self.connections)
        for turn in range(min(CHECK_TURNS, len(lines))):
            seconds = turn * CHECK_SECONDS / CHECK_TURNS
            twisted_loop.call_later(seconds, self._check_timeouts, lines[turn::CHECK_TURNS])
        twisted_loop.call_later(CHECK_SECONDS, self.timeout_checker)

    def _check_timeouts(self, lines: list[Any]) -> None:
        for line in lines:
            if line in self.connections:
                line.check_timeouts()

    def _adopt(self, listener: int, lifeline: int) -> None:
        twisted_loop.add_reader(lifeline, self._foreman_is_gone, lifeline)
        family = socket.socket(fileno=os.dup(listener)).family
        endpoint = AdoptedStreamServerEndpoint(reactor, listener, family)  # type: ignore[no-untyped-call]
        listening = endpoint.listen(self.http_factory)  # type: ignore[no-untyped-call]
        listening.addCallbacks(self.listen_success, self.listen_error)

    def _foreman_is_gone(self, lifeline: int) -> None:
        twisted_loop.remove_reader(lifeline)
        self.drain()

    def listen_success(self, port: Any) -> None:
        self._ports.append(port)
        self.ws_factory.protocol = ReasonSocket
        bound_lines(self.http_factory)
        twisted_loop.call_soon(delivery.begin)
        twisted_loop.call_soon(watching.begin)
        twisted_loop.call_soon(interpreter.settle)
        self._on_ready(port.getHost().host, port.getHost().port)

    def listen_error(self, failure: Any) -> None:
        self.failed = True
        super().listen_error(failure)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Daphne writes without end into a socket that nobody reads: here the sender waits, then the line is cut."""
        if message["type"] != "websocket.send":
            await super().handle_reply(protocol, message)
        elif not self.connections.get(protocol, GONE).get("disconnected"):
            protocol.handle_reply(message)
        if isinstance(protocol, WebSocketProtocol) and _unsent_bytes(protocol) > MAX_UNSENT_BYTES:
            await self._wait_for_reader(protocol)

    async def _wait_for_reader(self, protocol: WebSocketProtocol) -> None:
        deadline = twisted_loop.time() + SEND_SECONDS
        while _unsent_bytes(protocol) > MAX_UNSENT_BYTES:
            if twisted_loop.time() > deadline:
                protocol.transport.abortConnection()
                raise ConnectionAbortedError
            await asyncio.sleep(SEND_STEP_SECONDS)

    def drain(self) -> None:
        if self.is_draining:
            return
        self.is_draining = True
        watching.leave()
        for port in self._ports:
            port.stopListening()
        away = list(delivery.everybody())
        hint = closecodes.retry_hint(len(away))
        for wave in range(0, len(away), WAVE_SOCKETS):
            seconds = wave / WAVE_SOCKETS * WAVE_SECONDS
            twisted_loop.call_later(seconds, _send_away, away[wave : wave + WAVE_SOCKETS], hint)
        now, waves = twisted_loop.time(), len(away) // WAVE_SOCKETS
        self._stop_when_empty(now + DRAIN_SECONDS + waves * WAVE_SECONDS, now + ANSWER_SECONDS)

    def _stop_when_empty(self, sockets_until: float, requests_until: float) -> None:
        now = twisted_loop.time()
        waits = delivery.open_sockets() and now < sockets_until
        if waits or (now < requests_until and self._requests_under_way()):
            twisted_loop.call_later(DRAIN_STEP_SECONDS, self._stop_when_empty, sockets_until, requests_until)
        else:
            self.stop()

    def _requests_under_way(self) -> bool:
        """Whether a request that came as a whole has no answer yet (Daphne marks those that have), or part of one is
        not sent.
        """
        return any(
            isinstance(protocol, WebRequest) and "application_instance" in details and "disconnected" not in details
            for protocol, details in self.connections.items()
        ) or any(not isinstance(each.protocol, WebSocketProtocol) for each in _writers())


def _writers() -> list[Any]:
    """The lines on which something waits to be sent."""
    return reactor.getWriters()  # type: ignore[misc]


def _send_away(sockets: list[Socket], hint: str) -> None:
    for each in sockets:
        each.go_away(hint)


def bound_lines(factory: HTTPFactory) -> None:
    """From now on what it builds is a BoundedLine with BoundedRequests."""
    build = factory.buildProtocol

    def build_protocol(address: Any) -> Any:
        protocol = build(address)
        protocol.requestFactory = BoundedRequest
        return protocol

    factory.protocol = lambda: _GenericHTTPChannelProtocol(BoundedLine())  # type: ignore[no-untyped-call]
    factory.buildProtocol = build_protocol


def _unsent_bytes(protocol: WebSocketProtocol) -> int:
    return unsent_bytes(protocol.transport) if protocol.transport is not None else 0
