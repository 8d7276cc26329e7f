"""What all tests share."""

from collections.abc import Iterator

import pytest
from asgiref.sync import SyncToAsync
from django.db import connections
from hypothesis import settings

settings.register_profile("here", deadline=None)  # a machine with other work stalls for longer than an example takes
settings.load_profile("here")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database-only", action="store_true", help="leave out what opens no database")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What opens no database is the same on all of them. Nothing can open one in secret: pytest-django forbids it."""
    if not config.getoption("database_only"):
        return
    left_out = [item for item in items if not _opens_database(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _opens_database(item: pytest.Item) -> bool:
    marked = any(item.get_closest_marker(name) for name in ("django_db", "services"))
    return marked or not {"db", "transactional_db"}.isdisjoint(getattr(item, "fixturenames", ()))


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
