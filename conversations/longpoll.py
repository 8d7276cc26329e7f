"""Long polls: requests that wait until something is new for one person, for networks that refuse WebSockets.

What is new is always read from the database, and a mark of all that an answer leaves its reader with says in the next
request what that reader knows: nothing is lost between two of them, whichever process they reach. A bell only says when
to read. The listener of a device is rung from before the first read on, and for a moment between two requests, so that
the other processes are not told of each that comes and goes.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from django.utils import timezone

from chatproject.lib import readiness, waits
from chatproject.lib.perloop import PerLoop
from conversations import delivery, frames, postbox
from conversations.refusals import too_many
from conversations.revalidation import revalidation
from conversations.socketauth import Login, LoginMissing
from conversations.standing import Standing
from conversations.switchboard import News

WAIT_SECONDS = 20.0  # a page that hears nothing for 35 gives its line up
LINGER_SECONDS = 5.0
MAX_OF_DEVICE = 3  # at a time: the tab in charge, and what a reload left behind
MAX_OF_NETWORK, MAX_OF_PROCESS = 500, 2_000
RETRY_SECONDS = 5
MARK_LENGTH = 32

Answer = tuple[frames.Welcome | frames.Heads, str]


class Listener:
    """A device without a socket, as the switchboard knows it (`switchboard.Socket`), for all its requests."""

    build: str | None = None

    def __init__(self, login: Login, forget: "Callable[[Listener], None]") -> None:
        self.login, self.uid, self.did = login, login.uid, login.did
        self.waiters: set[Waiter] = set()
        self.is_over = False
        self.farewell: asyncio.TimerHandle | None = None
        self.log_size = 0
        self._forget = forget
        self._rung: dict[UUID, int] = {}
        self._called = asyncio.Event()

    def ring(self, cid: UUID, seq: int, news: News | None = None) -> None:
        self._rung[cid] = max(seq, self._rung.get(cid, 0))
        self.call()

    def ring_log(self, log_size: int) -> None:
        self.log_size = max(log_size, self.log_size)
        self.call()

    def replaced(self) -> None:
        """Never: it is in charge of nothing."""

    def recheck(self) -> None:
        for each in self.waiters:
            revalidation().ask(each)

    def go_away(self, hint: str = "") -> None:
        """Whoever waits is answered and comes back elsewhere; over HTTP there is no hint to give."""
        self.is_over = True
        self.call()
        self._forget(self)

    def call(self) -> None:
        """Wake all who wait now."""
        self._called.set()
        self._called = asyncio.Event()

    async def called(self) -> None:
        await self._called.wait()

    def has_rung(self, known: Standing) -> bool:
        """Of more than what is known."""
        return self.log_size > known.log_size or any(seq > known.heads.get(cid, 0) for cid, seq in self._rung.items())


class Waiter:
    """One request, and a guest of `revalidation`."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self._ended: int | None = None

    def login_ended(self, code: int) -> None:
        self._ended = code
        self.listener.call()

    async def wait(self, key: str, known: Standing) -> None:
        """Until more than what is known was rung, or this process ends; WAIT_SECONDS at most. LoginMissing as soon as
        the session of this key has ended.
        """
        revalidation().join(self, key=key, login=self.listener.login)
        try:
            with waits.waiting(), suppress(TimeoutError):
                async with asyncio.timeout(WAIT_SECONDS):
                    while not (self._ended or self.listener.is_over or self.listener.has_rung(known)):
                        await self.listener.called()
        finally:
            revalidation().leave(self)
        if self._ended:
            raise LoginMissing(self._ended)


class Polls:
    """Those of one event loop."""

    def __init__(self) -> None:
        self._listeners: dict[Login, Listener] = {}
        self._networks: Counter[str] = Counter()  # requests under way

    @contextmanager
    def waiter(self, login: Login, network: str) -> Iterator[Waiter]:
        """Refusal 429 when there are too many of the device, the person, the network or altogether."""
        listener = self._listener(login, network)
        waiter = Waiter(listener)
        listener.waiters.add(waiter)
        self._networks[network] += 1
        try:
            yield waiter
        finally:
            listener.waiters.discard(waiter)
            self._networks -= Counter([network])
            self._part(listener)

    def _listener(self, login: Login, network: str) -> Listener:
        listener = self._listeners.get(login) or Listener(login, self._forget)
        if len(listener.waiters) >= MAX_OF_DEVICE or self._is_full(network):
            raise too_many(RETRY_SECONDS)
        if login not in self._listeners:
            if not delivery.attend(listener):
                raise too_many(RETRY_SECONDS)
            self._listeners[login] = listener
        if listener.farewell:
            listener.farewell.cancel()
        return listener

    def _is_full(self, network: str) -> bool:
        return self._networks[network] >= MAX_OF_NETWORK or self._networks.total() >= MAX_OF_PROCESS

    def _part(self, listener: Listener) -> None:
        seconds = 0.0 if listener.is_over else LINGER_SECONDS
        if not listener.waiters:
            listener.farewell = asyncio.get_running_loop().call_later(seconds, self._forget, listener)

    def _forget(self, listener: Listener) -> None:
        if not listener.waiters and self._listeners.get(listener.login) is listener:
            del self._listeners[listener.login]
            delivery.leave(listener)


polls = PerLoop(Polls)


async def news(login: Login, *, key: str, since: str, network: str) -> Answer:
    """What to tell, and the mark to come with next time; `key` is that of the session.

    Without a mark of this database, `welcome` at once. When the mark is not of what is there now, all heads at once.
    Else it waits, and tells of what has changed. Refusal 429; LoginMissing; DatabaseError.
    """
    with polls().waiter(login, network) as waiter:
        known = await _read(login)
        if since != _mark_of(known):
            return _all_of(known, since)
        if await _ends():
            waiter.listener.go_away()
        await waiter.wait(key, known)
        now = await _read(login) if waiter.listener.has_rung(known) else known
        return _changes(known, now, waiter.listener.log_size)


async def _read(login: Login) -> Standing:
    """Not before this call. What is read for others who ask at the same time outlives this request."""
    return await asyncio.shield(postbox.heartbeat(login))


def _all_of(now: Standing, since: str) -> Answer:
    if since.startswith(now.incarnation):
        return frames.Heads(now.heads, now.log_size, now.now_ms), _mark_of(now)
    return frames.Welcome(now.incarnation, now.heads, now.log_size, now.now_ms), _mark_of(now)


def _changes(known: Standing, now: Standing, log_size: int) -> Answer:
    if now.incarnation != known.incarnation:
        return _all_of(now, known.incarnation)
    heads = {cid: seq for cid, seq in now.heads.items() if known.heads.get(cid) != seq}
    told_ms = frames.milliseconds(timezone.now())
    return frames.Heads(heads, max(now.log_size, log_size), told_ms), _mark_of(now)


def _mark_of(now: Standing) -> str:
    """Of a database and all heads in it, the same in every process."""
    heads = sorted(cid.bytes + seq.to_bytes(8, "big") for cid, seq in now.heads.items())
    return now.incarnation + hashlib.sha256(b"".join(heads)).hexdigest()[:MARK_LENGTH]


async def _ends() -> bool:
    """Whether this process is about to end: who comes then is told to go away with all others, or just after them."""
    stays = readiness.needed.get("draining")
    return stays is not None and not await stays()
