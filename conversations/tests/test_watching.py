"""A real server process under a few frames: what it counts, what it logs."""

import asyncio
import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import pytest
import websockets

from conversations.tests.test_serve import Site, finish, ready, until
from tests.services import free_port


class Watched(Site):
    """A site whose process tells numbers and writes JSON at INFO."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.metrics_port = free_port()
        address = f"127.0.0.1:{self.metrics_port}"
        super().__init__(folder, METRICS_ADDRESS=address, LOG_FORMAT="json", LOG_LEVEL="INFO", **more)
        self._python("manage.py", "prepare", "--verbosity", "0")

    def metrics(self) -> dict[str, float]:
        with urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return Watched(tmp_path_factory.mktemp("watched"))


@pytest.fixture
def site(prepared: Watched) -> Iterator[Watched]:
    """Processes of the test's own, on one data folder."""
    yield prepared
    prepared.end()


@pytest.mark.asyncio
async def test_frames_sockets_and_events_are_counted(site: Watched) -> None:
    port = site.start(skip=True)
    async with site.connect(port, "alice") as alice, site.connect(port, "bob") as bob:
        await site.greet(alice, "alice")
        await site.greet(bob, "bob")
        await alice.send(site.post("alice"))
        assert json.loads(await alice.recv())["f"] == "accepted"
        assert json.loads(await bob.recv())["f"] == "event"
        await bob.send(json.dumps({"f": "pull", "cid": site.words["cid"], "after": 1, "limit": 10}))
        await bob.recv()
        await alice.send('{"f":"heads"}')
        await alice.recv()
        now = await asyncio.to_thread(site.metrics)
    assert now["chat_ws_connections"] == 2
    assert now['chat_ws_connects_total{result="open"}'] == 2
    assert now['chat_envelopes_stored_total{kind="message"}'] == 1
    assert now['chat_frames_total{direction="in",type="post"}'] == 1
    assert now['chat_frames_total{direction="out",type="event"}'] == 1
    assert now['chat_frame_seconds_count{type="pull"}'] == 1
    assert now["chat_delivery_seconds_count"] == 2, "handed over, and asked for again"
    assert now["chat_sweep_recovered_total"] == 0
    assert now["chat_keylog_size"] == 3, "the release, and two people"


@pytest.mark.asyncio
async def test_refusals_and_closed_sockets_are_counted(site: Watched) -> None:
    port = site.start(skip=True)
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(f"ws://127.0.0.1:{port}/ws/", origin="http://evil.example", proxy=None)
    async with site.connect(port, "alice") as alice:
        await site.greet(alice, "alice")
        await alice.send(site.post("alice", epoch=7))
        assert json.loads(await alice.recv())["code"] == "STALE_EPOCH"
        for _ in range(3):
            await alice.send("no frame")
        assert [json.loads(await alice.recv())["f"] for _ in range(3)] == ["error"] * 3
        await alice.wait_closed()
    now = await asyncio.to_thread(site.metrics)
    assert now['chat_ws_connects_total{result="4401"}'] == 1
    assert now['chat_posts_refused_total{code="STALE_EPOCH"}'] == 1
    assert now['chat_ws_closes_total{code="4400"}'] == 1


@pytest.mark.asyncio
async def test_the_log_names_requests_and_sockets_but_nothing_of_the_conversation(site: Watched) -> None:
    port = site.start(skip=True)
    cid, stranger = site.words["cid"], uuid4().hex
    await asyncio.to_thread(_ask_for_what_is_not_there, port, [cid, stranger])
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(f"ws://127.0.0.1:{port}/ws/", origin="http://evil.example", proxy=None)
    async with site.connect(port, "alice") as alice:
        await site.greet(alice, "alice")
        posted = json.loads(site.post("alice"))
        await alice.send(json.dumps(posted))
        await alice.recv()
    printed = (await asyncio.to_thread(finish, site.processes[-1], signal.SIGTERM))[1]
    entries = [json.loads(line) for line in printed.splitlines()]
    assert {entry["logger"] for entry in entries} >= {"django.request", "conversations.socketauth"}
    named = [entry for entry in entries if entry["logger"] in ("django.request", "conversations.socketauth")]
    assert all(re.fullmatch("[0-9a-f]{16}", entry["request_id"]) for entry in named)
    assert len({entry["request_id"] for entry in named}) == len(named)
    session = site.words["alice"]["session"]
    for planted in (cid, stranger, session, posted["client_id"], posted["blob"][:24], "canary-of-a-query"):
        assert planted not in printed


def _ask_for_what_is_not_there(port: int, ids: list[str]) -> None:
    for each in ids:
        for path in (f"/api/conversations/{each}/events/?after=0", f"/no/{each}/?q=canary-of-a-query"):
            with pytest.raises(HTTPError) as refused:
                urlopen(f"http://localhost:{port}{path}", timeout=10)
            assert refused.value.code in (401, 404)


@pytest.mark.services
@pytest.mark.asyncio
async def test_the_layers_round_trip_is_measured(tmp_path: Path) -> None:
    site = Watched(tmp_path, REDIS_URL=os.environ["TEST_REDIS_URL"])
    try:
        port = site.start(skip=True)
        await until(lambda: ready(port) == {"ready": True, "failed": [], "degraded": []})
        now = await asyncio.to_thread(site.metrics)
    finally:
        site.end()
    assert now["chat_layer_up"] == 1
    assert 0 < now["chat_layer_roundtrip_seconds"] < 2


@pytest.mark.asyncio
async def test_a_layer_that_does_not_answer_is_seen(site: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(site._environment, "REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    port = site.start(skip=True)
    ready = await asyncio.to_thread(lambda: urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10).read())
    now = await asyncio.to_thread(site.metrics)
    assert json.loads(ready) == {"ready": True, "failed": [], "degraded": ["layer"]}
    assert now["chat_layer_up"] == 0
