"""The end of a real server process while requests are under way."""

import http.client
import json
import signal
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from conversations.tests.test_serve import ORIGIN, Site, finish, wait_until
from conversations.tests.test_serve_limits import make_site

PATIENCE_SECONDS = 30


class Line:
    """One to the server, as somebody who is logged in."""

    def __init__(self, site: Site, port: int, name: str) -> None:
        token = "a" * 32
        cookies = f"session={site.words[name]['session']}; csrf={token}"
        own = {"Host": "localhost:8000", "Origin": ORIGIN, "Content-Type": "application/json"}
        self._headers = {**own, "Cookie": cookies, "X-CSRFToken": token}
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)

    def ask(self, method: str, path: str, body: str | None = None) -> None:
        """The answer is not read."""
        self.line.request(method, path, body, self._headers)

    def answer(self, method: str, path: str, body: str | None = None) -> http.client.HTTPResponse:
        """It is read whole."""
        self.ask(method, path, body)
        answer = self.line.getresponse()
        assert answer.read()
        return answer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("drain"))


@pytest.fixture
def port(site: Site) -> Iterator[int]:
    """Of a process of the test's own."""
    yield site.start()
    site.end()


def begin_to_end(site: Site, port: int) -> None:
    site.processes[-1].send_signal(signal.SIGTERM)
    wait_until(lambda: refuses(port))


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_request_under_way_is_answered_before_the_server_ends(site: Site, port: int) -> None:
    alice, other = Line(site, port, "alice"), Line(site, port, "bob")
    lock = sqlite3.connect(Path(site._environment["DATA_DIR"]) / "chat.sqlite3", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    alice.ask("POST", f"/api/conversations/{site.words['cid']}/events/", site.post("alice"))
    assert other.answer("GET", "/healthz").status == 200, "what was sent before was read, too"
    begin_to_end(site, port)
    last = other.answer("GET", "/healthz")
    assert (last.status, last.getheader("Connection")) == (200, "close"), "this line is used no more"
    lock.execute("ROLLBACK")
    answer = alice.line.getresponse()
    assert (answer.status, json.loads(answer.read())["f"]) == (200, "accepted")
    alice.line.close()
    assert site.processes[-1].wait(timeout=PATIENCE_SECONDS) == 0


def test_an_answer_that_is_read_slowly_is_sent_to_its_end(site: Site, port: int) -> None:
    bob, slow = Line(site, port, "bob"), Line(site, port, "bob")
    events = f"/api/conversations/{site.words['cid']}/events/"
    for counter in range(7):
        assert bob.answer("POST", events, site.post("bob", counter=counter, length=67731)).status == 200
    slow.line.sock = socket.socket()
    slow.line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)  # so that the kernel does not take all of it
    slow.line.sock.settimeout(PATIENCE_SECONDS)
    slow.line.sock.connect(("127.0.0.1", port))
    slow.ask("GET", events)
    answer = slow.line.getresponse()
    begin_to_end(site, port)
    assert len(json.loads(answer.read())["items"]) >= 8
    slow.line.close()
    assert site.processes[-1].wait(timeout=PATIENCE_SECONDS) == 0


def test_a_request_that_never_comes_as_a_whole_is_not_waited_for(site: Site, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"POST /login/ HTTP/1.1\r\nHost: localhost:8000\r\nContent-Length: 9\r\n\r\nhalf")
        assert Line(site, port, "bob").answer("GET", "/healthz").status == 200, "what was sent before was read, too"
        status, printed, seconds = finish(site.processes[-1], signal.SIGTERM)
    assert (status, printed) == (0, "")
    assert seconds < 5
