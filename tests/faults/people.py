"""Reference clients whose every frame and text goes into a history, and the traffic they make."""

import asyncio
import contextlib
import json
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection

from reference import wire
from reference.client import Client, Message, Problem
from reference.encoding import unb64
from reference.errors import ProtocolError
from reference.link import PAGE, Link, LinkEnded, PostRefused
from reference.patience import patiently
from tests.faults.gate import Gate
from tests.faults.history import History, Stored
from tests.faults.recorder import Recorder

PASSWORD = "a long password for a short life 4711"
NOTICES = frozenset({"DEVICE_ADDED", "DEVICE_REMOVED", "KEYFILE_STALE", "LOG_STALE"})


class RecordedLink(Link):
    """A link that writes down what goes over it, and when it was `welcomed`; nothing is done otherwise."""

    def __init__(self, history: History, who: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.history, self._recorder = history, Recorder(history, who)
        self.welcomed: list[float] = []

    async def post(
        self, cid: bytes, client_id: str, kind: str, blob: bytes, blobs: tuple[str, ...] = ()
    ) -> wire.Accepted:
        self._recorder.posts(cid, client_id, blob)
        return await super().post(cid, client_id, kind, blob, blobs)

    async def _send(self, frame: str) -> None:
        await self._open_line()
        asked = json.loads(frame)
        if asked["f"] == "pull":
            cid = bytes.fromhex(asked["cid"])
            self._recorder.pulls(cid, asked["after"], asked["limit"], self.history.known(cid))
        await super()._send(frame)

    def _take(self, socket: ClientConnection, frame: wire.ServerFrame) -> None:
        if isinstance(frame, wire.Welcome) and socket is not self.socket:
            self._recorder.begins()
            self.welcomed.append(asyncio.get_running_loop().time())
        self._recorder.hears(frame)
        super()._take(socket, frame)


class Reader(ABC):
    """Whoever writes and must have everything in the end; `name`: what they are called in the history."""

    def __init__(self, name: str, history: History) -> None:
        self.name, self.history = name, history

    @abstractmethod
    def cursor(self, cid: bytes) -> int:
        """The sequence up to which everything of a conversation was applied."""

    @abstractmethod
    async def everything(self, cid: bytes) -> tuple[Stored, ...]:
        """All that is stored of a conversation, from the start, over HTTPS."""

    @abstractmethod
    async def close(self) -> None: ...

    def type(self, cid: bytes, text: str) -> float:
        """A text that must not be lost from here on; the time."""
        self.history.typed.append((self.name, cid, text))
        self.history.typed_at[text] = asyncio.get_running_loop().time()
        return self.history.typed_at[text]

    def shown(self, cid: bytes) -> list[str]:
        return [text for _seq, text in self.history.shown[(self.name, cid)]]


class Watched(Reader):
    """A reader that tells nothing by itself."""

    @abstractmethod
    async def look(self) -> None:
        """Finds out what there is to see by now."""

    @abstractmethod
    def tell(self) -> None:
        """What was seen goes into the history."""


class Device(Reader):
    """One client of the reference, and its way to the servers (`gate`; None: straight to them)."""

    def __init__(self, name: str, client: Client, gate: Gate | None, history: History) -> None:
        super().__init__(name, history)
        self.client, self.gate = client, gate
        client.make_link = lambda *args, **kwargs: RecordedLink(history, name, *args, **kwargs)
        self._reading: asyncio.Task[None] | None = None

    def start_reading(self) -> None:
        self._reading = asyncio.create_task(self._read())

    async def say(self, cid: bytes, text: str) -> None:
        """A text is typed; it gets its tick, or fails visibly."""
        began = self.type(cid, text)
        try:
            self.history.ticked[text] = await self.client.send(cid, text)
        except (ProtocolError, PostRefused, LinkEnded) as error:
            self.history.failed[text] = str(error)
        self.history.sent_seconds.append(asyncio.get_running_loop().time() - began)

    def cursor(self, cid: bytes) -> int:
        exchange = self.client.exchanges.get(cid)
        return exchange.talk.cursor if exchange else 0

    async def everything(self, cid: bytes) -> tuple[Stored, ...]:
        found: list[Stored] = []
        path = f"/api/conversations/{cid.hex()}/events/"
        while True:
            page = await patiently(self.client.person.web.get, path, after=len(found), limit=PAGE)
            found += [Stored(item["seq"], item["client_id"], unb64(item["sha256"])) for item in page["items"]]
            if not page["items"]:
                return tuple(found)

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        await self.client.close()

    async def _read(self) -> None:
        async for event in self.client.events():
            match event:
                case Message():
                    self.history.shown[(self.name, event.cid)].append((event.seq, event.text))
                    now = asyncio.get_running_loop().time()
                    self.history.shown_seconds.append(now - self.history.typed_at[event.text])
                case Problem() if event.code in self.history.wanted:
                    self.history.told.add((self.name, event.code))
                case Problem() if event.code not in NOTICES:
                    self.history.troubles.append((self.name, event.code))


class Traffic:
    """Everybody writes in each of their conversations, at random moments, until it is stopped."""

    def __init__(self, devices: dict[str, Device], places: list[tuple[str, bytes]], *, rate: float, seed: int) -> None:
        """`places`: who writes where; `rate`: texts a second of all together; `seed`: another one for each traffic."""
        self._devices, self._places, self._pause = devices, places, len(places) / rate
        self._seed, self._random, self._tasks = seed, random.Random(seed), []
        self._stopped = asyncio.Event()
        self.written = 0

    async def __aenter__(self) -> "Traffic":
        self._tasks = [asyncio.create_task(self._write(who, cid)) for who, cid in self._places]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopped.set()
        await asyncio.gather(*self._tasks)

    async def goes_on(self, texts: int, seconds: float) -> None:
        """Waits until so many more texts have their tick."""
        aim = self.written + texts
        await until(lambda: self.written >= aim, seconds, f"{texts} more texts are sent")

    async def _write(self, who: str, cid: bytes) -> None:
        number = 0
        while not self._stopped.is_set():
            number += 1
            await self._devices[who].say(cid, f"{self._seed} {who} {cid.hex()[:4]} {number}")
            self.written += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), self._random.uniform(0, 2 * self._pause))


class Fault(AssertionError):
    """The pass line of a fault does not hold."""


def hold(condition: bool, what: str) -> None:
    if not condition:
        raise Fault(what)


async def until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Seconds until it was so; Fault when it never was."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not condition():
        if loop.time() - began > seconds:
            raise Fault(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(0.02)
    return loop.time() - began
