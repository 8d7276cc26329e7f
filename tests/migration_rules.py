"""May the code of the release before still run once a migration is applied? What it could not bear is contraction.

Expand first: a new table, a nullable column, a NOT NULL one whose default the database itself knows. Contract a
release later, when no running code uses what goes; such a migration says so with `contract_after = "VERSION"`, the
release whose code no longer needs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import migrations
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED, Field

GOES = (
    migrations.DeleteModel,
    migrations.RenameModel,
    migrations.AlterModelTable,
    migrations.RemoveField,
    migrations.RenameField,
)
OPAQUE = (migrations.RunSQL, migrations.SeparateDatabaseAndState)


def breaks(migration: migrations.Migration, state: ProjectState) -> Iterator[str]:
    """What code written for `state` would stumble over, one line each; afterwards `state` has the migration in it."""
    made: set[str] = set()
    for operation in migration.operations:
        if isinstance(operation, migrations.CreateModel):
            made.add(operation.name_lower)
        elif reason := _reason(operation, migration.app_label, state, made):
            yield f"{migration}: {operation.describe()} ({reason})"
        operation.state_forwards(migration.app_label, state)


def _reason(operation: Any, app: str, state: ProjectState, made: set[str]) -> str:
    if isinstance(operation, GOES):
        return "old code still uses it"
    if isinstance(operation, OPAQUE):
        return "nobody can see what it does"
    if getattr(operation, "model_name_lower", "") in made:
        return ""  # a table that old code does not know
    if isinstance(operation, migrations.AddField) and _needs_value(operation.field):
        return "old code gives no value: null=True or db_default"
    if isinstance(operation, migrations.AlterField):
        return _narrowed(_field(state, app, operation), operation.field)
    if isinstance(operation, migrations.AddConstraint | migrations.AlterUniqueTogether):
        return "old code does not keep to it"
    return ""


def _needs_value(field: Field[Any, Any]) -> bool:
    return not field.null and not field.many_to_many and field.db_default is NOT_PROVIDED


def _field(state: ProjectState, app: str, operation: Any) -> Field[Any, Any]:
    return state.models[app, operation.model_name_lower].fields[operation.name]


def _narrowed(old: Field[Any, Any], new: Field[Any, Any]) -> str:
    if old.null and not new.null:
        return "old code stores nothing there"
    if not old.unique and new.unique:
        return "old code does not keep to it"
    shorter = new.max_length is not None and (old.max_length is None or new.max_length < old.max_length)
    if shorter or old.get_internal_type() != new.get_internal_type():
        return "another kind of column"
    return ""
