"""Metrics on a port of their own, from a thread of their own: they answer while the event loop hangs, and no proxy that
leads to the site leads to them.
"""

import errno
import ipaddress
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.db import connections

from chatproject.lib import measures
from chatproject.lib.metrics import CONTENT_TYPE

PORTS_TRIED = 16  # several processes on one machine share the setting: each takes the next free port
PATH = "/metrics"
REQUEST_SECONDS = 10


class NoPort(Exception):
    """None of the ports tried could be opened."""


def start(host: str, port: int) -> int:
    """Serve until the process ends; the port taken: `port`, or one of the following when it is in use. NoPort."""
    server = _listen(host, port)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return int(server.server_address[1])


def is_inside(address: str) -> bool:
    """Whether a peer is of this machine or of a network that the Internet does not reach (pods: 100.64.0.0/10)."""
    parsed = ipaddress.ip_address(address)
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return not parsed.is_global


def _listen(host: str, port: int) -> "_Server":
    for candidate in range(port, port + PORTS_TRIED) if port else [0]:
        try:
            return _Server((host, candidate), _Handler)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                break
    raise NoPort


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hung up early is no news; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    timeout = REQUEST_SECONDS
    server_version, sys_version = "metrics", ""

    def do_GET(self) -> None:
        if not is_inside(self.client_address[0]):
            return self._answer(403, "only from inside\n")
        if self.path != PATH:
            return self._answer(404, f"see {PATH}\n")
        try:
            self._answer(200, measures.page())
        finally:
            connections.close_all()

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody needs a line for every scrape."""
