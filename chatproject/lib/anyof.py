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
        if not self.rhs:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*params, self.rhs]
