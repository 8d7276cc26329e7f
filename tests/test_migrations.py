"""Expand and contract: no migration takes away what the release before still uses, unless it is the contract step."""

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from chatproject import VERSION
from tests import releases
from tests.migration_rules import breaks
from tests.sources import ROOT

# Before anybody ran a release: the first tables, and how they came to be.
FIRST = {
    ("accounts", "0001_people"),
    ("conversations", "0001_initial"),
    ("conversations", "0002_field_names"),
    ("keys", "0001_initial"),
    ("keys", "0002_device_write_no"),
}
OURS = sorted(app.label for app in apps.get_app_configs() if (ROOT / app.label / "migrations").is_dir())


def plan():
    """Our migrations in the order in which they are applied."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    leaves = [key for key in loader.graph.leaf_nodes() if key[0] in OURS]
    ordered = dict.fromkeys(key for leaf in leaves for key in loader.graph.forwards_plan(leaf))
    return loader, list(ordered)


def test_no_migration_breaks_the_release_before():
    loader, keys = plan()
    state, found = ProjectState(), []
    out = {release.version for release in releases.current() if release.is_out}
    for key in keys:
        migration = loader.get_migration(*key)
        lines = list(breaks(migration, state))
        allowed = key in FIRST or key[0] not in OURS or getattr(migration, "contract_after", "") in out
        found += [] if allowed else lines
    assert found == []


def test_the_exceptions_are_all_there():
    assert set(plan()[1]) >= FIRST


def test_the_newest_entry_of_the_changelog_is_this_version():
    newest = releases.current()[0]
    assert newest.version == VERSION
    assert newest.takes


def test_an_entry_without_what_it_takes_is_refused():
    with pytest.raises(ValueError, match="does not say what"):
        releases.releases(
            "## 0.2.0 (unreleased)\n\n- x\n\n## 0.1.0 (2026-01-01)\n\nUpgrade: none. Runs beside `abc`.\n"
        )


def before():
    state = ProjectState()
    fields = [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=9, null=True))]
    state.add_model(ModelState("shop", "Thing", fields))
    return state


BREAKING = {
    "a table goes": migrations.DeleteModel("Thing"),
    "a table gets another name": migrations.RenameModel("Thing", "Other"),
    "a column goes": migrations.RemoveField("thing", "name"),
    "a column gets another name": migrations.RenameField("thing", "name", "title"),
    "a column without a value": migrations.AddField("thing", "size", models.IntegerField()),
    "a value that only Django knows": migrations.AddField("thing", "size", models.IntegerField(default=0)),
    "nothing is not allowed any more": migrations.AlterField("thing", "name", models.CharField(max_length=9)),
    "less room": migrations.AlterField("thing", "name", models.CharField(max_length=5, null=True)),
    "another kind": migrations.AlterField("thing", "name", models.IntegerField(null=True)),
    "a rule": migrations.AddConstraint("thing", models.UniqueConstraint(fields=["name"], name="one_name")),
    "SQL": migrations.RunSQL("DROP TABLE shop_thing"),
}
HARMLESS = {
    "a table": migrations.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))]),
    "a column that may be empty": migrations.AddField("thing", "size", models.IntegerField(null=True)),
    "a default in the database": migrations.AddField("thing", "size", models.IntegerField(db_default=0)),
    "more room": migrations.AlterField("thing", "name", models.CharField(max_length=20, null=True)),
    "an index": migrations.AddIndex("thing", models.Index(fields=["name"], name="by_name")),
}


def lines(operation):
    migration = migrations.Migration("0002_x", "shop")
    migration.operations = [operation]
    return list(breaks(migration, before()))


@pytest.mark.parametrize("what", BREAKING)
def test_what_old_code_cannot_bear_is_named(what):
    assert len(lines(BREAKING[what])) == 1


@pytest.mark.parametrize("what", HARMLESS)
def test_what_it_can_bear_is_not(what):
    assert lines(HARMLESS[what]) == []


def test_a_rule_of_a_new_table_is_none_for_old_code():
    migration = migrations.Migration("0002_x", "shop")
    rule = migrations.AddConstraint("other", models.UniqueConstraint(fields=["id"], name="one"))
    migration.operations = [HARMLESS["a table"], rule]
    assert list(breaks(migration, before())) == []
