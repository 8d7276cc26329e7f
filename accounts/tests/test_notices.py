"""Somebody guesses with success, or has got half of the way: the person hears of it by mail."""

import pytest
from django.core import mail
from django.test import Client

from accounts.models import TOTPFactor
from accounts.tests.people import PASSWORD, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to("2026-11-23 12:00:01Z", tick=False)
    return time_machine


def guess(clock, *passwords: str) -> int:
    for password in passwords:
        clock.shift(20)
        answer = Client().post("/login/", {"name": "alice", "password": password})
    return answer.status_code


def test_a_right_password_after_many_wrong_ones_is_told(clock):
    make_person("alice", email="alice@example.org")
    assert guess(clock, "wrong 1", "wrong 2", "wrong 3", "wrong 4", PASSWORD) == 302
    assert [(one.to, one.subject) for one in mail.outbox] == [
        (["alice@example.org"], "Wrong passwords, then the right one, on Llave")
    ]
    assert guess(clock, PASSWORD) == 302
    assert len(mail.outbox) == 1, "and nothing more for a log-in as usual"


def test_a_slip_of_the_fingers_is_not_worth_a_mail(clock):
    make_person("alice", email="alice@example.org")
    assert guess(clock, "wrong 1", "wrong 2", PASSWORD) == 302
    assert mail.outbox == []


def test_whoever_knows_the_password_and_tries_codes_is_told_of_once_an_hour():
    alice, stranger = make_person("alice", email="alice@example.org"), Client()
    stranger.post("/login/", {"name": "alice", "password": PASSWORD})
    factor = TOTPFactor.objects.get(user=alice).persistent_id
    for _ in range(14):
        stranger.post("/second-step/", {"factor": factor, "code": "000000"})
    assert [one.subject for one in mail.outbox] == ["Many wrong codes for your account on Llave"]
