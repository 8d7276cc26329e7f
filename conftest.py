"""What all tests share."""

from collections.abc import Iterator

import pytest
from asgiref.sync import SyncToAsync
from django.db import connections


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """The test databases are dropped at the end: nobody may hold a connection to them then."""
    yield
    SyncToAsync.single_thread_executor.submit(_close_connections).result()  # the thread of async tests holds its own
    _close_connections()


def _close_connections() -> None:
    for connection in connections.all():
        connection.close()
        getattr(connection, "close_pool", lambda: None)()
