"""What this app tells the operator: sockets, frames, how fast mail arrives, whether loop and layer keep up."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from chatproject.lib import builds, measures, readiness
from conversations import delivery, frames
from conversations.attachments import services as attachments

LAYER_EVERY_SECONDS = 5.0
LAG_EVERY_SECONDS = 1.0
LIVE_MS = 60_000  # older events are history that somebody reads, not mail on its way

_tasks: set[asyncio.Task[None]] = set()
_asked: dict[str, float] = {}
_leaving = False


def connect() -> None:
    measures.connections.read_from(delivery.open_sockets)
    measures.clients.read_from(lambda: builds.by_label(delivery.open_builds()))
    measures.attachment_room.read_from(attachments.room)
    readiness.needed["draining"] = _stays
    readiness.helpful["layer"] = layer_answers


def begin() -> None:
    """The server runs: from here on the loop's lag and the layer are looked at."""
    for work in (_watch_loop(), _watch_layer()):
        task = asyncio.get_running_loop().create_task(work)
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)


def leave() -> None:
    """The server ends: nobody is to be sent here any more."""
    global _leaving
    _leaving = True


async def layer_answers() -> bool:
    """Whether a message to ourselves came back; asked again after 5 seconds only."""
    if "up" not in _asked or time.monotonic() - _asked["at"] >= LAYER_EVERY_SECONDS:
        _asked["at"] = time.monotonic()
        seconds = await delivery.round_trip()
        measures.layer_up.set(seconds is not None)
        if seconds is not None:
            measures.layer_seconds.set(seconds)
        _asked["up"] = float(seconds is not None)
    return bool(_asked["up"])


@contextmanager
def taking(frame: frames.ClientFrame) -> Iterator[None]:
    """Around the work on one frame that is done with then."""
    count_taken(frame)
    began = time.perf_counter()
    try:
        yield
    finally:
        measures.frame_seconds.observe(time.perf_counter() - began, frame.f)


def count_taken(frame: frames.ClientFrame) -> None:
    measures.frames.add("in", frame.f)


def count_answered_post(answer: frames.Accepted | frames.Refused, began: float) -> None:
    """Posts are answered when their batch is stored, while others are read."""
    measures.frames.add("out", answer.f)
    measures.frame_seconds.observe(time.perf_counter() - began, frames.Post.f)


def count_handed(at_ms: int) -> None:
    """An event that goes to another's socket without being asked for."""
    measures.frames.add("out", frames.Event.f)
    _observe_age(at_ms)


def count_answer(frame: frames.ServerFrame, did: UUID) -> None:
    """A frame for a device; the fresh events of others in it tell how long mail takes."""
    measures.frames.add("out", frame.f)
    if isinstance(frame, frames.Events):
        for item in frame.items:
            if item.did != did:
                _observe_age(item.at_ms)


def _observe_age(at_ms: int) -> None:
    age = time.time() * 1000 - at_ms
    if age < LIVE_MS:
        measures.delivery_seconds.observe(max(age, 0) / 1000)


async def _stays() -> bool:
    return not _leaving


async def _watch_loop() -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(LAG_EVERY_SECONDS)
        measures.loop_lag.set(max(0.0, time.perf_counter() - began - LAG_EVERY_SECONDS))


async def _watch_layer() -> None:
    while True:
        await layer_answers()
        await asyncio.sleep(LAYER_EVERY_SECONDS)
