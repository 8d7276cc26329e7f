"""What `manage.py purge_expired` asks: each app says at start what of its own has had its time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class Purge(Protocol):
    """Removes what has expired at a time and says how many of what; with `dry_run` it only says."""

    def __call__(self, now: datetime, *, dry_run: bool) -> Mapping[str, int]: ...


purges: dict[str, Purge] = {}
"""By app."""
