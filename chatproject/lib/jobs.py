"""When the jobs of an operator ended well last: told through the cache, which all processes share with Redis."""

import time
from collections.abc import Mapping

from django.core.cache import cache

JOBS = ("purge_expired", "backup", "keylog_verify")
_PREFIX = "job-done:"


def succeeded(job: str) -> None:
    """A job that worked has worked, whether the cache can be told or not."""
    try:
        cache.set(_PREFIX + job, time.time(), None)
    except Exception:  # every cache has errors of its own
        return


def last_successes() -> Mapping[tuple[str, ...], float]:
    """Seconds since 1970 by job; those never seen are left out."""
    known = cache.get_many([_PREFIX + job for job in JOBS])
    return {(key.removeprefix(_PREFIX),): at for key, at in known.items()}
