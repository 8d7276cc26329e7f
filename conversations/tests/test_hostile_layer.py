"""Somebody else writes to Redis: nothing that they put there does more than be counted."""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from conversations import delivery

pytestmark = pytest.mark.asyncio
UID, DID = uuid4(), uuid4()


class Layer:
    """What a layer hands over: messages, or what opening one raises."""

    def __init__(self, *given: Any) -> None:
        self.given = list(given)

    async def receive(self, channel: str) -> Any:
        if not self.given:
            await asyncio.Event().wait()
        message = self.given.pop(0)
        if isinstance(message, Exception):
            raise message
        return message


class Line:
    uid, did = UID, DID

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def ring(self, cid: UUID, seq: int, news: Any) -> None:
        self.heard.append(seq)

    def replaced(self) -> None:
        self.heard.append("replaced")


def bell(seq: Any, **more: Any) -> dict[str, Any]:
    return {"type": "event", "uids": [UID.hex], "cid": uuid4().hex, "seq": seq, **more}


def published(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"type": "news", "from": "x", "at": time.time(), "messages": list(messages), **more}


async def heard_of(*messages: Any) -> list[Any]:
    desk, line, layer = delivery._Desk(), Line(), Layer(*messages)
    desk.switchboard.join(line, now=time.time())  # type: ignore[arg-type]
    for _ in messages:
        await desk._take(layer, "channel")
    return line.heard


ODD: list[Callable[[], Any]] = [
    lambda: ValueError("no key"),
    dict,
    list,
    lambda: published(at="now"),
    lambda: None,
    lambda: published(None),
    lambda: published(bell(1, uids=["nobody"])),
    lambda: published({"type": "change", "version": "one", "come": ["x"], "gone": []}),
    lambda: published({"type": "all", "version": 1, "people": UID.hex}),
]


@pytest.mark.parametrize("odd", ODD)
async def test_a_message_that_is_not_ours_is_dropped_alone(odd: Callable[[], Any]) -> None:
    delivery.counters.clear()
    assert await heard_of(odd(), published(bell(7))) == [7]
    assert delivery.counters["hear"] == 1


async def test_an_odd_message_spoils_none_that_was_published_with_it() -> None:
    assert await heard_of(published(bell(3), bell(4, cid="none"), bell(5))) == [3, 5]


async def test_an_old_message_said_again_ends_no_socket() -> None:
    replaced = {**bell(1), "type": "replaced", "did": DID.hex}
    delivery.counters.clear()
    assert await heard_of(published(replaced, at=time.time() - delivery.STALE_SECONDS - 1)) == []
    assert delivery.counters == {"stale": 1}
    assert await heard_of(published(replaced)) == ["replaced"]
    assert delivery.counters == {"stale": 1}


async def test_with_redis_every_bell_is_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    from chatproject.tests.test_safety import fresh_settings

    fresh = fresh_settings(monkeypatch, REDIS_URL="redis://redis:6379/0", SECRET_KEY_FALLBACKS="older")
    keys = fresh["CHANNEL_LAYERS"]["default"]["CONFIG"]["symmetric_encryption_keys"]
    assert len(keys) == 2
    assert fresh["SECRET_KEY"] in keys[0]
    assert fresh["CACHES"]["default"]["OPTIONS"]["serializer"] == "chatproject.lib.numbers.Numbers"


async def test_a_full_way_to_the_layer_is_counted_and_waited_for_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "MAX_WAITING", 3)
    monkeypatch.setattr(delivery._Desk, "_start", lambda desk: True)  # there is a layer, and nobody takes to it
    delivery.counters.clear()
    desk = delivery._Desk()
    for number in range(5):
        desk.tell([UID], bell(number), key=("bell", number))
    assert delivery.counters["dropped"] == 2
    assert sum(len(waiting) for waiting in desk._waiting.values()) == 3
