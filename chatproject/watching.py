"""Where the levels of the process itself are read when somebody asks for metrics."""

from collections.abc import Mapping

from django.conf import settings
from django.db import connections

from chatproject import VERSION
from chatproject.lib import bridge, jobs, measures


def connect() -> None:
    measures.build_info.set(1, VERSION)
    measures.executor_queue.read_from(bridge.waiting)
    measures.job_success.read_from(jobs.last_successes)
    measures.pool_size.read_from(lambda: _of_pools("pool_size"))
    measures.pool_waiting.read_from(lambda: _of_pools("requests_waiting"))


def _of_pools(number: str) -> Mapping[tuple[str, ...], float]:
    """By alias; a database without a pool (SQLite) is left out."""
    pools = {alias: getattr(connections[alias], "pool", None) for alias in settings.DATABASES}
    return {(alias,): pool.get_stats().get(number, 0) for alias, pool in pools.items() if pool is not None}
