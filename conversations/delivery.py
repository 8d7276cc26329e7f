"""The doorbell, and the only user of the channel layer.

Sockets of this process are rung directly; of the other processes those that hold a receiver hear of it through the
layer, many events in one publication. All this happens after COMMIT and is a hint: nothing here raises, waits for the
layer or is ever the only way an event arrives. What fails is counted and logged without names.
"""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from channels.layers import InMemoryChannelLayer, get_channel_layer

from chatproject.lib import measures
from chatproject.lib.perloop import PerLoop
from conversations.neighbours import Neighbours
from conversations.switchboard import News, Socket, Switchboard

logger = logging.getLogger(__name__)
counters: Counter[str] = Counter()

EVERYBODY = "processes"
MAX_WAITING = 2_000  # messages on their way to one group; more are dropped and counted
MAX_PUBLISHED = 200
ANNOUNCE_SECONDS = 20.0
LAYER_SECONDS = 2.0
LOST_TRIPS = 3  # one after the other, then the layer is listened to anew
STALE_SECONDS = 30.0  # an older message is a repeated one; the heartbeat has brought its news
RETRY_SECONDS = 1.0
LOG_EVERY_SECONDS = 60.0


def begin() -> None:
    """The server runs: from here on a process without sockets, too, passes on whose sessions have ended."""
    _desk()


def join(socket: Socket) -> bool:
    """Put a socket in charge of its device, in all processes. False: the person has too many sockets."""
    desk, now = _desk(), time.time()
    if not desk.switchboard.join(socket, now=now):
        return False
    desk.people_changed()
    message = {"type": "replaced", "did": socket.did.hex, "joined": now}
    desk.tell([socket.uid], message, key=("replaced", socket.did))
    return True


def attend(socket: Socket) -> bool:
    """Ring a socket that is in charge of no device, as what waits over HTTP. False: the person has too many sockets."""
    desk = _desk()
    if not desk.switchboard.attend(socket):
        return False
    desk.people_changed()
    return True


def leave(socket: Socket) -> None:
    desk = _desk()
    desk.switchboard.leave(socket)
    desk.people_changed()


def tell(uids: Iterable[UUID], *, cid: UUID, seq: int, news: News | None = None, but: Socket | None = None) -> None:
    """Tell everybody's sockets (but the one that posted) how far a conversation has come; `news` brings the event."""
    with _Quietly("ring"):
        people, desk = set(uids), _desk()
        desk.switchboard.ring(people, cid=cid, seq=seq, news=news, but=but)
        words = {"text": news.text, "stored_ms": news.at_ms} if news else {}
        desk.tell_holders(people, {"type": "event", "cid": cid.hex, "seq": seq, **words})


def ring_log(uids: Iterable[UUID], *, log_size: int) -> None:
    """Tell everybody's sockets how long the log has become."""
    with _Quietly("ring"):
        people, desk = set(uids), _desk()
        desk.switchboard.ring_log(people, log_size=log_size)
        desk.tell(people, {"type": "log", "log_size": log_size}, key=("log",))


def end_sessions(uid: UUID) -> None:
    """Have every socket of a person check its login and device now; those that lost them close. From any thread."""
    for loop, desk in _desk.living():
        with suppress(RuntimeError):  # that loop has ended meanwhile
            loop.call_soon_threadsafe(desk.recheck, uid)


def everybody() -> list[Socket]:
    """All sockets that said hello here."""
    return _desk().switchboard.sockets()


async def round_trip() -> float | None:
    """Seconds that a message to this process takes through the layer; 0 without a layer, None when it is lost."""
    desk, seconds = _desk(), None
    try:
        async with asyncio.timeout(LAYER_SECONDS):
            seconds = await desk.round_trip()
    except Exception as error:
        _failed("round_trip", error)
    desk.count_trip(is_lost=seconds is None)
    return seconds


def open_sockets() -> int:
    return sum(open_builds().values())


