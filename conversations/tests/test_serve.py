"""The real server process: how it starts, how it ends, and two of them joined by Redis."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import UUID, uuid4

import pytest
import websockets

from chatproject.first_secrets import make_secrets
from chatproject.lib.encoding import to_base64url
from conversations.tests import blobs

ROOT = Path(__file__).resolve().parents[2]
ORIGIN = "http://localhost:8000"
ELSEWHERE = {"DATABASE_URL", "MESSAGES_DATABASE_URL", "REDIS_URL", "SITE_URL"}


class Site:
    """A data folder with two people in it, and the server processes on it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        make_secrets(folder)
        kept = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
        own = {"DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "chatproject.settings"}
        self._environment = {**kept, **own, **environment}
        self.words = json.loads(self._python("-m", "conversations.tests.outfit").splitlines()[-1])
        self.processes: list[subprocess.Popen[str]] = []

    def _python(self, *arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *options: str, skip: bool = False) -> int:
        """The port of one more server process. With `skip`, or where others use its Redis, it may log first."""
        command = [sys.executable, "manage.py", "serve", "--port", "0", *options]
        process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.processes.append(process)
        assert process.stdout
        line = process.stdout.readline()
        while (skip or "REDIS_URL" in self._environment) and line and not line.startswith("Ready on"):
            line = process.stdout.readline()
        assert line.startswith("Ready on http://127.0.0.1:"), line
        return int(line.rstrip("/\n").rsplit(":", 1)[1])

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def connect(self, port: int, name: str) -> Any:
        cookie = {"Cookie": f"session={self.words[name]['session']}"}
        return websockets.connect(f"ws://127.0.0.1:{port}/ws/", origin=ORIGIN, additional_headers=cookie, proxy=None)

    async def hello(self, line: Any, name: str) -> None:
        frame = {"f": "hello", "did": self.words[name]["did"], "cursors": {}, "incarnation": None}
        await line.send(json.dumps(frame))

    async def greet(self, line: Any, name: str) -> None:
        await self.hello(line, name)
        assert json.loads(await line.recv())["heads"][self.words["cid"]] >= 1

    def post(self, name: str, **size: int) -> str:
        who, cid = self.words[name], self.words["cid"]
        blob = blobs.envelope(cid=UUID(cid), uid=UUID(who["uid"]), did=UUID(who["did"]), **size)
        ids = {"cid": cid, "client_id": str(uuid4())}
        return json.dumps({"f": "post", **ids, "kind": "message", "blob": to_base64url(blob)})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.end()


def finish(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str, float]:
    """Exit status, all that was printed since it was ready, seconds."""
    began = time.monotonic()
    process.send_signal(number)
    printed = process.communicate(timeout=10)[0]
    return process.returncode, printed, time.monotonic() - began


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_cleanly_and_at_once(site: Site, number: signal.Signals) -> None:
    port = site.start()
    with socket.create_connection(("127.0.0.1", port)):
        status, printed, seconds = finish(site.processes[-1], number)
    assert (status, printed) == (0, "")
    assert seconds < 3


@pytest.mark.asyncio
async def test_open_sockets_are_told_that_the_server_goes_away(site: Site) -> None:
    port = site.start()
    async with site.connect(port, "alice") as line:
        assert line.response.headers.get("Sec-WebSocket-Extensions") is None
        await site.greet(line, "alice")
        status, printed, seconds = await asyncio.to_thread(finish, site.processes[-1], signal.SIGTERM)
        with pytest.raises(websockets.ConnectionClosed):
            await line.recv()
    assert (status, printed, line.close_code) == (0, "", 4412)
    assert seconds < 3


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [256 * 1024 + 1, 1025 * 1024])
async def test_a_giant_frame_ends_only_its_own_socket(site: Site, size: int) -> None:
    port = site.start()
    async with site.connect(port, "alice") as line, site.connect(port, "bob") as other:
        await site.greet(other, "bob")
        await line.send("x" * size)
        with pytest.raises(websockets.ConnectionClosed):
            await line.recv()
        assert line.close_code == 4413
        await other.send('{"f":"heads"}')
        assert json.loads(await other.recv())["f"] == "heads"


@pytest.mark.asyncio
async def test_the_largest_page_passes_through(site: Site) -> None:
    port = site.start()
    async with site.connect(port, "bob") as line:
        await site.greet(line, "bob")
        for counter in range(10):
            await line.send(site.post("bob", counter=counter, length=67731))
            assert json.loads(await line.recv())["f"] == "accepted"
        await line.send(json.dumps({"f": "pull", "cid": site.words["cid"], "after": 0, "limit": 200}))
        page = json.loads(await line.recv())
    assert (page["from"], page["to"]) == (1, 8)


