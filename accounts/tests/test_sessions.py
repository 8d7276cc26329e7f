"""Web sessions: a new key at each step up, an end that no use puts off, cookies that nobody else can set or read."""

import runpy

import pytest
from django.test import Client

from accounts import services
from accounts.models import AccountSession
from accounts.tests.people import PASSWORD, app_code, log_in, make_person

pytestmark = pytest.mark.django_db


def second_step(client, user):
    factor = client.get("/second-step/").context["chosen"].persistent_id
    return client.post("/second-step/", {"factor": factor, "code": app_code(user)})


def test_the_session_gets_a_new_key_at_each_step_up():
    alice, client = make_person("alice"), Client()
    client.cookies["session"] = "f" * 32
    client.post("/login/", {"name": "alice", "password": PASSWORD})
    keys = ["f" * 32, client.cookies["session"].value]
    second_step(client, alice)
    keys.append(client.cookies["session"].value)
    alice.totpfactor_set.update(last_t=-1)
    factor = alice.totpfactor_set.get().persistent_id
    client.post("/account/confirm/", {"factor": factor, "password": PASSWORD, "code": app_code(alice)})
    keys.append(client.cookies["session"].value)
    client.post("/account/password/", {"old": PASSWORD, "new": "seven quiet lamps burn"})
    keys.append(client.cookies["session"].value)
    assert len(set(keys)) == 5
    for key in keys[:-1]:
        assert Client(headers={"cookie": f"session={key}"}).get("/api/me/").status_code == 401
    assert client.get("/api/me/").status_code == 200


def test_a_log_out_leaves_nothing_to_come_back_with():
    client = log_in(make_person("alice"))
    key = client.cookies["session"].value
    answer = client.post("/logout/")
    assert answer["Clear-Site-Data"] == '"cache"'
    assert Client(headers={"cookie": f"session={key}"}).get("/api/me/").status_code == 401
    assert not AccountSession.objects.exists()


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(time_machine):
    time_machine.move_to("2026-11-23 08:00:00Z", tick=False)
    client = log_in(make_person("alice"))
    for _ in range(11):
        time_machine.shift(3600)
        assert client.post("/api/keys/nonce/", "{}", "application/json").status_code == 200  # writes the session
    time_machine.shift(3599)
    assert client.get("/api/me/").status_code == 200
    time_machine.shift(2)
    assert client.get("/api/me/").status_code == 401


def test_the_hour_of_use_is_written_once_an_hour(time_machine, django_assert_num_queries):
    time_machine.move_to("2026-11-23 08:00:00Z", tick=False)
    client = log_in(make_person("alice"))
    time_machine.shift(3601)
    for queries in (4, 3):
        with django_assert_num_queries(queries):
            client.get("/api/me/")
    assert AccountSession.objects.get().seen_at.hour == 9


@pytest.fixture
def with_tls(monkeypatch, settings):
    """The cookies as a site with TLS names and marks them."""
    monkeypatch.setenv("SITE_URL", "https://chat.example")
    for name, value in runpy.run_path("chatproject/settings.py").items():
        if "_COOKIE_" in name:
            setattr(settings, name, value)


@pytest.mark.usefixtures("with_tls")
def test_with_tls_no_other_host_can_set_any_cookie():
    """The prefix __Host- makes browsers insist on Secure, Path=/ and no Domain; without those they drop the cookie."""
    alice, client, seen = make_person("alice", language="es"), Client(), {}
    for answer in (
        client.get("/login/"),
        client.post("/language/", {"language": "es"}),
        client.post("/login/", {"name": "alice", "password": PASSWORD}),
        second_step(client, alice),
        client.post("/account/name/", {"display_name": "Alice"}),
    ):
        seen |= answer.cookies
    kinds = {"session", "csrf", "language", "known_browser"}
    assert set(seen) == {f"__Host-{kind}" for kind in kinds}
    for cookie in seen.values():
        assert (cookie["secure"], cookie["path"], cookie["domain"], cookie["httponly"]) == (True, "/", "", True)
        assert cookie["samesite"] in ("Lax", "Strict")


def test_half_a_login_is_no_mark_of_somebody_known():
    alice = make_person("alice")
    assert services.tries_of(log_in(alice, full=False).session)["known"] == ""
    full = log_in(alice).session
    assert services.tries_of(full)["known"] == services.attempt_of(full).hex
