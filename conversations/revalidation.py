"""Nobody stays connected without a login: one read for all sockets of an event loop, again and again.

A bell (`delivery.end_sessions`) makes it sooner for whom it names. Bells get lost, and what ends a login outside of the
server processes rings none: the rounds find it all the same.
"""

import asyncio
import threading
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from django.db import Error as DatabaseError
from django.db import OperationalError

from chatproject.lib import bridge
from chatproject.lib.perloop import PerLoop
from conversations import closecodes
from conversations.baseconsumer import log_failure
from conversations.socketauth import Login, SessionReader, identify_many

REVALIDATE_SECONDS = 3.0  # from round to round: with the read less than the 5 s that an ended login may last
RECHECK_PAUSE_SECONDS = 1.0  # after a bell: a log-out rings before its row is gone
MAX_TOGETHER = 1_000  # of one read


class Guest(Protocol):
    """Who is served for as long as the login stands."""

    def login_ended(self, code: int) -> None:
        """`code` is one of `closecodes`. Must not wait. Said once."""


class Revalidation:
    """The guests of one event loop. What the database cannot say is asked again in the next round."""

    def __init__(self) -> None:
        self._guests: dict[Guest, tuple[str, Login]] = {}  # by which session key, and who that was
        self._asked: set[Guest] = set()
        self._someone_asks = asyncio.Event()
        self._sessions, self._reading = SessionReader(), threading.Lock()
        self._task: asyncio.Task[None] | None = None

    def join(self, guest: Guest, *, key: str, login: Login) -> None:
        self._guests[guest] = key, login
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    def leave(self, guest: Guest) -> None:
        self._guests.pop(guest, None)
        self._asked.discard(guest)

    def ask(self, guest: Guest) -> None:
        """Look at this one before the next round."""
        if guest in self._guests:
            self._asked.add(guest)
            self._someone_asks.set()

    async def _work(self) -> None:
        """Until nobody is here."""
        clock = asyncio.get_running_loop().time
        due = clock() + REVALIDATE_SECONDS
        try:
            while self._guests:
                asked = await self._who_asks_until(due)
                if asked is None:
                    due = clock() + REVALIDATE_SECONDS
                    self._sessions.keep({key for key, _login in self._guests.values()})
                await self._look_at(self._guests if asked is None else asked)
        finally:
            self._task = None

    async def _who_asks_until(self, due: float) -> set[Guest] | None:
        """None when it is time to look at all."""
        try:
            async with asyncio.timeout_at(due):
                await self._someone_asks.wait()
                await asyncio.sleep(RECHECK_PAUSE_SECONDS)
        except TimeoutError:
            return None
        self._someone_asks.clear()
        asked, self._asked = self._asked, set()
        return asked

    async def _look_at(self, guests: Iterable[Guest]) -> None:
        known = [(guest, *self._guests[guest]) for guest in guests]
        for first in range(0, len(known), MAX_TOGETHER):
            try:
                await self._look_at_some(known[first : first + MAX_TOGETHER])
            except DatabaseError:
                pass
            except Exception as error:
                log_failure("revalidation", error)

    async def _look_at_some(self, known: Sequence[tuple[Guest, str, Login]]) -> None:
        found = await bridge.run(self._read, {key for _guest, key, _login in known})
        for guest, key, login in known:
            now = found[key]
            if now != login and guest in self._guests:
                self.leave(guest)
                guest.login_ended(now if isinstance(now, int) else closecodes.DEVICE_NEEDED)

    def _read(self, keys: Collection[str]) -> dict[str, Login | int]:
        """Never two at once: one that nobody waits for any more may still hang in its thread."""
        if not self._reading.acquire(blocking=False):
            raise OperationalError("the read before has not ended")
        try:
            return identify_many(keys, self._sessions)
        finally:
            self._reading.release()


revalidation = PerLoop(Revalidation)
