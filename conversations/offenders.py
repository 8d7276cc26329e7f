"""Accounts whose sockets this process closed for what they sent, and who must wait before they come back."""

from collections import deque
from uuid import UUID

from conversations.closecodes import PAUSE_SECONDS

MOST = 10  # sockets closed within PAUSE_SECONDS
MAX_ACCOUNTS = 10_000

closed: dict[UUID, deque[float]] = {}


def count(uid: UUID, now: float) -> None:
    """One more socket of this account was closed for what it sent."""
    if len(closed) >= MAX_ACCOUNTS:
        _forget(now)
    closed.setdefault(uid, deque(maxlen=MOST)).append(now)


def must_wait(uid: UUID, now: float) -> bool:
    """Whether so many were closed within the pause that it takes no new one."""
    times = closed.get(uid)
    return times is not None and len(times) == MOST and now - times[0] < PAUSE_SECONDS


def _forget(now: float) -> None:
    """Those who have been quiet; when nobody has, everybody."""
    for uid in [uid for uid, times in closed.items() if now - times[-1] >= PAUSE_SECONDS]:
        del closed[uid]
    if len(closed) >= MAX_ACCOUNTS:
        closed.clear()
