"""Daphne with our limits and a way to end: stop listening, tell every socket, wait briefly, stop.

Imported by `manage.py serve` only: the import installs Twisted's reactor. Daphne alone cuts its sockets off at SIGTERM.
"""

import signal
from collections.abc import Callable
from typing import Any

from daphne.server import Server, twisted_loop

from conversations import delivery
from conversations.frames import MAX_FRAME_BYTES

HARD_MESSAGE_BYTES = 2 * MAX_FRAME_BYTES  # between the two the consumer can still say 4413
HANDSHAKE_SECONDS = 5
REQUEST_SECONDS = 60
DRAIN_SECONDS, DRAIN_STEP_SECONDS = 2.0, 0.05


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
            application_close_timeout=5,
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
