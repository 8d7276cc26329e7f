"""What is confirmed waits for the disk: the sessions of this program, and what `check_setup` says of a database that
does not.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import ConnectionHandler, DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from chatproject import settings as program
from chatproject.lib import durable
from chatproject.services.setup import commits_last, databases_answer
from conversations import pipeline

ALIASES = list(connections)
pytestmark = pytest.mark.django_db(databases="__all__")
on_postgresql = pytest.mark.services


def shown(connection: BaseDatabaseWrapper, name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return str(cursor.fetchone()[0])


def another_session(alias: str, **settings: str) -> BaseDatabaseWrapper:
    """Of a pool of its own."""
    wrapper = connections[alias].copy(f"{alias}-{secrets.token_hex(4)}")
    wrapper.settings_dict |= settings
    return wrapper


@pytest.fixture
def role() -> Iterator[Any]:
    """Makes a role with this value of `synchronous_commit`, in the server of an alias."""
    made: list[tuple[dict[str, Any], str]] = []

    def make(alias: str, value: str) -> str:
        given, name = connections[alias].get_connection_params(), f"hasty-{secrets.token_hex(4)}"
        with psycopg.connect(**given, autocommit=True) as connection:
            connection.execute(f'CREATE ROLE "{name}" LOGIN')
            connection.execute(f'ALTER ROLE "{name}" SET synchronous_commit = {value}')
        made.append((given, name))
        return name

    yield make
    for given, name in made:
        with psycopg.connect(**given, autocommit=True) as connection:
            connection.execute(f'DROP ROLE "{name}"')


WAITS = [("off", "on"), ("on", "on"), ("local", "local"), ("remote_apply", "remote_apply")]


@on_postgresql
@pytest.mark.parametrize(("value", "wanted"), WAITS)
@pytest.mark.parametrize("alias", ALIASES)
def test_a_session_of_django_waits_for_the_disk_whatever_its_role_says(
    role: Any, alias: str, value: str, wanted: str
) -> None:
    session = another_session(alias, USER=role(alias, value))
    try:
        assert shown(session, "synchronous_commit") == wanted
        session.close()  # back into the pool, and out again
        assert shown(session, "synchronous_commit") == wanted
    finally:
        session.close()
        session.close_pool()


@on_postgresql
def test_a_session_that_cannot_be_told_is_not_used(role: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    session = another_session("default", USER=role("default", "off"))
    try:
        with monkeypatch.context() as broken:
            broken.setattr(durable, "WAIT_FOR_DISK", "SELECT 1 / 0")
            with pytest.raises(DatabaseError):
                session.ensure_connection()
        assert shown(session, "synchronous_commit") == "on"
    finally:
        session.close()
        session.close_pool()


@on_postgresql
@pytest.mark.asyncio
@pytest.mark.parametrize(("value", "wanted"), WAITS)
async def test_the_session_that_writes_messages_waits_for_the_disk_whatever_its_role_says(
    role: Any, monkeypatch: pytest.MonkeyPatch, value: str, wanted: str
) -> None:
    wrapper = connections[pipeline.settings.MESSAGES_ALIAS]
    given = {**wrapper.get_connection_params(), "user": role(wrapper.alias, value)}
    monkeypatch.setattr(wrapper, "get_connection_params", lambda: given)
    posts = pipeline.Pipeline()
    try:
        session = await posts._connected()
        assert await session.exchange([("SHOW synchronous_commit", ())]) == [[(wanted,)]]
    finally:
        await posts.close()


@on_postgresql
@pytest.mark.parametrize("alias", ALIASES)
def test_check_setup_tells_of_a_role_that_does_not_wait(role: Any, alias: str) -> None:
    session = another_session(alias, USER=role(alias, "off"))
    try:
        found = {each.says: each.fix for each in commits_last(alias, session) if each.serious}
    finally:
        session.close()
        session.close_pool()
    (fix,) = [fix for says, fix in found.items() if f"{alias} may lose" in says and "synchronous_commit is off" in says]
    assert "ALTER ROLE" in fix


@on_postgresql
def test_check_setup_tells_of_each_switch_of_a_server_that_is_off() -> None:
    told = {each.says for each in databases_answer() if each.code == "NOT_DURABLE"}
    names = ("fsync", "full_page_writes", "synchronous_commit")
    off = {(alias, name) for alias in ALIASES for name in names if shown(connections[alias], name) == "off"}
    assert ("default", "fsync") in off, "the tests' server is switched off on purpose (tests/services.py)"
    assert told == {f"The database {alias} may lose what it has confirmed: {name} is off." for alias, name in off}


@pytest.mark.parametrize(
    ("pragma", "says"),
    [("synchronous = NORMAL", "synchronous is 1"), ("journal_mode = MEMORY", "journal_mode is memory")],
)
def test_check_setup_tells_of_a_file_that_does_not_wait(tmp_path: Path, pragma: str, says: str) -> None:
    database = program._tuned(program._sqlite(tmp_path / "chat.sqlite3"))
    connection = ConnectionHandler({"default": database})["default"]
    try:
        assert list(commits_last("default", connection)) == []
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA {pragma}")
        (found,) = commits_last("default", connection)
        assert (found.code, found.serious) == ("NOT_DURABLE", True)
        assert says in found.says
    finally:
        connection.close()
