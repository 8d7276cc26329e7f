"""Which other process holds whose sockets, as far as they told: so that news go only where somebody hears them. Pure.

Each process counts its changes. Who misses one asks for the whole; who is silent is forgotten. A table that is wrong
for a moment costs a bell.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from uuid import UUID

SILENCE_SECONDS = 60.0


@dataclass(slots=True)
class _Neighbour:
    version: int = -1  # unknown
    people: set[UUID] = field(default_factory=set)
    heard_at: float = 0.0
    lag: float = inf  # of its clock behind ours, at most


class Neighbours:
    def __init__(self) -> None:
        self._processes: dict[str, _Neighbour] = {}
        self._holders: dict[UUID, set[str]] = {}

    def holders(self, uids: Iterable[UUID]) -> dict[str, list[UUID]]:
        """By process: those of the people who have sockets there."""
        found: dict[str, list[UUID]] = {}
        for uid in uids:
            for name in self._holders.get(uid, ()):
                found.setdefault(name, []).append(uid)
        return found

    def change(self, name: str, version: int, come: Iterable[UUID], gone: Iterable[UUID], *, now: float) -> bool:
        """What changed at a process up to this version. False: something before it was missed."""
        one = self._processes.setdefault(name, _Neighbour())
        one.heard_at = now
        come, gone = set(come), set(gone)
        if version == one.version and not come and not gone:
            return True
        if version != one.version + 1 or one.version < 0 or not (come or gone):  # a new version changes something
            return False
        one.version = version
        self._put(name, one, (one.people | come) - gone)
        return True

    def replace(self, name: str, version: int, people: Iterable[UUID], *, now: float) -> None:
        """Everybody who is at a process."""
        one = self._processes.setdefault(name, _Neighbour())
        one.heard_at, one.version = now, version
        self._put(name, one, set(people))

    def lag(self, name: str, lag: float) -> float:
        """How far the clock of a process is behind ours: the least that a publication of it ever seemed to be old. More
        than that is time on the way. Of a process that is not known yet all of it is.
        """
        one = self._processes.get(name)
        if one is None:
            return min(lag, 0.0)
        one.lag = min(lag, one.lag)
        return one.lag

    def forget_silent(self, *, now: float) -> None:
        for name, one in list(self._processes.items()):
            if now - one.heard_at > SILENCE_SECONDS:
                self.forget(name)

    def forget(self, name: str) -> None:
        one = self._processes.pop(name, None)
        if one:
            self._put(name, one, set())

    def _put(self, name: str, one: _Neighbour, people: set[UUID]) -> None:
        for uid in one.people - people:
            self._holders[uid].discard(name)
            if not self._holders[uid]:
                del self._holders[uid]
        for uid in people - one.people:
            self._holders.setdefault(uid, set()).add(name)
        one.people = people
