"""The state of the log of keys, read when somebody asks for metrics."""

import time

from chatproject.lib import measures
from keys.models import LogHead


def connect() -> None:
    measures.log_size.read_from(lambda: _newest().size)
    measures.log_age.read_from(lambda: time.time() - _newest().ts_ms / 1000)


def _newest() -> LogHead:
    return LogHead.objects.order_by("-pk")[:1].get()
