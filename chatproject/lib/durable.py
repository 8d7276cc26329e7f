"""Whoever commits waits for the disk: no session of this program runs with `synchronous_commit` off, whatever its role,
its database, its address or the server says. Every other value waits for the own disk, and stays.
"""

from typing import Any
from weakref import WeakSet

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

WAIT_FOR_DISK = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)

_told: WeakSet[Any] = WeakSet()  # a pool hands the same connection out again and again


def connect() -> None:
    connection_created.connect(_let_it_wait)


def _let_it_wait(*, connection: BaseDatabaseWrapper, **_given: Any) -> None:
    """Django's connections to PostgreSQL, once each. One that cannot be told is not used."""
    session = connection.connection
    if connection.vendor != "postgresql" or session in _told:
        return
    try:
        session.execute(WAIT_FOR_DISK)
    except BaseException:
        connection.close()
        raise
    _told.add(session)
