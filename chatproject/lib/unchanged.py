"""Would rows be read again as they were read before? Told without fetching them: of a thousand PostgreSQL makes one
number, for a third of what it costs to send them, make objects of them and look at each.
"""

import secrets
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet

Row = tuple[Any, ...]
Rows = Callable[[], "QuerySet[Any, Row]"]  # a `values_list`, made anew each time, for it may depend on the hour
Fetch = Callable[[Rows], Iterable[Row]]
_DIGEST = "SELECT count(*), sum(hashint8extended(hash_record_extended(found, %s), %s)) FROM ({}) AS found"


def fetch(rows: Rows) -> Iterable[Row]:
    return rows()


class Reading:
    """A `Fetch` that remembers what it fetched: all that one judgement rests on, besides what never changes."""

    def __init__(self) -> None:
        self._before: list[tuple[Rows, Hashable]] = []
        self._seed = secrets.randbits(63)  # so that nobody can choose values that pass for others

    def __call__(self, rows: Rows) -> Iterable[Row]:
        self._before.append((rows, _digest(rows(), self._seed)))  # first: what changes in between has changed for it
        return rows()

    def is_unchanged(self) -> bool:
        return all(_digest(rows(), self._seed) == before for rows, before in self._before)


def _digest(rows: "QuerySet[Any, Row]", seed: int) -> Hashable:
    """Of the rows in any order: their number and the sum of their hashes, 64 bits each. A record's own hash is a sum,
    too, of its columns: without another hash around it values could change places.
    """
    connection = connections[rows.db]
    if connection.vendor != "postgresql":
        return frozenset(rows)
    try:
        statement, params = rows.query.get_compiler(rows.db).as_sql()
    except EmptyResultSet:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_DIGEST.format(statement), (seed, seed, *params))
        return tuple(cursor.fetchone())
