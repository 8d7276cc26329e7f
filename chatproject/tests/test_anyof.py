"""One of many values, in one parameter where the database has arrays."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chatproject.lib.anyof import AnyOf

pytestmark = pytest.mark.django_db
KEYS = [f"key {number}" for number in range(5)]


@pytest.fixture(autouse=True)
def rows() -> None:
    expires = timezone.now() + timedelta(hours=1)
    Session.objects.bulk_create(Session(session_key=key, session_data="", expire_date=expires) for key in KEYS)


def test_it_finds_what_in_finds() -> None:
    wanted = {*KEYS[1:4], "no such key"}
    found = Session.objects.filter(AnyOf(F("session_key"), wanted), expire_date__gt=timezone.now())
    assert {row.session_key for row in found} == set(KEYS[1:4])


def test_of_no_values_it_asks_nobody() -> None:
    with CaptureQueriesContext(connection) as statements:
        assert not Session.objects.filter(AnyOf(F("session_key"), [])).exists()
    assert not statements


def test_postgresql_gets_one_array() -> None:
    _sql, given = Session.objects.filter(AnyOf(F("session_key"), KEYS)).query.sql_with_params()
    assert list(given) == ([KEYS] if connection.vendor == "postgresql" else KEYS)
