"""Somebody wears a real server out: they are cut off, what it keeps stays small, and the others are served on."""

import asyncio
import http.client
import json
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.attacks.talkers import Talker, seed_conversation
from tests.browser.server import Site, serving

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
LINE_ENDS = [b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e", b"\x85", b"\x00"]
KEPT_KB = 64 * 1024
REQUEST_SECONDS = 60


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("load"), TRUSTED_PROXY_COUNT="1", POSTS_PER_MINUTE="1000") as started:
        yield started


@pytest.fixture(scope="module")
def people(site: Site) -> dict[str, list[Talker]]:
    made = seed_conversation(site, 2)
    for talker in made["alice"]:
        talker.visitor.network = "203.0.113.9"
    return made


def memory_kb(site: Site) -> int:
    status = Path(f"/proc/{site.processes[0].pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def slow_end(visits: Callable[[], Any], number: int = 60) -> float:
    """The 95th of a hundred times."""
    times = [visits().seconds for _ in range(number)]
    return statistics.quantiles(times, n=20)[-1]


def connections(site: Site, number: int, begin: bytes, stack: ExitStack) -> list[socket.socket]:
    made = [
        stack.enter_context(socket.create_connection(("127.0.0.1", site.ports[0]), timeout=10)) for _ in range(number)
    ]
    for line in made:
        line.sendall(begin)
    return made


def test_a103_half_open_lines_keep_nobody_waiting(site, people):
    def visit() -> Any:
        return people["alice"][0].visitor.get("/api/me/")

    before = slow_end(visit)
    with ExitStack() as stack:
        for begin in (
            b"",
            b"GET /ws/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n",
            b"POST /login/ HTTP/1.1\r\n",
        ):
            connections(site, 80, begin, stack)
        assert slow_end(visit) < 2 * before + 0.05


def test_a103_half_open_lines_are_cut_off(site):
    with ExitStack() as stack:
        lines = connections(site, 5, b"GET / HTTP/1.1\r\nHost: localhost\r\n", stack)
        for line in lines:
            line.settimeout(2 * REQUEST_SECONDS)
            with suppress(ConnectionError):
                while line.recv(4096):
                    pass


@pytest.mark.asyncio
async def test_a103_a_network_has_so_many_sockets_without_a_hello(site, people):
    greedy, alice = people["bob"][0], people["alice"][0]
    refused, lines = [], []
    for _ in range(110):
        try:
            lines.append(await greedy.line())
        except InvalidStatus as error:
            refused.append(error.response.status_code)
    try:
        assert len(refused) >= 10
        assert set(refused) == {403}
        async with alice.line() as line:
            await alice.greet(line)
    finally:
        for line in lines:
            line.transport.abort()


@pytest.mark.asyncio
async def test_a103_a_flood_of_frames_is_slowed_or_ended_and_stops_nobody_else(site, people):
    mallory, alice = people["bob"][1], people["alice"][0]
    async with mallory.line() as line, alice.line() as other:
        await mallory.greet(line)
        await alice.greet(other)
        flood = asyncio.create_task(send_for_ever(line))
        for _ in range(20):
            await other.send('{"f":"heads"}')
            assert json.loads(await asyncio.wait_for(other.recv(), 10))["f"] == "heads"
        flood.cancel()
        await asyncio.wait([flood])
        line.transport.abort()


async def send_for_ever(line: Any) -> None:
    with suppress(ConnectionClosed):
        while True:
            await line.send('{"f":"heads"}')


@pytest.mark.asyncio
async def test_a103_who_reads_nothing_fills_no_memory(site, people):
    slow, alice = people["bob"][0], people["alice"][0]
    async with slow.line() as line:
        await slow.greet(line)
        for _ in range(8):
            await line.send(json.dumps(slow.envelope(length=67731)))
            await line.recv()
    before = await asyncio.to_thread(memory_kb, site)
    async with slow.line(max_queue=1) as line:
        await slow.greet(line)
        pull = json.dumps({"f": "pull", "cid": slow.cid, "after": 0, "limit": 200})
        for _ in range(300):  # 150 MB of answers
            await line.send(pull)
        async with asyncio.timeout(30):
            await asyncio.to_thread(lambda: [alice.visitor.get("/api/me/") for _ in range(50)])
        assert await asyncio.to_thread(memory_kb, site) - before < KEPT_KB
        line.transport.abort()


def test_a103_bytes_that_a_proxy_may_take_for_a_line_end_are_refused(site):
    for byte in LINE_ENDS:
        with socket.create_connection(("127.0.0.1", site.ports[0]), timeout=10) as line:
            line.sendall(b"GET /ws/ HTTP/1.1\r\nHost: localhost\r\nX-Any: a" + byte + b"Origin: x\r\n\r\n")
            assert line.recv(100).startswith(b"HTTP/1.1 400"), byte


def test_a103_a_heap_of_headers_is_refused_at_once(site):
    line = http.client.HTTPConnection("127.0.0.1", site.ports[0], timeout=10)
    began = time.monotonic()
    line.putrequest("GET", "/")
    for _ in range(5000):
        line.putheader("X-Same", "a")
    with suppress(ConnectionError):
        line.endheaders()
        assert line.getresponse().status >= 400
    assert time.monotonic() - began < 5