def open_builds() -> Counter[str | None]:
    """How many sockets are open here, by the build of their pages; None: another client."""
    return Counter(socket.build for _loop, desk in _desk.living() for socket in desk.switchboard.sockets())


class _Desk:
    """One event loop's switchboard and its place at the layer: one channel, in its own group and in everybody's."""

    def __init__(self) -> None:
        self.switchboard, self._neighbours = Switchboard(), Neighbours()
        self._name = secrets.token_hex(8)
        self._waiting: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}  # by group
        self._something_waits, self._people_changed = asyncio.Event(), asyncio.Event()
        self._announced: set[UUID] = set()
        self._version, self._number = 0, 0
        self._tasks: list[asyncio.Task[None]] = []
        self._channel = ""
        self._listens, self._echoed, self._deafened = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._lost_trips = 0

    async def round_trip(self) -> float:
        if not self._start():
            return 0.0
        await self._listens.wait()
        self._echoed.clear()
        began = time.perf_counter()
        await _layer().send(self._channel, {"type": "echo", "from": self._name})
        await self._echoed.wait()
        return time.perf_counter() - began

    def count_trip(self, *, is_lost: bool) -> None:
        """A line to Redis that is half open tells no error: it is given up when nothing comes back of what is sent."""
        self._lost_trips = self._lost_trips + 1 if is_lost else 0
        if self._lost_trips == LOST_TRIPS:
            self._lost_trips = 0
            self._deafened.set()

    def recheck(self, uid: UUID) -> None:
        self.switchboard.recheck(uid)
        self.tell([uid], {"type": "recheck"}, key=("recheck",))

    def people_changed(self) -> None:
        self._start()
        self._people_changed.set()

    def tell(self, uids: Iterable[UUID], message: dict[str, Any], *, key: tuple[Any, ...]) -> None:
        """Tell every process, whoever it holds; a newer message of the same key takes an older one's place."""
        if self._start():
            for uid in uids:
                self._put(EVERYBODY, (*key, uid), {**message, "uids": [uid.hex]})

    def tell_holders(self, uids: Iterable[UUID], message: dict[str, Any]) -> None:
        """Tell the processes that hold sockets of these people."""
        if self._start():
            for name, held in self._neighbours.holders(uids).items():
                self._number += 1
                self._put(_group_of(name), (self._number,), {**message, "uids": [uid.hex for uid in held]})

    def _put(self, group: str, key: tuple[Any, ...], message: dict[str, Any]) -> None:
        waiting = self._waiting.setdefault(group, {})
        if len(waiting) >= MAX_WAITING:
            return _failed("dropped", "full")
        waiting[key] = message
        self._something_waits.set()

    def _start(self) -> bool:
        """Whether there are other processes to talk to."""
        if _layer() is None:
            return False
        if not self._tasks:
            works = (self._publish, self._listen, self._announce)
            self._tasks = [asyncio.create_task(_for_ever(work)) for work in works]
        return True

    async def _publish(self) -> None:
        """One publication carries all that waits for a group, up to MAX_PUBLISHED messages."""
        await self._something_waits.wait()
        self._something_waits.clear()
        while self._waiting:
            group, waiting = next(iter(self._waiting.items()))
            keys = list(waiting)[:MAX_PUBLISHED]
            messages = [waiting.pop(key) for key in keys]
            if not waiting:
                del self._waiting[group]
            await self._send(group, {"messages": messages})

    async def _send(self, group: str, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(LAYER_SECONDS):
                await _layer().group_send(group, {"type": "news", "from": self._name, "at": time.time(), **message})
        except Exception as error:
            _failed("publish", error)

    async def _listen(self) -> None:
        """Until nothing is heard any more; then the layer's lines are given up, and who calls begins anew."""
        layer = _layer()
        self._deafened.clear()
        async with asyncio.timeout(LAYER_SECONDS):
            self._channel = channel = await layer.new_channel()
            for group in (EVERYBODY, _group_of(self._name)):
                await layer.group_add(group, channel)
        self._put(EVERYBODY, ("who",), {"type": "who"})
        self._people_changed.set()  # what was announced meanwhile may be lost: whoever missed it asks
        self._listens.set()
        taking = asyncio.create_task(self._take_all(layer, channel))
        try:
            await self._deafened.wait()
            async with asyncio.timeout(2 * LAYER_SECONDS):  # who publishes meanwhile goes before
                await layer.flush()
        finally:
            self._listens.clear()
            taking.cancel()

    async def _take_all(self, layer: Any, channel: str) -> None:
        while True:
            await self._take(layer, channel)

    async def _take(self, layer: Any, channel: str) -> None:
        """The next publication. What the layer cannot open, or what is not ours, is dropped alone."""
        try:
            message = await layer.receive(channel)
            if message["type"] == "echo":
                self._echoed.set()
            elif message["from"] != self._name:
                self._take_news(message["from"], message["messages"], age=time.time() - message["at"])
        except Exception as error:
            _failed("hear", error)

    def _take_news(self, name: str, messages: Iterable[dict[str, Any]], *, age: float) -> None:
        lag = self._neighbours.lag(name, age)
        if age >= STALE_SECONDS:
            return _failed("stale", "too old, or clocks apart")
        for each in messages:
            with _Quietly("hear"):
                self._hear(name, each, lag)

    async def _announce(self) -> None:
        """Who came and went, as soon as it changes; every ANNOUNCE_SECONDS that this process is alive."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ANNOUNCE_SECONDS):
                await self._people_changed.wait()
        self._people_changed.clear()
        here, loop = self.switchboard.people(), asyncio.get_running_loop()
        come, gone = here - self._announced, self._announced - here
        self._announced = here
        self._version += bool(come or gone)
        self._neighbours.forget_silent(now=loop.time())
        words = {"come": [uid.hex for uid in come], "gone": [uid.hex for uid in gone]}
        await self._send(EVERYBODY, {"messages": [{"type": "change", "version": self._version, **words}]})

    def _hear(self, name: str, message: dict[str, Any], lag: float) -> None:
        now = asyncio.get_running_loop().time()
        match message["type"]:
            case "who":
                people = [uid.hex for uid in self._announced]
                self._put(_group_of(name), ("all",), {"type": "all", "version": self._version, "people": people})
            case "all":
                self._neighbours.replace(name, message["version"], map(UUID, message["people"]), now=now)
            case "change":
                come, gone = map(UUID, message["come"]), map(UUID, message["gone"])
                if not self._neighbours.change(name, message["version"], come, gone, now=now):
                    self._put(_group_of(name), ("who",), {"type": "who"})
            case _:
                self.switchboard.hear(message, lag=lag)


_desk = PerLoop(_Desk)
_logged: dict[str, float] = {}


def _layer() -> Any:
    """The layer, when it reaches further than this process."""
    layer = get_channel_layer()
    return None if isinstance(layer, InMemoryChannelLayer) else layer


def _group_of(name: str) -> str:
    return f"process.{name}"


async def _for_ever(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    while True:
        try:
            await work()
        except Exception as error:
            _failed("layer", error)
            await asyncio.sleep(RETRY_SECONDS)


class _Quietly:
    """What goes wrong inside is counted, never raised. A class, for every message passes through."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        _failed(self._what, error)
        return True


def _failed(what: str, why: Exception | str) -> None:
    counters[what] += 1
    measures.bells_failed.add(what)
    now, reason = time.monotonic(), why if isinstance(why, str) else type(why).__name__
    if now - _logged.get(what, -LOG_EVERY_SECONDS) >= LOG_EVERY_SECONDS:
        _logged[what] = now
        logger.warning("bell.%s failed, %s so far: %s", what, counters[what], reason)
