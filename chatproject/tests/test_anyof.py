"""One of many values, in one parameter where the database has arrays."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import TOTPFactor
from accounts.tests.people import make_person
from chatproject.lib.anyof import AnyOf

pytestmark = pytest.mark.django_db
KEYS = [f"key {number}" for number in range(5)]
STRANGE = ["", "NULL", "null", " a ", "a,b", "{}", "{a}", '"', '""', "'", "%s", "%(a)s", "Ω", "a\nb", "x" * 40]
STRANGE += ["\\", "\\\\", '\\"', "\\n"]


@pytest.fixture(autouse=True)
def rows() -> None:
    make(KEYS)


def make(keys: Iterable[str]) -> None:
    expires = timezone.now() + timedelta(hours=1)
    Session.objects.bulk_create(Session(session_key=key, session_data="", expire_date=expires) for key in keys)


def test_it_finds_what_in_finds() -> None:
    wanted = {*KEYS[1:4], "no such key"}
    living = Session.objects.filter(AnyOf(F("session_key"), wanted), expire_date__gt=timezone.now())
    assert {row.session_key for row in living} == set(KEYS[1:4])


def found(*wanted: str | None) -> set[str]:
    return {row.session_key for row in Session.objects.filter(AnyOf(F("session_key"), wanted))}


def test_each_strange_text_finds_itself_alone() -> None:
    make(STRANGE)
    assert [found(text) for text in STRANGE] == [{text} for text in STRANGE]
    assert found(*STRANGE) == set(STRANGE)


def test_what_is_longer_than_the_column_is_not_cut_to_fit() -> None:
    make(["x" * 40])
    assert found("x" * 41) == set()


def test_uuids_find_their_rows() -> None:
    people = [make_person(name) for name in ("alice", "bob", "carol")]
    wanted = {people[0].uid, str(people[2].uid), uuid4()}
    assert set(TOTPFactor.objects.filter(AnyOf(F("user"), wanted)).values_list("user", flat=True)) == {
        people[0].uid,
        people[2].uid,
    }


@pytest.mark.parametrize("values", [[], [None], [None, None]])
def test_of_no_values_it_asks_nobody(values: list[None]) -> None:
    with CaptureQueriesContext(connection) as statements:
        assert not found(*values)
    assert not statements


def test_none_is_no_value() -> None:
    assert found(None, KEYS[0]) == {KEYS[0]}


def test_postgresql_gets_one_array() -> None:
    _sql, given = Session.objects.filter(AnyOf(F("session_key"), KEYS)).query.sql_with_params()
    assert len(given) == (1 if connection.vendor == "postgresql" else len(KEYS))
