"""What all tests share."""

from collections.abc import Iterator

import pytest
from django.db import connections


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """The test databases are dropped at the end: nobody may hold a connection to them then."""
    yield
    for connection in connections.all():
        connection.close()
        getattr(connection, "close_pool", lambda: None)()
