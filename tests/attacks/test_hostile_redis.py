"""Whoever holds Redis rings, forgets and plants what they like: the servers read again from the database, at most."""

import asyncio
import json
import os
import pickle
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgpack
import pytest
import redis as client

from conversations.delivery import EVERYBODY
from reference import wire
from tests.attacks.doors import Visitor
from tests.attacks.talkers import Talker, redis, seed_conversation
from tests.browser.server import Site, serving
from tests.clocks import away_from_the_turn

pytestmark = pytest.mark.browser
BELL_SECONDS = 10
CHANNEL = f"llave__group__{EVERYBODY}"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, client.Redis]]:
    """A site of two processes, and its Redis in our hands."""
    with ExitStack() as stack:
        url = stack.enter_context(redis())
        site = stack.enter_context(serving(tmp_path_factory.mktemp("held"), processes=2, REDIS_URL=url))
        yield site, stack.enter_context(client.Redis.from_url(url))


@pytest.fixture(scope="module")
def people(held: tuple[Site, client.Redis]) -> dict[str, list[Talker]]:
    return seed_conversation(held[0], 1)


def told(frame: Any) -> int:
    """How far the chat is by this frame: a bell, or the event itself."""
    return int(frame.item.seq if isinstance(frame, wire.Handed) else frame.seq)


async def next_news(line: Any, seq: int) -> list[int]:
    """What is told until this sequence is."""
    heard: list[int] = []
    async with asyncio.timeout(BELL_SECONDS):
        while seq not in heard:
            heard.append(told(wire.parse(await line.recv())))
    return heard


def subscribed(held: client.Redis) -> str:
    """The channel that both processes listen to."""
    deadline = time.monotonic() + BELL_SECONDS
    while dict(held.pubsub_numsub(CHANNEL))[CHANNEL.encode()] < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return CHANNEL


def lies(talker: Talker) -> list[bytes]:
    """What the servers would say to each other, in clear, and what they would never say."""
    said = [
        {"type": "replaced", "uids": [talker.uid], "did": talker.did},
        {"type": "event", "uids": [talker.uid], "cid": talker.cid, "seq": 2**50},
        {"type": "log", "uids": [talker.uid], "log_size": 2**50},
        {"type": "recheck", "uids": [talker.uid]},
        {"type": "event"},
        ["event"],
    ]
    whole = [{"type": "news", "from": "x", "at": time.time(), "messages": [one]} for one in said]
    return [b"", b"\x00\xff" * 99, *[json.dumps(one).encode() for one in whole], *[msgpack.packb(one) for one in whole]]


@pytest.mark.asyncio
async def test_a104_lies_at_the_channel_layer_ring_nobody_and_end_nothing(held, people):
    alice, bob = people["alice"][0], people["bob"][0]
    async with bob.line() as line:
        head = next(iter((await bob.greet(line)).heads.values()))
        channel = await asyncio.to_thread(subscribed, held[1])
        for lie in lies(bob):
            assert held[1].publish(channel, lie) == 2
        assert (await asyncio.to_thread(alice.post)).status == 200
        assert await next_news(line, head + 1) == [head + 1], "what was posted, and nothing else"
        assert (await asyncio.to_thread(bob.page, head))["items"][0]["seq"] == head + 1


@pytest.mark.asyncio
async def test_a104_a_redis_that_forgets_and_hangs_up_loses_no_message(held, people):
    alice, bob = people["alice"][0], people["bob"][0]
    async with bob.line() as line:
        head = next(iter((await bob.greet(line)).heads.values()))
        await asyncio.to_thread(subscribed, held[1])
        held[1].flushall()
        assert (await asyncio.to_thread(alice.post)).status == 200
        await next_news(line, head + 1)
        held[1].client_kill_filter(_type="pubsub")
        held[1].client_kill_filter(_type="normal", skipme=True)
        assert (await asyncio.to_thread(alice.post)).status == 200
        await line.send(wire.ask_heads())
        heads: dict[bytes, int] = {}
        async with asyncio.timeout(BELL_SECONDS):
            while not heads:
                frame = wire.parse(await line.recv())
                heads = dict(frame.heads) if hasattr(frame, "heads") else {frame.cid: told(frame)}
        assert list(heads.values()) == [head + 2]


class Bomb:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_a104_what_lies_in_redis_runs_no_code(held, tmp_path):
    site, kept = held
    stranger, bomb = Visitor(site.url), tmp_path / "ran"
    away_from_the_turn(60, 10)
    for n in range(4):
        assert stranger.type_password("somebody", f"wrong {n}").status == 400
    counters = [key for key in kept.scan_iter("*") if kept.type(key) == b"string"]
    assert counters
    for key in counters:
        kept.set(key, pickle.dumps(Bomb(bomb)))
    assert stranger.type_password("somebody", "wrong").status == 503, "refused, not let through"
    assert not bomb.exists()
    pickle.loads(pickle.dumps(Bomb(bomb)))
    assert bomb.exists(), "the bomb itself is a real one"
    kept.flushall()
    assert stranger.type_password("somebody", "wrong").status == 400
