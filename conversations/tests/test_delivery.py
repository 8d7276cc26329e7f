"""What processes tell each other through the layer: a deaf line is given up, a late word ends no newer socket."""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from chatproject.lib import measures
from conversations import delivery, watching

pytestmark = pytest.mark.asyncio
UID, DID = uuid4(), uuid4()
PATIENCE_SECONDS = 10.0


class Layer:
    """Publish and subscribe in memory. `is_deaf`: subscriptions bring nothing, until a flush unless `stays_deaf`."""

    def __init__(self) -> None:
        self.is_deaf = self.stays_deaf = False
        self.flushes = 0
        self.published: list[dict[str, Any]] = []
        self._used = asyncio.Event()
        self._channels: dict[str, asyncio.Queue[Any]] = {}
        self._groups: dict[str, set[str]] = {}

    async def new_channel(self) -> str:
        name = uuid4().hex
        self._channels[name] = asyncio.Queue()
        return name

    async def group_add(self, group: str, channel: str) -> None:
        self._groups.setdefault(group, set()).add(channel)

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        if not self.is_deaf and channel in self._channels:
            self._channels[channel].put_nowait(message)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.published.append(message)
        self._used.set()
        for channel in self._groups.get(group, ()):
            await self.send(channel, message)

    async def receive(self, channel: str) -> Any:
        return await self._channels[channel].get()

    async def flush(self) -> None:
        self.flushes += 1
        self._used.set()
        self.is_deaf = self.stays_deaf
        self.published.clear()
        self._channels.clear()
        self._groups.clear()

    async def until(self, claim: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not claim():
                self._used.clear()
                await self._used.wait()

    def said(self) -> list[dict[str, Any]]:
        return [each for message in self.published for each in message["messages"]]


class Line:
    """A socket, as the switchboard knows it."""

    uid, did, build = UID, DID, None

    def __init__(self) -> None:
        self.is_replaced = False

    def replaced(self) -> None:
        self.is_replaced = True


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> Layer:
    made = Layer()
    monkeypatch.setattr(delivery, "get_channel_layer", lambda: made)
    monkeypatch.setattr(watching, "LAYER_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(watching, "_asked", {})
    return made


async def ask_in_vain(times: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "LAYER_SECONDS", 0.05)
        assert [await watching.layer_answers() for _ in range(times)] == times * [False]


async def test_a_line_that_brings_nothing_any_more_is_given_up_and_begun_again(layer: Layer) -> None:
    assert await watching.layer_answers()
    layer.is_deaf = True
    await ask_in_vain(3)
    assert "chat_layer_up 0" in measures.page()
    await layer.until(lambda: layer.flushes == 1)
    assert await watching.layer_answers()
    assert "chat_layer_up 1" in measures.page()
    await layer.until(lambda: {"who", "change"} <= {each["type"] for each in layer.said()})


async def test_a_line_that_stays_deaf_is_begun_again_every_third_time_only(layer: Layer) -> None:
    layer.is_deaf = layer.stays_deaf = True
    await ask_in_vain(9)
    await layer.until(lambda: layer.flushes >= 2)
    assert layer.flushes <= 3


async def test_a_line_that_is_slow_now_and_then_is_kept(layer: Layer) -> None:
    for _ in range(2):
        assert await watching.layer_answers()
        layer.is_deaf = True
        await ask_in_vain(2)
        layer.is_deaf = False
    assert await watching.layer_answers()
    assert layer.flushes == 0


def published(message: dict[str, Any], *, at: float) -> dict[str, Any]:
    return {"type": "news", "from": "x", "at": at, "messages": [message]}


def replaced(joined: float) -> dict[str, Any]:
    return {"type": "replaced", "uids": [UID.hex], "did": DID.hex, "joined": joined}


ALIVE = {"type": "change", "version": 0, "come": [], "gone": []}


@pytest.mark.parametrize("behind", [0, 10, -3600], ids=["right", "behind", "ahead"])
async def test_a_late_word_of_an_older_socket_ends_no_newer_one_whatever_the_clocks(behind: float) -> None:
    """The other process's clock is so far behind. Ours joined ten seconds ago; of those there one before, one after."""
    desk, line, layer, here = delivery._Desk(), Line(), Layer(), time.time()
    channel, there = await layer.new_channel(), here - behind

    async def hear(message: dict[str, Any], *, seconds_ago: float = 0.0) -> None:
        await layer.send(channel, published(message, at=there - seconds_ago))
        await desk._take(layer, channel)

    desk.switchboard.join(line, now=here - 10)  # type: ignore[arg-type]
    for _ in range(2):
        await hear(ALIVE)
    await hear(replaced(there - 15), seconds_ago=12)
    await hear(replaced(there - 15))
    assert (line.is_replaced, desk.switchboard.sockets()) == (False, [line])
    await hear(replaced(there - 5))
    assert (line.is_replaced, desk.switchboard.sockets()) == (True, [])


async def test_a_late_word_of_a_process_that_is_not_known_yet_ends_no_newer_socket() -> None:
    desk, line, layer = delivery._Desk(), Line(), Layer()
    channel, now = await layer.new_channel(), time.time()
    desk.switchboard.join(line, now=now)  # type: ignore[arg-type]
    await layer.send(channel, published(replaced(now - 5), at=now - 20))
    await desk._take(layer, channel)
    assert not line.is_replaced


async def test_a_socket_that_joins_tells_since_when(layer: Layer) -> None:
    before = time.time()
    assert delivery.join(Line())  # type: ignore[arg-type]
    await layer.until(lambda: any(each["type"] == "replaced" for each in layer.said()))
    (told,) = [each for each in layer.said() if each["type"] == "replaced"]
    assert (told["uids"], told["did"]) == ([UID.hex], DID.hex)
    assert before <= told["joined"] <= time.time()


async def test_what_a_loop_that_has_ended_left_behind_counts_no_more() -> None:
    def elsewhere() -> None:
        loop, before = asyncio.new_event_loop(), delivery.open_sockets()
        loop.run_until_complete(_join())
        assert delivery.open_sockets() == before + 1
        loop.close()
        assert delivery.open_sockets() == before

    await asyncio.to_thread(elsewhere)


async def _join() -> None:
    assert delivery.join(Line())  # type: ignore[arg-type]