def test_a_port_in_use_is_an_error_in_words(site: Site) -> None:
    port = site.start()
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    second = subprocess.run(command, cwd=ROOT, env=site._environment, capture_output=True, text=True, timeout=30)
    assert second.returncode == 1
    assert f"Cannot listen on 127.0.0.1 port {port}." in second.stderr


@pytest.mark.services
@pytest.mark.asyncio
async def test_a_bell_goes_from_process_to_process(tmp_path: Path) -> None:
    site = Site(tmp_path, REDIS_URL=os.environ["TEST_REDIS_URL"])
    try:
        first, second = site.start(), site.start()
        async with site.connect(first, "alice") as alice, site.connect(second, "bob") as bob:
            await site.greet(alice, "alice")
            await site.greet(bob, "bob")
            news, accepted = await rung(site, alice, bob)
            assert (news["cid"], news["seq"] in accepted) == (site.words["cid"], True)
            async with site.connect(second, "alice") as newer:
                await site.hello(newer, "alice")
                async with asyncio.timeout(5):
                    with pytest.raises(websockets.ConnectionClosed):
                        await alice.recv()
                assert alice.close_code == 4409
    finally:
        site.end()


@pytest.mark.asyncio
async def test_a_new_secret_key_with_the_old_one_behind_it_logs_nobody_out(tmp_path: Path) -> None:
    site = Site(tmp_path, SECRET_KEY="the first secret key of this site and long enough 0123456789")
    first = dict(site._environment)
    second = {**first, "SECRET_KEY": "the second one of the same length or so and as secret 012345"}
    try:
        async with site.connect(site.start(), "alice") as alice:
            await site.greet(alice, "alice")
            site._environment = {**second, "SECRET_KEY_FALLBACKS": first["SECRET_KEY"]}
            port = site.start()
            for _ in range(2):
                async with site.connect(port, "bob") as bob:
                    await site.greet(bob, "bob")
            await alice.send(site.post("alice"))
            assert json.loads(await alice.recv())["f"] == "accepted"
        async with site.connect(port, "alice") as alice:
            await site.greet(alice, "alice")
        site._environment = second
        async with site.connect(site.start(), "alice") as alice:
            with pytest.raises(websockets.ConnectionClosed):
                await alice.recv()
        assert alice.close_code == 4401
        async with site.connect(port, "alice") as alice:
            await site.greet(alice, "alice")
    finally:
        site.end()


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def rung(site: Site, alice: Any, bob: Any) -> tuple[dict[str, Any], list[int]]:
    """What Bob hears, and the numbers of Alice's posts until then: they know of each other's people in a moment."""
    accepted: list[int] = []
    while len(accepted) < 20:
        await alice.send(site.post("alice", counter=len(accepted)))
        answer = json.loads(await alice.recv())
        assert answer["f"] == "accepted"
        accepted.append(answer["seq"])
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                return json.loads(await bob.recv()), accepted
    raise AssertionError("nothing was heard")


def ready(port: int) -> dict[str, Any]:
    return dict(json.loads(urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10).read()))


async def until(claim: Callable[[], bool]) -> None:
    await asyncio.to_thread(wait_until, claim)


def wait_until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_several_processes_need_redis(site: Site) -> None:
    command = [sys.executable, "manage.py", "serve", "--port", "0", "--processes", "2"]
    done = subprocess.run(command, cwd=ROOT, env=site._environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "REDIS_URL" in done.stderr


@pytest.mark.services
@pytest.mark.asyncio
async def test_processes_share_a_socket_and_end_together(tmp_path: Path) -> None:
    site = Site(tmp_path, REDIS_URL=os.environ["TEST_REDIS_URL"])
    try:
        port = site.start("--processes", "2")
        foreman = site.processes[-1]
        first, second = children(foreman.pid)
        os.kill(first, signal.SIGKILL)
        await until(lambda: len(set(children(foreman.pid)) - {first}) == 2)
        async with site.connect(port, "alice") as alice, site.connect(port, "bob") as bob:
            for line, name in ((alice, "alice"), (bob, "bob")):
                await site.greet(line, name)
            news, accepted = await rung(site, alice, bob)
            assert news["seq"] in accepted
            status, _printed, _seconds = await asyncio.to_thread(finish, foreman, signal.SIGTERM)
            for line in (alice, bob):
                with pytest.raises(websockets.ConnectionClosed):
                    await line.recv()
                assert line.close_code == 4412
        assert (status, is_running(second)) == (0, False)
    finally:
        site.end()


@pytest.mark.services
@pytest.mark.asyncio
async def test_no_process_outlives_its_foreman(tmp_path: Path) -> None:
    site = Site(tmp_path, REDIS_URL=os.environ["TEST_REDIS_URL"])
    try:
        site.start("--processes", "2")
        workers = children(site.processes[-1].pid)
        site.processes[-1].kill()
        await until(lambda: not any(is_running(pid) for pid in workers))
    finally:
        site.end()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
