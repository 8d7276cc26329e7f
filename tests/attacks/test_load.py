"""Somebody wears a real server out: they are cut off, what it keeps stays small, and the others are served on.

Nothing here is a matter of milliseconds: what is asserted are answers, states of lines, memory, and whose turn it was.
"""

import asyncio
import json
import select
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.attacks.talkers import Talker, seed_conversation
from tests.attacks.turns import PlainLine, Turns, request
from tests.browser.server import Site, serving

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
LINE_ENDS = [b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e", b"\x85", b"\x00"]
KEPT_KB = 64 * 1024
REQUEST_SECONDS = 60
HALF_OPEN = 240  # lines, many more than the server has threads
FLOOD = ["/api/me/", "/api/conversations/", "/about/"]
SERVED = 32  # of a network at a time
FAIR_TURNS = 3  # of each other line that is served while one waits: some answers take more steps than others
PAGES = 60  # asked for at once on one line: 40 MB of answers


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


def connections(site: Site, number: int, begin: bytes, stack: ExitStack) -> list[socket.socket]:
    made = [
        stack.enter_context(socket.create_connection(("127.0.0.1", site.ports[0]), timeout=10)) for _ in range(number)
    ]
    for line in made:
        line.sendall(begin)
    return made


def is_held(line: socket.socket) -> bool:
    """Neither answered nor closed."""
    readable, _, _ = select.select([line], [], [], 0)
    return not readable


def is_cut(line: socket.socket, seconds: float = 3 * REQUEST_SECONDS) -> bool:
    """Closed from the other end, whatever lies there unread; waits for it much longer than it may take."""
    poll = select.poll()
    poll.register(line, select.POLLRDHUP)  # and whatever is told unasked: that it was reset
    return bool(poll.poll(1000 * seconds))


def trickle(lines: list[socket.socket]) -> list[socket.socket]:
    """A byte a second on each until it is cut; those that live on after far more than a request may take."""
    held = lines
    for _ in range(5 * REQUEST_SECONDS):
        for line in held:
            with suppress(ConnectionError):
                line.send(b"a")
        held = [line for line in held if not is_cut(line, 1 / len(lines))]
    return held


def test_a103_half_open_lines_keep_nobody_waiting(site, people):
    """Others are answered while all of them hang, and no thread and little memory is theirs."""
    before = memory_kb(site)
    with ExitStack() as stack:
        lines = [
            line
            for begin in (
                b"",
                b"GET /ws/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n",
                b"POST /login/ HTTP/1.1\r\n",
            )
            for line in connections(site, HALF_OPEN // 3, begin, stack)
        ]
        assert {people["alice"][0].visitor.get("/api/me/").status for _ in range(20)} == {200}
        assert all(is_held(line) for line in lines), "nobody was let in because one of them was done with"
        assert memory_kb(site) - before < KEPT_KB


def test_a103_half_open_lines_are_cut_off(site):
    with ExitStack() as stack:
        lines = connections(site, 5, b"GET / HTTP/1.1\r\nHost: localhost\r\n", stack)
        for line in lines:
            line.settimeout(2 * REQUEST_SECONDS)
            with suppress(ConnectionError):
                while line.recv(4096):
                    pass


@pytest.mark.asyncio
@pytest.mark.parametrize("flooders", [30, 150])
async def test_a103_a_flood_of_plain_requests_is_served_in_turn(site, people, flooders):
    """Who asks again as soon as they are answered, on many lines, is served no sooner than who asks on one; and however
    many lines these are, somebody of another network waits for as many of their requests as are served at a time.
    """
    mallory, alice = people["bob"][0].visitor, people["alice"][0].visitor
    before, turns = await asyncio.to_thread(memory_kb, site), Turns()
    async with AsyncExitStack() as stack:
        hers, *lines = [await stack.enter_async_context(PlainLine(each)) for each in [alice] + [mallory] * flooders]
        paths = FLOOD * (flooders // len(FLOOD))
        flood = [asyncio.create_task(line.get_for_ever(path, turns)) for line, path in zip(lines, paths, strict=True)]
        while turns.answered < flooders:
            assert await hers.get("/api/me/") == 200
        assert {await turns.wait(hers.get("/api/me/")) for _ in range(60)} == {200}
        assert [task for task in flood if task.done()] == [], "and all of the flood was answered"
        for task in flood:
            task.cancel()
        await asyncio.wait(flood)
    assert turns.slow_end <= FAIR_TURNS * min(flooders, SERVED)
    assert await asyncio.to_thread(memory_kb, site) - before < KEPT_KB


def test_a103_who_takes_no_plain_answer_fills_no_memory_and_is_cut_off(site, people):
    """Large answers are asked for by heaps on lines that nobody reads."""
    slow, alice = people["bob"][0], people["alice"][0].visitor
    where = f"/api/conversations/{slow.cid}/events/"
    assert {slow.visitor.post_json(where, **slow.envelope(length=67731)).status for _ in range(8)} == {200}
    before = memory_kb(site)
    with ExitStack() as stack:
        lines = connections(site, 4, request(slow.visitor, f"{where}?after=0&limit=200") * PAGES, stack)
        assert {alice.get("/api/me/").status for _ in range(2 * PAGES)} == {200}, "and each of theirs had its turn"
        assert memory_kb(site) - before < KEPT_KB
        assert all(is_cut(line) for line in lines)


def test_a103_a_request_that_trickles_in_is_cut_off(site):
    head = b"POST /login/ HTTP/1.1\r\nHost: localhost\r\n"
    with ExitStack() as stack:
        begun = [b"POST /lo", head + b"X-Any: ", head + b"Content-Length: 9999\r\n\r\n"]
        assert trickle([line for begin in begun for line in connections(site, 1, begin, stack)]) == []


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
        assert await asyncio.to_thread(lambda: {alice.visitor.get("/api/me/").status for _ in range(50)}) == {200}
        assert await asyncio.to_thread(memory_kb, site) - before < KEPT_KB
        line.transport.abort()


def test_a103_bytes_that_a_proxy_may_take_for_a_line_end_are_refused(site):
    for byte in LINE_ENDS:
        with socket.create_connection(("127.0.0.1", site.ports[0]), timeout=10) as line:
            line.sendall(b"GET /ws/ HTTP/1.1\r\nHost: localhost\r\nX-Any: a" + byte + b"Origin: x\r\n\r\n")
            assert line.recv(100).startswith(b"HTTP/1.1 400"), byte


@pytest.mark.parametrize(
    "heap", [b"X-Same: a\r\n" * 600, (b"X-Large: " + b"a" * 990 + b"\r\n") * 20], ids=["many", "large"]
)
def test_a103_a_heap_of_headers_is_refused_before_it_ends(site, heap):
    """So nobody goes through it, however long that would take."""
    with socket.create_connection(("127.0.0.1", site.ports[0]), timeout=2 * REQUEST_SECONDS) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + heap)
        assert line.recv(100).startswith(b"HTTP/1.1 400")
