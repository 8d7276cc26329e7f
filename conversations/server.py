"""Daphne with our limits and a way to end: stop listening, tell every socket, wait briefly, stop.

Imported by `manage.py serve` only: the import installs Twisted's reactor. Daphne alone cuts its sockets off at SIGTERM.
"""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

from daphne.server import Server, twisted_loop
from daphne.ws_protocol import WebSocketProtocol

from conversations import delivery
from conversations.frames import MAX_FRAME_BYTES

# Both ways, for Autobahn holds what is sent to it too: a page of events has to fit. From MAX_FRAME_BYTES up to here the
# consumer says 4413; above, Autobahn cuts the line.
HARD_MESSAGE_BYTES = 4 * MAX_FRAME_BYTES
HANDSHAKE_SECONDS = 5
REQUEST_SECONDS = 60
DRAIN_SECONDS, DRAIN_STEP_SECONDS = 2.0, 0.05
MAX_UNSENT_BYTES = 2 * 1024 * 1024
SEND_SECONDS, SEND_STEP_SECONDS = 8.0, 0.02


class DrainingServer(Server):
    """Ends at SIGTERM and SIGINT; a second signal changes nothing."""

    def __init__(self, *, application: Any, endpoint: str, on_ready: Callable[[str, int], None]) -> None:
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
        self._on_ready = on_ready
        self._ports: list[Any] = []
        self._draining = False
        self.failed = False

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            twisted_loop.add_signal_handler(number, self.drain)
        super().run()

    def listen_success(self, port: Any) -> None:
        self._ports.append(port)
        self._on_ready(port.getHost().host, port.getHost().port)

    def listen_error(self, failure: Any) -> None:
        self.failed = True
        super().listen_error(failure)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Daphne writes without end into a socket that nobody reads: here the sender waits, then the line is cut."""
        await super().handle_reply(protocol, message)
        deadline = twisted_loop.time() + SEND_SECONDS
        while isinstance(protocol, WebSocketProtocol) and _unsent_bytes(protocol) > MAX_UNSENT_BYTES:
            if twisted_loop.time() > deadline:
                protocol.transport.abortConnection()
                raise ConnectionAbortedError
            await asyncio.sleep(SEND_STEP_SECONDS)

    def drain(self) -> None:
        if self._draining:
            return
        self._draining = True
        for port in self._ports:
            port.stopListening()
        delivery.send_everybody_away()
        self._stop_when_empty(twisted_loop.time() + DRAIN_SECONDS)

    def _stop_when_empty(self, deadline: float) -> None:
        if delivery.open_sockets() and twisted_loop.time() < deadline:
            twisted_loop.call_later(DRAIN_STEP_SECONDS, self._stop_when_empty, deadline)
        else:
            self.stop()


def _unsent_bytes(protocol: WebSocketProtocol) -> int:
    """What waits in Twisted's transport; it has no public name for it."""
    transport = protocol.transport
    return len(transport.dataBuffer) + int(transport._tempDataLen) if transport is not None else 0
