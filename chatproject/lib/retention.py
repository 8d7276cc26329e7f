"""What `manage.py purge_expired` asks: each app says at start what of its own has had its time."""

from collections.abc import Callable, Mapping
from datetime import datetime

Purge = Callable[[datetime], Mapping[str, int]]

purges: dict[str, Purge] = {}
"""By app; each removes what has expired at a time and says how many of what."""
