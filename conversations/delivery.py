"""The doorbell, and the only user of the channel layer.

Sockets of this process are rung directly; other processes hear of it through the layer, group `user.<uid>`. Bells are
rung after COMMIT and are hints: nothing here raises, waits for the layer or is ever the only way an event arrives.
What fails is counted and logged without names.
"""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.layers import InMemoryChannelLayer, get_channel_layer

from chatproject.lib import measures
from conversations.switchboard import News, Socket, Switchboard

logger = logging.getLogger(__name__)
counters: Counter[str] = Counter()

MAX_WAITING = 10_000  # bells on their way to the layer; more are dropped and counted
LAYER_SECONDS = 2.0
STALE_SECONDS = 30.0  # an older message is a repeated one; the heartbeat has brought its news
RETRY_SECONDS = 1.0
LOG_EVERY_SECONDS = 60.0


def begin() -> None:
    """The server runs: from here on a process without sockets, too, passes on whose sessions have ended."""
    _desk()


def join(socket: Socket) -> bool:
    """Put a socket in charge of its device, in all processes. False: the person has too many sockets."""
    desk = _desk()
    if not desk.switchboard.join(socket):
        return False
    desk.match_groups()
    desk.tell([socket.uid], {"type": "replaced", "did": socket.did.hex}, key=("replaced", socket.did))
    return True


def leave(socket: Socket) -> None:
    desk = _desk()
    desk.switchboard.leave(socket)
    desk.match_groups()


def tell(uids: Iterable[UUID], *, cid: UUID, seq: int, news: News | None = None, but: Socket | None = None) -> None:
    """Tell everybody's sockets (but the one that posted) how far a conversation has come; `news` brings the event."""
    with _quietly("ring"):
        people = set(uids)
        _desk().switchboard.ring(people, cid=cid, seq=seq, news=news, but=but)
        _desk().tell(people, {"type": "bell", "cid": cid.hex, "seq": seq}, key=("bell", cid))


def ring_log(uids: Iterable[UUID], *, log_size: int) -> None:
    """Tell everybody's sockets how long the log has become."""
    with _quietly("ring"):
        people = set(uids)
        _desk().switchboard.ring_log(people, log_size=log_size)
        _desk().tell(people, {"type": "log", "log_size": log_size}, key=("log",))


def end_sessions(uid: UUID) -> None:
    """Have every socket of a person check its login and device now; those that lost them close. From any thread."""
    for loop, desk in list(_desks.items()):
        with suppress(RuntimeError):  # that loop has ended
            loop.call_soon_threadsafe(desk.recheck, uid)


def send_everybody_away() -> None:
    """The server ends."""
    for socket in _desk().switchboard.sockets():
        socket.go_away()


async def round_trip() -> float | None:
    """Seconds that a message to this process takes through the layer; 0 without a layer, None when it is lost."""
    try:
        async with asyncio.timeout(LAYER_SECONDS):
            return await _desk().round_trip()
    except Exception as error:
        _failed("round_trip", error)
        return None


def open_sockets() -> int:
    return sum(len(desk.switchboard.sockets()) for desk in list(_desks.values()))


