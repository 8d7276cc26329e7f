"""Codes by mail: in time, for one login, few tries, once."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import services, throttles
from accounts.models import EmailFactor, MailCode, TOTPFactor
from accounts.tests.people import log_in, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make_person("alice", email="alice@example.org")


def check(user, code, *, factor=None, attempt=None):
    factor = factor or TOTPFactor.objects.get(user=user)
    throttles.forgive(throttles.OTP_ACCOUNT, user.uid.hex)
    return services.check_code(user=user, factor_id=factor.persistent_id, code=code, attempt=attempt)


class Mailbox:
    """An e-mail factor of one person, a login of theirs, and the newest code."""

    def __init__(self, user, capture):
        self.user, self.capture = user, capture
        self.factor = EmailFactor.objects.create(user=user, name="email", address=user.email)
        self.attempt = services.attempt_of(log_in(user, Client(), full=False).session)

    def send(self) -> str:
        with self.capture(execute=True):
            services.send_factor_code(factor=self.factor, attempt=self.attempt)
        return re.search(r"^\s+(\d{6})$", mail.outbox[-1].body, re.MULTILINE)[1]

    def check(self, code, attempt=None):
        EmailFactor.objects.update(throttling_failure_count=0)
        return check(self.user, code, factor=self.factor, attempt=attempt or self.attempt)


@pytest.fixture
def mailbox(alice, django_capture_on_commit_callbacks):
    return Mailbox(alice, django_capture_on_commit_callbacks)


def test_a_mailed_code_works_once(mailbox):
    code = mailbox.send()
    assert mailbox.check(code) is not None
    assert mailbox.check(code) is None


def test_a_mailed_code_is_stored_as_a_digest_only(mailbox):
    code = mailbox.send()
    row = MailCode.objects.get()
    assert code not in (row.digest, str(row.attempt))
    assert len(row.digest) == 64


@pytest.mark.parametrize(("seconds", "fits"), [(599, True), (601, False)])
def test_a_mailed_code_lives_ten_minutes(mailbox, time_machine, seconds, fits):
    time_machine.move_to("2026-11-23 12:00:00Z", tick=False)
    code = mailbox.send()
    time_machine.shift(timedelta(seconds=seconds))
    assert (mailbox.check(code) is not None) is fits


def test_a_mailed_code_is_good_only_for_the_login_that_asked(mailbox):
    code = mailbox.send()
    other = services.attempt_of(log_in(mailbox.user, Client(), full=False).session)
    assert mailbox.check(code, attempt=other) is None
    EmailFactor.objects.update(throttling_failure_count=0)
    assert check(mailbox.user, code, factor=mailbox.factor, attempt=None) is None
    EmailFactor.objects.update(throttling_failure_count=0)
    assert mailbox.check(code) is not None


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_the_fifth_try_is_the_last(mailbox):
    code = mailbox.send()
    for _ in range(4):
        assert mailbox.check(_wrong(code)) is None
    assert mailbox.check(code) is not None


def test_a_sixth_try_is_refused_even_with_the_right_code(mailbox):
    code = mailbox.send()
    for _ in range(5):
        mailbox.check(_wrong(code))
    assert mailbox.check(code) is None


def test_wrong_codes_of_another_login_use_up_none_of_my_tries(mailbox):
    """Somebody with the password guesses in a login of their own."""
    code = mailbox.send()
    stranger = services.attempt_of(log_in(mailbox.user, Client(), full=False).session)
    for _ in range(6):
        assert mailbox.check("000000", stranger) is None
    assert mailbox.check(code) is not None


def test_a_newer_mail_ends_the_older_code(mailbox, time_machine):
    time_machine.move_to("2026-11-23 12:00:00Z", tick=False)
    old = mailbox.send()
    time_machine.shift(31)
    new = mailbox.send()
    assert old == new or mailbox.check(old) is None
    assert mailbox.check(new) is not None


def test_mails_have_a_pause_and_a_number_an_hour(mailbox, time_machine):
    time_machine.move_to("2026-11-23 12:00:01Z", tick=False)
    mailbox.send()
    with pytest.raises(throttles.TooMany) as refused:
        mailbox.send()
    assert 1 <= refused.value.retry_after <= 30
    for _ in range(4):
        time_machine.shift(31)
        mailbox.send()
    time_machine.shift(31)
    with pytest.raises(throttles.TooMany):
        mailbox.send()
    assert len(mail.outbox) == 5


def test_old_mail_codes_are_cleared(mailbox, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    mailbox.send()
    mailbox.attempt = services.attempt_of(log_in(mailbox.user, Client(), full=False).session)
    time_machine.shift(timedelta(minutes=11))
    mailbox.send()
    assert MailCode.objects.count() == 1
