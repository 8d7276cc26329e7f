"""From an archive into databases that are empty: all of it in one transaction a database, or nothing.

The rows go into tables of the archive's own version, made here when there are none; whoever calls brings them up to
date afterwards. The messages never stand there under the name of their former life, however the rest ends.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from typing import IO, Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.conf import settings
from django.core.management.color import no_style
from django.db import connections, router, transaction
from django.db.migrations.executor import MigrationExecutor

from chatproject.services.backup import media
from chatproject.services.backup.archive import Manifest, Summary, Table, Tell, counted, marks, opened
from chatproject.services.backup.refusal import BackupRefused

BATCH_ROWS = 100
INCARNATION = "conversations.incarnation"  # the name of the life of the messages, by which browsers notice a restore
# Rows that a database gets by being set up or asked; the archive's take their place. Of the log these are its releases:
# a leaf of anybody's keys stands on a bundle, and a bundle is refused.
MADE_BY_THEMSELVES = {
    "contenttypes.contenttype",
    "auth.permission",
    INCARNATION,
    "keys.logstate",
    "keys.logleaf",
    "keys.lognode",
    "keys.loghead",
}


def restore(source: IO[bytes], key: X25519PrivateKey, tell: Tell, *, other_secrets: bool = False) -> Summary:
    """BackupRefused leaves every row as it was."""
    with opened(source, key) as (manifest, tables):
        if not other_secrets:
            _check_secrets(manifest)
        if not media.is_empty():
            raise BackupRefused("NOT_EMPTY", media.NAME)
        models = _prepare(manifest)
        with ExitStack() as stack:
            for alias in settings.DATABASES:
                stack.enter_context(transaction.atomic(using=alias))
            _make_room(models)
            summary = Summary(manifest, {table.name: _load_any(table, models, tell) for table in tables})
            _begin_new_life(models)
            return summary


def _check_secrets(manifest: Manifest) -> None:
    own = marks()
    if any(not set(values) <= set(own.get(name, [])) for name, values in manifest.marks.items()):
        raise BackupRefused("OTHER_SECRETS")


def _prepare(manifest: Manifest) -> Any:
    """The tables of the archive's version in every database; the models that fit them."""
    wanted = {(app, name) for app, name in manifest.migrations}
    for alias in settings.DATABASES:
        executor = MigrationExecutor(connections[alias])
        if wanted - set(executor.loader.disk_migrations or {}):
            raise BackupRefused("NEWER")
        applied = set(executor.loader.applied_migrations)
        if applied and applied != wanted:
            raise BackupRefused("OTHER_TABLES", alias)
        _refuse_rows(executor, _last(executor, wanted), alias, has_tables=bool(applied))
    for alias in settings.DATABASES:
        executor = MigrationExecutor(connections[alias])
        if not executor.loader.applied_migrations:
            executor.migrate(_last(executor, wanted))
    return _models(executor, _last(executor, wanted))


def _last(executor: MigrationExecutor, wanted: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of each app that no other of the app in the set stands on."""
    nodes = executor.loader.graph.node_map
    pairs = ((each, child.key) for each in wanted for child in nodes[each].children)
    return sorted(wanted - {each for each, child in pairs if child in wanted and child[0] == each[0]})


def _models(executor: MigrationExecutor, last: list[tuple[str, str]]) -> Any:
    return executor.loader.project_state(last).apps


def _refuse_rows(executor: MigrationExecutor, last: list[tuple[str, str]], alias: str, *, has_tables: bool) -> None:
    if not has_tables:
        return
    for model in _models(executor, last).get_models(include_auto_created=True):
        if model._meta.label_lower in MADE_BY_THEMSELVES or router.db_for_write(model) != alias:
            continue
        if model._base_manager.using(alias).exists():
            raise BackupRefused("NOT_EMPTY", model._meta.label_lower)


def _make_room(models: Any) -> None:
    for name in sorted(MADE_BY_THEMSELVES):
        model = models.get_model(*name.split("."))
        model._base_manager.using(router.db_for_write(model)).all().delete()


def _begin_new_life(models: Any) -> None:
    """A fresh name instead of the archive's, in the transaction of the messages: no server ever serves under that."""
    model = models.get_model(*INCARNATION.split("."))
    manager = model._base_manager.using(router.db_for_write(model))
    manager.all().delete()
    manager.create()


def _load_any(table: Table, models: Any, tell: Tell) -> int:
    return media.load(counted(table, tell)) if table.name == media.NAME else _load(table, models, tell)


def _load(table: Table, models: Any, tell: Tell) -> int:
    model = models.get_model(*table.name.split("."))
    alias = router.db_for_write(model)
    fields = [next(each for each in model._meta.concrete_fields if each.attname == name) for name in table.fields]
    for each in fields:
        each.auto_now = each.auto_now_add = False  # the times are those of then
    manager = model._base_manager.using(alias)
    number = 0
    for batch in _batches(counted(table, tell)):
        number += len(manager.bulk_create([_row(model, fields, values) for values in batch]))
    _go_on_counting(alias, model)
    return number


def _row(model: Any, fields: list[Any], values: list[Any]) -> Any:
    return model(**{each.attname: each.to_python(value) for each, value in zip(fields, values, strict=True)})


def _go_on_counting(alias: str, model: Any) -> None:
    """The numbers that the database gives out itself follow on the highest restored."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)


def _batches(rows: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch
