"""Mails leave beside the request: a mail server that stands still keeps nobody, and what waits has bounds."""

import subprocess
import sys
from contextlib import suppress

import pytest
from asgiref.sync import sync_to_async
from django.core import mail
from django.core.mail import EmailMessage
from django.test import AsyncClient

from accounts import mailqueue, services
from accounts.mailqueue import MailQueue
from accounts.tests import heldmail
from accounts.tests.people import PASSWORD, log_in, make_person
from accounts.throttles import TooMany
from tests.clocks import away_from_the_turn
from tests.sources import ROOT

NEW_PASSWORD = "seven quiet lamps burn"
SECONDS = 20


@pytest.fixture
def held(settings):
    """The mail server stands still, and mails go the way they go outside of tests."""
    heldmail.let_go.clear()
    settings.EMAIL_BACKEND = "accounts.tests.heldmail.Held"
    settings.BRIDGE_INLINE = False
    yield heldmail.let_go
    heldmail.let_go.set()
    assert mailqueue.flush(SECONDS) == 0


def message(address: str = "alice@example.org") -> EmailMessage:
    return EmailMessage("Subject", "Text\n", None, [address])


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
async def test_a_password_is_changed_while_the_mail_server_stands_still(held):
    """Through the whole handler, whose deadline is sooner than the mail server's answer."""
    client = await sync_to_async(alice_inside)()
    answer = await client.post("/account/password/", {"old": PASSWORD, "new": NEW_PASSWORD})
    assert (answer.status_code, mail.outbox) == (302, [])
    assert (await client.get("/api/me/")).status_code == 200, "the session lives"
    held.set()
    assert mailqueue.flush(SECONDS) == 0
    assert [one.to for one in mail.outbox] == [["alice@example.org"]]


def alice_inside() -> AsyncClient:
    return log_in(make_person("alice", email="alice@example.org"), AsyncClient())


@pytest.mark.django_db
def test_no_transaction_stays_open_for_a_mail(held):
    """The notice of many wrong codes is written in the middle of confirming a factor, which takes the write lock."""
    away_from_the_turn(3600, 30)
    bob = make_person("bob", app=False, email="bob@example.org")
    session = log_in(bob, full=False).session
    factor = services.start_app(user=bob, session=session)
    for _ in range(11):
        with suppress(TooMany):
            services.confirm_factor(user=bob, session=session, factor=factor, code="000000")
    assert mail.outbox == []
    held.set()
    assert mailqueue.flush(SECONDS) == 0
    assert [one.subject for one in mail.outbox] == ["Many wrong codes for your account on Llave"]


def test_what_has_no_room_is_dropped_and_logged_without_an_address(held, caplog):
    queue = MailQueue(most=1)
    for _ in range(mailqueue.THREADS + 2):
        queue.put(message())
    held.set()
    assert queue.flush(SECONDS) == 0
    assert 1 <= len(mail.outbox) < mailqueue.THREADS + 2
    assert "A mail was dropped" in caplog.text
    assert "alice" not in caplog.text


def test_waiting_for_the_mails_has_an_end(held):
    queue = MailQueue()
    queue.put(message())
    assert queue.flush(0.05) == 1
    held.set()
    assert queue.flush(SECONDS) == 0


def test_a_mail_that_is_refused_is_logged_without_its_address_and_the_next_one_goes(monkeypatch, caplog):
    def refuse(_self: EmailMessage) -> None:
        raise OSError("550 alice@example.org")

    queue, send = MailQueue(), EmailMessage.send
    monkeypatch.setattr(EmailMessage, "send", refuse)
    for _ in range(mailqueue.THREADS):
        queue.put(message())
    assert queue.flush(SECONDS) == 0
    monkeypatch.setattr(EmailMessage, "send", send)
    queue.put(message())
    assert queue.flush(SECONDS) == 0
    assert len(mail.outbox) == 1
    assert "A mail could not be sent: OSError" in caplog.text
    assert "alice" not in caplog.text


PROGRAM = """
import sys, threading
from django.conf import settings
from django.core.mail import EmailMessage
settings.configure(EMAIL_BACKEND="django.core.mail.backends.console.EmailBackend")
from accounts.mailqueue import MailQueue

class Late(EmailMessage):
    def send(self):
        threading.main_thread().join()
        super().send()

MailQueue().put(Late("Subject", "Text", None, ["alice@example.org"]))
"""


def test_a_program_that_ends_sends_what_waits():
    """A command, or the server at its end: the mail leaves after the last line was run."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "To: alice@example.org" in done.stdout
