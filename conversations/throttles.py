"""How much one account may post and start; counted from the rows themselves, so that no process sees only its share."""

import math
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from conversations.models import Conversation, Event
from conversations.refusals import too_many

STARTED_PER_DAY = 50
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def check_posts(*, uid: UUID, now: datetime) -> None:
    """429 when the account has used up its events of the last minute."""
    times = Event.objects.filter(uid=uid, at__gt=now - MINUTE).order_by("-at").values_list("at", flat=True)
    _check(times, limit=settings.POSTS_PER_MINUTE, window=MINUTE, now=now)


def check_started(*, uid: UUID, now: datetime) -> None:
    """429 when the account has started its conversations of the last day."""
    started = Conversation.objects.filter(started_by=uid, started_at__gt=now - DAY).order_by("-started_at")
    _check(started.values_list("started_at", flat=True), limit=STARTED_PER_DAY, window=DAY, now=now)


def _check(
    times: "QuerySet[Conversation, datetime] | QuerySet[Event, datetime]",
    *,
    limit: int,
    window: timedelta,
    now: datetime,
) -> None:
    """The `limit`-th newest time is the one that must leave the window first."""
    blocking = list(times[limit - 1 : limit])
    if blocking:
        raise too_many(math.ceil((blocking[0] + window - now).total_seconds()))
