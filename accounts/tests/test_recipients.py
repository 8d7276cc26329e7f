"""An address that somebody gave, and nobody proved, may be a stranger's: few mails go there, whoever asks for them."""

import importlib

import pytest
from django.apps import apps
from django.core import mail
from django.test import Client

from accounts.models import EmailFactor, User
from accounts.tests.people import PASSWORD, app_code, log_in, make_person
from accounts.tests.test_account import become_present
from accounts.tests.test_journey import mailed_code
from accounts.throttles import HOUR_SECONDS

pytestmark = pytest.mark.django_db
VICTIM = "victim@example.org"
AN_HOUR = 5


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to("2026-11-23 12:00:01Z", tick=False)
    return time_machine


@pytest.fixture(autouse=True)
def commits(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def ask_for_codes(clock, commits, address: str, *, name: str, times: int) -> list[int]:
    """A new account with this address, which wants its codes there."""
    client = Client()
    form = {"name": name, "display_name": "Mallory", "password": PASSWORD, "email": address}
    assert client.post("/signup/", form).status_code == 302
    statuses = []
    for _ in range(times):
        clock.shift(31)
        with commits():
            statuses.append(client.post("/second-step/set-up/email/").status_code)
    return statuses


def guess(clock, name: str) -> None:
    """Four wrong passwords, then the right one, as often as the limits allow."""
    for password in (*(f"wrong {n}" for n in range(4)), PASSWORD):
        clock.shift(20)
        status = Client().post("/login/", {"name": name, "password": password}).status_code
    assert status == 302


def test_many_accounts_with_one_address_send_it_few_codes(clock, commits):
    for number, address in enumerate((VICTIM, "VICTIM@example.org", "victim+1@example.org", VICTIM)):
        ask_for_codes(clock, commits, address, name=f"mallory{number}", times=3)
    assert len(mail.outbox) == AN_HOUR
    assert ask_for_codes(clock, commits, VICTIM, name="mallory", times=1) == [429]
    assert ask_for_codes(clock, commits, "bob@example.org", name="bob", times=1) == [200], "others are not kept out"


def test_they_send_few_within_a_day_as_well(clock, commits):
    for number in range(20):
        ask_for_codes(clock, commits, VICTIM, name=f"mallory{number}", times=1)
        clock.shift(1900)
    assert len(mail.outbox) == 2 * AN_HOUR


def test_a_new_address_of_an_account_counts_the_same(clock, commits):
    for number in range(3):
        mallory = make_person(f"mallory{number}")
        client = log_in(mallory, Client())
        become_present(client, mallory)
        for _ in range(3):
            clock.shift(31)
            with commits():
                client.post("/account/email/", {"email": VICTIM})
    assert len(mail.outbox) == AN_HOUR


def test_strangers_keep_no_owner_from_codes_to_a_proved_address(clock, commits):
    owner = make_person("owner", email=VICTIM)
    EmailFactor.objects.create(user=owner, name="email", address=VICTIM)
    ask_for_codes(clock, commits, VICTIM, name="mallory", times=6)
    client = log_in(owner, full=False)
    with commits():
        assert client.post("/second-step/send/").status_code == 302
    assert len(mail.outbox) == AN_HOUR + 1


def test_a_guessed_password_is_told_once_an_hour(clock):
    make_person("alice", email="alice@example.org")
    for _ in range(3):
        guess(clock, "alice")
    assert len(mail.outbox) == 1
    clock.shift(HOUR_SECONDS)
    guess(clock, "alice")
    assert len(mail.outbox) == 2


@pytest.mark.parametrize(("proved", "told"), [(False, AN_HOUR), (True, AN_HOUR + 2)])
def test_notices_of_many_accounts_to_one_address_are_few_unless_it_is_proved(clock, proved, told):
    for number in range(AN_HOUR + 2):
        make_person(f"mallory{number}", email=VICTIM, email_proved=proved)
        guess(clock, f"mallory{number}")
    assert len(mail.outbox) == told


def test_a_code_typed_while_setting_up_proves_the_address(clock, commits):
    client = log_in(make_person("alice", app=False, email="alice@example.org"), full=False)
    with commits():
        client.post("/second-step/set-up/email/")
    assert client.post("/second-step/set-up/email/", {"code": "x"}).status_code == 400
    assert not User.objects.get(name="alice").email_proved
    EmailFactor.objects.update(throttling_failure_count=0)
    assert client.post("/second-step/set-up/email/", {"code": mailed_code()}).status_code == 200
    assert User.objects.get(name="alice").email_proved


def test_an_authenticator_app_proves_no_address():
    client = log_in(make_person("bob", app=False, email="bob@example.org"), full=False)
    client.get("/second-step/set-up/app/")
    code = app_code(User.objects.get(), confirmed=False)
    assert client.post("/second-step/set-up/app/", {"code": code}).status_code == 200
    assert not User.objects.get().email_proved


def test_a_new_address_is_proved_when_its_code_was_typed(commits):
    alice = make_person("alice", email="old@example.org")
    client = log_in(alice)
    become_present(client, alice)
    with commits():
        client.post("/account/email/", {"email": "new@example.org"})
    assert not User.objects.get().email_proved
    with commits():
        client.post("/account/email/confirm/", {"code": mailed_code()})
    assert (User.objects.get().email, User.objects.get().email_proved) == ("new@example.org", True)


def test_who_had_a_confirmed_factor_before_the_migration_has_a_proved_address():
    proved, other = make_person("proved", email=VICTIM), make_person("other", email="other@example.org")
    EmailFactor.objects.create(user=proved, name="email", address=VICTIM)
    EmailFactor.objects.create(user=other, name="email", address="earlier@example.org")
    EmailFactor.objects.create(user=other, name="email", address=other.email, confirmed=False)
    importlib.import_module("accounts.migrations.0002_user_email_proved").mark_proved(apps, None)
    assert list(User.objects.get_queryset().filter(email_proved=True).values_list("name", flat=True)) == ["proved"]
