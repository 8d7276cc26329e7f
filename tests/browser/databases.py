"""Fresh PostgreSQL databases for a site, and their dumps. Uses the driver and pg_dump, never the ORM."""

import re
import secrets
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql


def fresh_databases(server_url: str) -> dict[str, str]:
    """Two new databases, as the settings that name them."""
    suffix = secrets.token_hex(4)
    names = {"DATABASE_URL": f"accounts_{suffix}", "MESSAGES_DATABASE_URL": f"messages_{suffix}"}
    with psycopg.connect(f"{_driver_url(server_url)}/postgres", autocommit=True) as connection:
        for name in names.values():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return {setting: f"{server_url}/{name}" for setting, name in names.items()}


def back_up(url: str) -> str:
    """A copy of the database as it is, on the same server; its name. Nobody may be connected."""
    name = f"copy_{secrets.token_hex(4)}"
    _execute(url, ("CREATE DATABASE {} TEMPLATE {}", name, _name_of(url)))
    return name


def put_back(url: str, copy: str) -> None:
    """The database as it was when the copy was made. Nobody may be connected."""
    _execute(url, ("DROP DATABASE {}", _name_of(url)), ("CREATE DATABASE {} TEMPLATE {}", _name_of(url), copy))


def _execute(url: str, *statements: tuple[str, ...]) -> None:
    with psycopg.connect(f"{_driver_url(url).rpartition('/')[0]}/postgres", autocommit=True) as connection:
        for text, *names in statements:
            connection.execute(sql.SQL(text).format(*map(sql.Identifier, names)))


def _name_of(url: str) -> str:
    return url.rpartition("/")[2]


def dump(url: str) -> bytes:
    """Everything in the database as text; binary columns as they are, for hexadecimal digits may look like a code."""
    tool = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))[-1]
    command = [str(tool), "--inserts", "--dbname", _driver_url(url)]
    text = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    return re.sub(rb"\\x((?:[0-9a-f]{2})+)", lambda match: bytes.fromhex(match[1].decode()), text)


def _driver_url(url: str) -> str:
    return url.replace("postgres://", "postgresql://", 1)
