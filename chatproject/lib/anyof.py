"""Is a column one of many values?"""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F
from django.db.models.lookups import In
from django.db.models.sql.compiler import SQLCompiler


class AnyOf(In):  # type: ignore[type-arg]  # not at run time
    """`filter(AnyOf(F("did"), dids))` is `filter(did__in=dids)`, but PostgreSQL gets one array: a thousand parameters
    cost Django and the driver more than finding the rows.
    """

    def __init__(self, column: F, values: Iterable[Any]) -> None:
        super().__init__(column, list(values))

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        if not any(value is not None for value in self.rhs):
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        kind = self.lhs.output_field.db_type(connection).partition("(")[0]  # varchar, not cut off at varchar(40)
        return f"{column} = ANY(%s::{kind}[])", [*params, _array(self.rhs)]


def _array(values: list[Any]) -> str:
    """As PostgreSQL writes arrays; the driver looks at each value for longer than finding its row takes."""
    texts = [str(value).replace("\\", "\\\\").replace('"', '\\"') for value in values if value is not None]
    return '{"' + '","'.join(texts) + '"}'
