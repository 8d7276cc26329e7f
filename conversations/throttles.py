"""How much one account may post and start; counted from the rows themselves, so that no process sees only its share."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from conversations.models import Conversation, Event
from conversations.refusals import too_many

STARTED_PER_DAY = 50
ALLOWANCE_SECONDS, MAX_ALLOWANCES = 10.0, 100_000
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Left:
    """How many more events an account may post now; when there are none, when the next may come."""

    count: int
    free_at: datetime | None = None

    def retry_after(self, now: datetime) -> int:
        """In seconds."""
        return math.ceil((self.free_at - now).total_seconds()) if self.free_at else 1


def posts_left(*, posted: int, blocking: datetime | None) -> Left:
    """From the events of the last minute, and the time of the one that must leave it first, if that many are in it."""
    return Left(settings.POSTS_PER_MINUTE - posted, blocking + MINUTE if blocking else None)


def read_posts_left(uid: UUID, now: datetime) -> Left:
    times = Event.objects.filter(uid=uid, at__gt=now - MINUTE).order_by("-at").values_list("at", flat=True)
    newest = list(times[: settings.POSTS_PER_MINUTE])
    blocking = newest[-1] if len(newest) == settings.POSTS_PER_MINUTE else None
    return posts_left(posted=len(newest), blocking=blocking)


class Allowances:
    """What accounts may post before the rows are asked again, so that not every message asks.

    A process gives out half of what the rows left, for ALLOWANCE_SECONDS: alone it never lets through more than the
    limit; among many it may, by a half each.
    """

    def __init__(self) -> None:
        self._left: dict[UUID, tuple[int, float]] = {}

    def find(self, uid: UUID, now: float) -> Left | None:
        """None: ask the rows."""
        count, until = self._left.get(uid, (0, 0.0))
        return Left(count) if count > 0 and now < until else None

    def keep(self, uid: UUID, *, asked: bool, left: int, now: float) -> None:
        if asked:
            if len(self._left) >= MAX_ALLOWANCES:
                self._left.clear()
            self._left[uid] = left // 2, now + ALLOWANCE_SECONDS
        else:
            self._left[uid] = left, self._left[uid][1]


def check_started(*, uid: UUID, now: datetime) -> None:
    """429 when the account has started its conversations of the last day."""
    times = Conversation.objects.filter(started_by=uid, started_at__gt=now - DAY).order_by("-started_at")
    blocking = list(times.values_list("started_at", flat=True)[STARTED_PER_DAY - 1 : STARTED_PER_DAY])
    if blocking:
        raise too_many(math.ceil((blocking[0] + DAY - now).total_seconds()))
