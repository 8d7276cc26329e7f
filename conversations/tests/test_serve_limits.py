"""The real server process against those who send too much, lie about where they are, or share its machine."""

import asyncio
import http.client
import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import websockets

from conversations.tests.test_serve import ORIGIN, Site, ready, until

MB = 1024 * 1024


def make_site(folder: Path, **environment: str) -> Site:
    """A site whose pages can be asked for, too; made by somebody whose umask lets others read."""
    before = os.umask(0o022)
    made = Site(folder, **environment)
    made._python("manage.py", "collectstatic", "--no-input", "--verbosity", "0")
    os.umask(before)
    return made


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = make_site(tmp_path_factory.mktemp("limits"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def port(site: Site) -> int:
    return site.start()


def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    line.request(method, path, body, {"Host": "localhost:8000", **headers})
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer


def test_the_database_is_for_the_server_alone(site: Site, port: int) -> None:
    folder = Path(site._environment["DATA_DIR"])
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("chat.sqlite3*")}
    assert found["chat.sqlite3"] == 0o600
    assert set(found.values()) == {0o600}


@pytest.mark.parametrize("byte", [b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e", b"\x85", b"\x00"])
def test_a_byte_that_proxies_may_read_as_a_line_end_is_refused(port: int, byte: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        line.sendall(b"GET /ws/ HTTP/1.1\r\nHost: localhost:8000\r\n" + upgrade + key)
        line.sendall(b"X-Any: a" + byte + b"Origin: http://localhost:8000\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 400")


def taken(port: int, header: bytes, chunk: bytes) -> int:
    """How many bytes of a body the server lets somebody send before it cuts the line; 64 MB are tried."""
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line, suppress(ConnectionError):
        line.sendall(b"POST /login/ HTTP/1.1\r\nHost: localhost:8000\r\n" + header + b"\r\n\r\n")
        while sent < 64 * MB:
            line.sendall(chunk)
            sent += len(chunk)
            time.sleep(0.001)
    return sent


def test_a_body_without_end_is_cut_off(port: int) -> None:
    assert taken(port, b"Content-Length: 9999999999", b"x" * 65536) < 32 * MB


def test_chunks_without_end_are_cut_off_too(port: int) -> None:
    assert taken(port, b"Transfer-Encoding: chunked", b"10000\r\n" + b"x" * 65536 + b"\r\n") < 32 * MB


def test_a_body_over_the_limit_is_told_so(site: Site, port: int) -> None:
    cookie = f"session={site.words['alice']['session']}"
    token = "a" * 32
    headers = {"Cookie": f"{cookie}; csrf={token}", "X-CSRFToken": token, "Origin": ORIGIN}
    answer = ask(port, "POST", "/api/keys/nonce/", b"x" * (300 * 1024), **headers)
    assert answer.status == 413


def test_without_trusted_proxies_nobody_chooses_their_address(port: int) -> None:
    """Neither Django nor Daphne believes the header: the limit by address is met, however often it changes."""
    found = {
        ask(
            port, "GET", "/api/names/bob.b/", **{"X-Forwarded-For": f"198.51.{n}.9", "X-Real-IP": f"198.51.{n}.9"}
        ).status
        for n in range(125)
    }
    assert found == {200, 429}


async def sent_in_time(line: Any, text: str, most: int) -> int:
    """How many of these can be sent within four seconds."""
    sent = 0
    with suppress(TimeoutError, websockets.ConnectionClosed):
        async with asyncio.timeout(4):
            while sent < most:
                await line.send(text)
                sent += 1
    return sent


@pytest.mark.asyncio
async def test_frames_that_nobody_takes_are_not_read(site: Site, port: int) -> None:
    """The consumer waits for a reader that reads nothing: what else is sent stays with the sender."""
    async with site.connect(port, "bob") as line:
        await site.greet(line, "bob")
        for counter in range(8):
            await line.send(site.post("bob", counter=counter, length=67731))
            assert json.loads(await line.recv())["f"] == "accepted"
    cookie = {"Cookie": f"session={site.words['bob']['session']}"}
    where = f"ws://127.0.0.1:{port}/ws/"
    async with websockets.connect(where, origin=ORIGIN, additional_headers=cookie, proxy=None, max_queue=1) as line:
        await site.hello(line, "bob")
        pull = json.dumps({"f": "pull", "cid": site.words["cid"], "after": 0, "limit": 200})
        for _ in range(40):
            await line.send(pull)
        assert await sent_in_time(line, '{"f":"heads"}'.ljust(250_000), 400) < 400  # 100 MB
        line.transport.abort()


def frame_begin(length: int, first: int = 0x81) -> bytes:
    """How a client's frame begins, under a mask of zeros."""
    return bytes((first, 0x80 | 127)) + length.to_bytes(8, "big") + bytes(4)


HALF = frame_begin(200_000, 0x01) + b"x" * 200_000  # a first fragment, whole


@pytest.mark.parametrize(
    "sent", [frame_begin(256 * 1024 + 1), frame_begin(1 << 40), HALF + frame_begin(100_000, 0x80)], ids=len
)
def test_a_frame_that_says_it_is_too_long_is_not_waited_for(site: Site, port: int, sent: bytes) -> None:
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    key = f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: session={site.words['alice']['session']}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line, line.makefile("rb") as answer:
        line.sendall(f"GET /ws/ HTTP/1.1\r\nHost: localhost:8000\r\nOrigin: {ORIGIN}\r\n{upgrade}{key}\r\n".encode())
        assert b" 101 " in answer.readline()
        while answer.readline() != b"\r\n":
            pass
        line.sendall(sent)
        assert answer.read(2)[0] == 0x88
        assert int.from_bytes(answer.read(2), "big") == 4413


@pytest.mark.services
@pytest.mark.asyncio
async def test_a_log_out_reaches_the_sockets_of_every_process(tmp_path: Path) -> None:
    """The process that is asked to log out has never had a socket itself."""
    site = make_site(tmp_path, REDIS_URL=os.environ["TEST_REDIS_URL"])
    try:
        first, second = site.start(), site.start()
        async with site.connect(second, "alice") as alice:
            await site.greet(alice, "alice")
            await until(lambda: ready(second)["degraded"] == [])  # it hears what goes through the layer
            token, cookie = "a" * 32, f"session={site.words['alice']['session']}"
            headers = {"Cookie": f"{cookie}; csrf={token}", "X-CSRFToken": token, "Origin": ORIGIN}
            assert (await asyncio.to_thread(ask, first, "POST", "/logout/", b"", **headers)).status == 302
            async with asyncio.timeout(5):
                with pytest.raises(websockets.ConnectionClosed):
                    await alice.recv()
            assert alice.close_code == 4401
    finally:
        site.end()
