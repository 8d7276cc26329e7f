"""Whether rows would be read again as before, and nothing that changed passes for unchanged."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import F, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chatproject.lib.anyof import AnyOf
from chatproject.lib.unchanged import Reading

pytestmark = pytest.mark.django_db
EXPIRES = timezone.now() + timedelta(hours=1)
KEYS = ["one", "other", 'strange "}{,\\ (Ω)']


@pytest.fixture(autouse=True)
def sessions() -> None:
    make(KEYS)


def make(keys: Iterable[str], text: str = "text") -> None:
    Session.objects.bulk_create(Session(session_key=key, session_data=text, expire_date=EXPIRES) for key in keys)


def living(*columns: str) -> QuerySet[Any, Any]:
    rows = Session.objects.filter(AnyOf(F("session_key"), [*KEYS, "new"]), expire_date__gt=timezone.now())
    return rows.values_list(*columns)


@pytest.fixture
def reading() -> Reading:
    made = Reading()
    assert sorted(made(partial(living, "session_key", "session_data"))) == sorted((key, "text") for key in KEYS)
    return made


def test_it_is_as_long_as_the_rows_are(reading: Reading) -> None:
    assert [reading.is_unchanged() for _ in range(2)] == [True, True]


CHANGES: list[Callable[[], Any]] = [
    lambda: Session.objects.filter(session_key="one").update(session_data="Text"),
    lambda: Session.objects.filter(session_key="one").update(session_data=""),
    lambda: Session.objects.filter(session_key="one").delete(),
    lambda: Session.objects.all().delete(),
    lambda: make(["new"]),
    lambda: Session.objects.filter(session_key="one").update(expire_date=timezone.now()),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_and_as_long_as_it_lasts(change: Callable[[], Any], reading: Reading) -> None:
    change()
    assert [reading.is_unchanged() for _ in range(2)] == [False, False]
    Session.objects.all().delete()
    make(reversed(KEYS))
    assert reading.is_unchanged()


def test_texts_that_change_places_are_a_change() -> None:
    Session.objects.filter(session_key="one").update(session_data="another")
    readings = [Reading() for _ in range(50)]  # each with a seed of its own
    for reading in readings:
        reading(partial(living, "session_key", "session_data"))
    Session.objects.filter(session_key="one").update(session_data="text")
    Session.objects.filter(session_key="other").update(session_data="another")
    assert not any(reading.is_unchanged() for reading in readings)


def test_what_was_not_asked_for_may_change(reading: Reading) -> None:
    Session.objects.update(expire_date=EXPIRES + timedelta(hours=1))
    make(["somebody's"])
    assert reading.is_unchanged()


def test_what_changes_while_it_is_read_has_changed() -> None:
    class Changing(Reading):
        def __call__(self, rows: Any) -> Any:
            found = super().__call__(rows)
            Session.objects.filter(session_key="one").delete()
            return list(found)

    reading = Changing()
    assert len(reading(partial(living, "session_key", "session_data"))) == len(KEYS) - 1
    assert not reading.is_unchanged()


def test_one_of_many_readings_is_enough(reading: Reading) -> None:
    reading(lambda: Session.objects.filter(session_key="new").values_list("session_key", "session_data"))
    assert reading.is_unchanged()
    make(["new"])
    Session.objects.filter(session_key="one").delete()
    make(["one"])
    assert not reading.is_unchanged()


def test_nothing_that_nobody_asks_for_changes() -> None:
    reading = Reading()
    rows = reading(lambda: Session.objects.filter(AnyOf(F("session_key"), [])).values_list("session_key"))
    assert (list(rows), reading.is_unchanged()) == ([], True)


def test_it_costs_a_statement_and_fetches_a_number(reading: Reading) -> None:
    make(f"more {number}" for number in range(100))
    with CaptureQueriesContext(connection) as statements:
        reading.is_unchanged()
    assert len(statements) == 1
    assert ("hash_record_extended" in statements[0]["sql"]) == (connection.vendor == "postgresql")
