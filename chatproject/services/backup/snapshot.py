"""All databases as of one moment, while the server goes on: every database is read in a transaction that sees what was
committed when it began, and posts wait for the instant in which these transactions begin.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections, transaction

# What every post writes; reached by name, since this part knows no app.
WRITTEN_BY_POSTS = ("conversations", "Event")


@contextmanager
def one_moment() -> Iterator[None]:
    """Inside, the ORM reads what all databases held at one moment. Nothing can be written."""
    with ExitStack() as stack:
        release = stack.enter_context(_posts_held()) if len(settings.DATABASES) > 1 else None
        for alias in settings.DATABASES:
            stack.enter_context(_reading(alias))
        if release:
            release()
        yield


@contextmanager
def _reading(alias: str) -> Iterator[None]:
    before, fresh = connections[alias], _new_connection(alias)
    connections[alias] = fresh
    try:
        with transaction.atomic(using=alias), fresh.cursor() as cursor:
            if fresh.vendor == "postgresql":
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT id FROM django_migrations LIMIT 1")  # the first read fixes what is seen
            yield
    finally:
        connections[alias] = before
        fresh.close()


@contextmanager
def _posts_held() -> Iterator[Callable[[], None]]:
    """New posts wait until the function given is called, or until the end."""
    connection = _new_connection(settings.MESSAGES_ALIAS)
    try:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "BEGIN")
            if connection.vendor == "postgresql":
                table = connection.ops.quote_name(apps.get_model(*WRITTEN_BY_POSTS)._meta.db_table)
                cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
        yield lambda: _let_go(connection)
    finally:
        connection.close()


def _let_go(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK")


def _new_connection(alias: str) -> Any:
    """Beside the one in use; on SQLite it reads without taking the writers' lock."""
    connection: Any = connections.create_connection(alias)
    if connection.vendor == "sqlite":
        options = {**connection.settings_dict["OPTIONS"], "transaction_mode": "DEFERRED"}
        connection.settings_dict = {**connection.settings_dict, "OPTIONS": options}
    return connection
