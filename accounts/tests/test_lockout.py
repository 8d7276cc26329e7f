"""Somebody who has learnt the password cannot keep its owner out by typing wrong codes."""

import pytest
from django.core import mail
from django.test import Client

from accounts.models import EmailFactor, TOTPFactor
from accounts.tests.people import PASSWORD, app_code, log_in, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def still_clock(time_machine):
    time_machine.move_to("2026-11-23 12:00:01Z", tick=False)


def type_code(client: Client, user, code: str):
    client.post("/login/", {"name": user.name, "password": PASSWORD})
    return client.post("/second-step/", {"factor": TOTPFactor.objects.get(user=user).persistent_id, "code": code})


def wear_out(user) -> Client:
    """A stranger with the password, until nothing more of them is taken."""
    stranger = Client(REMOTE_ADDR="203.0.113.9")
    answers = [type_code(stranger, user, "000000").status_code for _ in range(12)]
    assert answers[-1] == 429
    return stranger


def test_the_owner_enters_in_a_browser_that_is_known():
    alice, home = make_person("alice"), Client()
    assert type_code(home, alice, app_code(alice)).status_code == 302
    home.post("/logout/")
    TOTPFactor.objects.update(last_t=-1)
    stranger = wear_out(alice)
    assert type_code(home, alice, app_code(alice))["Location"] == "/chat/"
    TOTPFactor.objects.update(last_t=-1)
    assert type_code(stranger, alice, app_code(alice)).status_code == 429, "and forgives the stranger nothing"


def test_a_known_browser_has_ten_tries_an_hour_too():
    alice, home = make_person("alice"), Client()
    type_code(home, alice, app_code(alice))
    home.post("/logout/")
    answers = [type_code(home, alice, "000000").status_code for _ in range(11)]
    assert answers == [400] * 10 + [429]


def test_the_owner_inside_can_still_prove_their_presence():
    alice = make_person("alice")
    inside = log_in(alice)
    wear_out(alice)
    factor = TOTPFactor.objects.get().persistent_id
    form = {"factor": factor, "password": PASSWORD, "code": app_code(alice)}
    assert inside.post("/account/confirm/", form)["Location"] == "/account/"


def test_a_stranger_cannot_use_up_the_mails_of_the_owner(django_capture_on_commit_callbacks, time_machine):
    alice, home = make_person("alice", email="alice@example.org"), Client()
    EmailFactor.objects.create(user=alice, name="email", address=alice.email, confirmed=True)
    type_code(home, alice, app_code(alice))
    home.post("/logout/")
    stranger = Client(REMOTE_ADDR="203.0.113.9")
    for client, tries in ((stranger, 7), (home, 1)):
        client.post("/login/", {"name": "alice", "password": PASSWORD})
        for _ in range(tries):
            time_machine.shift(31)
            with django_capture_on_commit_callbacks(execute=True):
                status = client.post("/second-step/send/").status_code
        assert status == (429 if client is stranger else 302)
    assert len(mail.outbox) == 6


def test_the_mark_of_one_person_is_nothing_at_another():
    alice, mallory, client = make_person("alice"), make_person("mallory"), Client()
    type_code(client, mallory, app_code(mallory))
    client.post("/logout/")
    client.post("/login/", {"name": "alice", "password": PASSWORD})
    assert "known_browser" not in client.session
    assert alice.is_active
