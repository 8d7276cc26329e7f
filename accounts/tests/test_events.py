"""Each step that matters leaves one line, and no line holds what was typed."""

import logging
import re

import pytest
from django.core.cache import cache
from django.test import Client

from accounts import services
from accounts.models import TOTPFactor, User
from accounts.tests.people import PASSWORD, app_code, log_in, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, logger="events")
    return lambda: [record.getMessage().split()[0] for record in caplog.records if record.name == "events"]


def type_code(client, user, code):
    factor = TOTPFactor.objects.get(user=user, confirmed=True).persistent_id
    return client.post("/second-step/", {"factor": factor, "code": code})


def test_a_log_in_leaves_a_line_for_each_step(lines):
    alice, client = make_person("alice"), Client()
    client.post("/login/", {"name": "alice", "password": "wrong"})
    client.post("/login/", {"name": "alice", "password": PASSWORD})
    type_code(client, alice, "000000")
    TOTPFactor.objects.update(throttling_failure_count=0)
    type_code(client, alice, app_code(alice))
    client.post("/logout/")
    assert lines() == ["password_wrong", "password_right", "code_wrong", "entered", "logged_out"]


def test_a_changed_account_leaves_a_line(lines):
    alice, client = make_person("alice"), None
    client = log_in(alice)
    client.post("/account/password/", {"old": "wrong", "new": "seven quiet lamps burn"})
    client.post("/account/password/", {"old": PASSWORD, "new": "seven quiet lamps burn"})
    services.renew_recovery_codes(user=alice)
    services.set_staff(user=alice, staff=True)
    services.set_active(user=alice, active=False)
    assert lines() == ["password_wrong", "password_changed", "recovery_codes_made", "staff_given", "switched_off"]


def test_a_switch_in_the_administration_names_both(caplog):
    root, alice = make_person("root.1", is_staff=True, is_superuser=True), make_person("alice")
    log_in(root).post(f"/admin/accounts/user/{alice.pk}/change/", {"is_active": "", "is_staff": ""})
    (line,) = [record.getMessage() for record in caplog.records if record.getMessage().startswith("administered")]
    assert line == f"administered uid={alice.pk.hex} by={root.pk.hex} fields=is_active"


def test_a_limit_that_is_met_leaves_a_line(lines):
    for _ in range(7):
        Client().post("/login/", {"name": "alice", "password": "wrong"})
    assert "limit_met" in lines()


def test_no_line_holds_what_was_typed_or_who_sits_where(caplog):
    caplog.set_level(logging.DEBUG)
    typed = ("a.secret.name", "a secret password", "123456", "ab12-cd34", "198.51.100.77", "session-key-canary")
    alice, client = make_person("alice", email="alice@example.org"), Client(REMOTE_ADDR=typed[4])
    client.cookies["session"] = typed[5]
    client.post("/login/", {"name": typed[0], "password": typed[1]})
    client.post("/login/?next=" + typed[3], {"name": "alice", "password": PASSWORD})
    type_code(client, alice, typed[2])
    client.get("/api/people/?q=" + typed[0])
    client.get("/nowhere/?q=" + typed[3])
    client.post("/api/keys/nonce/", typed[3], content_type="application/json")
    secret = [alice.name, alice.email, PASSWORD, client.cookies["session"].value, *typed]
    assert "198.51.100.0/24" in caplog.text
    assert [word for word in secret if re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", caplog.text)] == []


def test_without_counters_nobody_gets_in(monkeypatch):
    """The store of the counters is down: guessing without a limit would be the alternative."""
    alice = make_person("alice")

    def broken(*_given, **_more):
        raise ConnectionError

    monkeypatch.setattr(cache, "add", broken)
    client = Client(raise_request_exception=False)
    assert client.post("/login/", {"name": "alice", "password": PASSWORD}).status_code == 500
    half = log_in(alice, Client(raise_request_exception=False), full=False)
    assert type_code(half, alice, app_code(alice)).status_code == 500
    assert half.get("/api/me/").status_code == 401
    assert User.objects.count() == 1
