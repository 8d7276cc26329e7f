"""Nobody stays connected without a login: one read for a thousand sockets of an event loop, again and again, or while
nothing of what it read has changed, the question whether it has.

A bell (`delivery.end_sessions`) makes it sooner for whom it names. Bells get lost, and what ends a login outside of the
server processes rings none: the rounds find it all the same.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import ParamSpec, Protocol, TypeAlias, TypeVar

from django.db import Error as DatabaseError
from django.db import OperationalError

from chatproject.lib import bridge
from chatproject.lib.perloop import PerLoop
from chatproject.lib.unchanged import Reading
from conversations import closecodes
from conversations.baseconsumer import log_failure
from conversations.socketauth import Login, SessionReader, identify_many

REVALIDATE_SECONDS = 3.0  # from round to round: with the read less than the 5 s that an ended login may last
RECHECK_PAUSE_SECONDS = 1.0  # after a bell: a log-out rings before its row is gone
MAX_TOGETHER = 1_000  # of one read
FEW = 0.1  # of a thousand: as long as so few have come since all were read, only they are read
P = ParamSpec("P")
R = TypeVar("R")


class Guest(Protocol):
    """Who is served for as long as the login stands."""

    def login_ended(self, code: int) -> None:
        """`code` is one of `closecodes`. Must not wait. Said once."""


Guests: TypeAlias = dict[Guest, tuple[str, Login]]  # by which session key, and who that was


class _Group:
    """Guests that are looked at together, for as long as they stay."""

    def __init__(self) -> None:
        self.guests: Guests = {}
        self.unsure: set[Guest] = set()  # the logins of all others stand while `reading` is unchanged
        self.reading = Reading()


class Revalidation:
    """The guests of one event loop. What the database cannot say is asked again in the next round."""

    def __init__(self) -> None:
        self._groups: list[_Group] = []
        self._group_of: dict[Guest, _Group] = {}
        self._asked: set[Guest] = set()
        self._someone_asks = asyncio.Event()
        self._sessions, self._reading = SessionReader(), threading.Lock()
        self._task: asyncio.Task[None] | None = None

    def join(self, guest: Guest, *, key: str, login: Login) -> None:
        group = self._group_of[guest] = self._with_room()
        group.guests[guest] = key, login
        group.unsure.add(guest)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    def _with_room(self) -> _Group:
        """The first, so that most groups see nobody come and the last ones empty."""
        for group in self._groups:
            if len(group.guests) < MAX_TOGETHER:
                return group
        self._groups.append(_Group())
        return self._groups[-1]

    def leave(self, guest: Guest) -> None:
        group = self._group_of.pop(guest, None)
        if group:
            del group.guests[guest]
            group.unsure.discard(guest)
        self._asked.discard(guest)

    def ask(self, guest: Guest) -> None:
        """Look at this one before the next round."""
        if guest in self._group_of:
            self._asked.add(guest)
            self._someone_asks.set()

    async def _work(self) -> None:
        """Until nobody is here."""
        clock = asyncio.get_running_loop().time
        due = clock() + REVALIDATE_SECONDS
        try:
            while self._group_of:
                asked = await self._who_asks_until(due)
                if asked is None:
                    due = clock() + REVALIDATE_SECONDS
                    await self._look_at_all()
                else:
                    await self._look_at(asked)
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

    async def _look_at_all(self) -> None:
        self._groups = [group for group in self._groups if group.guests]
        self._sessions.keep({key for group in self._groups for key, _login in group.guests.values()})
        for group in list(self._groups):
            async with _left_for_the_next_round():
                await self._look_at_group(group)

    async def _look_at_group(self, group: _Group) -> None:
        if len(group.unsure) <= len(group.guests) * FEW and await self._alone(group.reading.is_unchanged):
            return await self._look_at(group.unsure)
        guests, reading = dict(group.guests), Reading()
        group.unsure.update(guests)
        keys = {key for key, _login in guests.values()}
        self._judge(guests, await self._alone(identify_many, keys, self._sessions.by(reading)))
        group.reading = reading
        group.unsure.difference_update(guests)

    async def _look_at(self, asked: Iterable[Guest]) -> None:
        known = [(guest, self._group_of[guest].guests[guest]) for guest in asked]
        for first in range(0, len(known), MAX_TOGETHER):
            async with _left_for_the_next_round():
                guests = dict(known[first : first + MAX_TOGETHER])
                keys = {key for key, _login in guests.values()}
                self._judge(guests, await self._alone(identify_many, keys, self._sessions))

    def _judge(self, guests: Guests, found: Mapping[str, Login | int]) -> None:
        for guest, (key, login) in guests.items():
            now = found[key]
            if now != login and guest in self._group_of:
                self.leave(guest)
                guest.login_ended(now if isinstance(now, int) else closecodes.DEVICE_NEEDED)

    async def _alone(self, read: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Never two at once: one that nobody waits for any more may still hang in its thread."""
        return await bridge.run(self._if_alone, partial(read, *args, **kwargs))

    def _if_alone(self, read: Callable[[], R]) -> R:
        if not self._reading.acquire(blocking=False):
            raise OperationalError("the read before has not ended")
        try:
            return read()
        finally:
            self._reading.release()


@asynccontextmanager
async def _left_for_the_next_round() -> AsyncIterator[None]:
    """What fails here is done then."""
    try:
        yield
    except DatabaseError:
        pass
    except Exception as error:
        log_failure("revalidation", error)


revalidation = PerLoop(Revalidation)