class _Desk:
    """One event loop's switchboard and its place at the layer: one channel, in the groups of who is here."""

    def __init__(self) -> None:
        self.switchboard = Switchboard()
        self._name = secrets.token_hex(8)
        self._waiting: dict[tuple[Any, ...], tuple[str, dict[str, Any]]] = {}
        self._something_waits, self._people_changed = asyncio.Event(), asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._channel = ""
        self._listens, self._echoed = asyncio.Event(), asyncio.Event()

    async def round_trip(self) -> float:
        if not self._start():
            return 0.0
        await self._listens.wait()
        self._echoed.clear()
        began = time.perf_counter()
        await _layer().send(self._channel, {"type": "echo", "from": self._name})
        await self._echoed.wait()
        return time.perf_counter() - began

    def recheck(self, uid: UUID) -> None:
        self.switchboard.recheck(uid)
        self.tell([uid], {"type": "recheck"}, key=("recheck",))

    def match_groups(self) -> None:
        self._start()
        self._people_changed.set()

    def tell(self, uids: Iterable[UUID], message: dict[str, Any], *, key: tuple[Any, ...]) -> None:
        """Hand a message to the publisher; a newer one of the same key takes an older one's place."""
        if not self._start():
            return
        for uid in uids:
            if len(self._waiting) >= MAX_WAITING:
                return _failed("dropped")
            _group, older = self._waiting.get((*key, uid), ("", {}))
            if older.get("seq", 0) <= message.get("seq", 0):
                self._waiting[(*key, uid)] = (_group_of(uid), {**message, "uid": uid.hex, "from": self._name})
        self._something_waits.set()

    def _start(self) -> bool:
        """Whether there are other processes to talk to."""
        if _layer() is None:
            return False
        if not self._tasks:
            self._tasks = [asyncio.create_task(_for_ever(work)) for work in (self._publish, self._listen)]
        return True

    async def _publish(self) -> None:
        await self._something_waits.wait()
        self._something_waits.clear()
        while self._waiting:
            group, message = self._waiting.pop(next(iter(self._waiting)))
            try:
                async with asyncio.timeout(LAYER_SECONDS):
                    await _layer().group_send(group, {**message, "at": time.time()})
            except Exception as error:
                _failed("publish", error)

    async def _listen(self) -> None:
        layer = _layer()
        async with asyncio.timeout(LAYER_SECONDS):
            self._channel = channel = await layer.new_channel()
        self._listens.set()
        keeper = asyncio.create_task(self._keep_groups(layer, channel))
        try:
            while True:
                await self._hear(layer, channel)
        finally:
            self._listens.clear()
            keeper.cancel()

    async def _hear(self, layer: Any, channel: str) -> None:
        """The next message. One that the layer cannot open, or that is not ours, is dropped alone."""
        try:
            message = await layer.receive(channel)
            if message["type"] == "echo":
                self._echoed.set()
            elif message["from"] != self._name and time.time() - message["at"] < STALE_SECONDS:
                self.switchboard.hear(message)
        except Exception as error:
            _failed("hear", error)

    async def _keep_groups(self, layer: Any, channel: str) -> None:
        """The groups the channel is in follow the people who are here, also through times without the layer."""
        added: set[UUID] = set()
        while True:
            self._people_changed.clear()
            try:
                await self._follow(layer, channel, added)
            except Exception as error:
                _failed("subscribe", error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await self._people_changed.wait()

    async def _follow(self, layer: Any, channel: str, added: set[UUID]) -> None:
        here = self.switchboard.people()
        for uid in here ^ added:
            change = layer.group_add if uid in here else layer.group_discard
            async with asyncio.timeout(LAYER_SECONDS):
                await change(_group_of(uid), channel)
            added ^= {uid}


_desks: WeakKeyDictionary[asyncio.AbstractEventLoop, _Desk] = WeakKeyDictionary()
_logged: dict[str, float] = {}


def _desk() -> _Desk:
    """The one of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _desks:
        _desks[loop] = _Desk()
    return _desks[loop]


def _layer() -> Any:
    """The layer, when it reaches further than this process."""
    layer = get_channel_layer()
    return None if isinstance(layer, InMemoryChannelLayer) else layer


def _group_of(uid: UUID) -> str:
    return f"user.{uid.hex}"


async def _for_ever(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    while True:
        try:
            await work()
        except Exception as error:
            _failed("layer", error)
            await asyncio.sleep(RETRY_SECONDS)


@contextmanager
def _quietly(what: str) -> Iterator[None]:
    """What goes wrong inside is counted, never raised."""
    try:
        yield
    except Exception as error:
        _failed(what, error)


def _failed(what: str, error: Exception | None = None) -> None:
    counters[what] += 1
    measures.bells_failed.add(what)
    now = time.monotonic()
    if now - _logged.get(what, -LOG_EVERY_SECONDS) >= LOG_EVERY_SECONDS:
        _logged[what] = now
        logger.warning("bell.%s failed, %s so far: %s", what, counters[what], type(error).__name__ if error else "full")
