"""Many sessions read together are each judged as one by itself."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from accounts.models import AccountSession, EmailFactor, RecoverySet, TOTPFactor, User
from accounts.services.sessions import full_login, full_logins
from accounts.tests.people import give_app, log_in, make_person

pytestmark = pytest.mark.django_db


def session_of(user: User, **changes: Any) -> dict[str, Any]:
    return {**log_in(user).session, **changes}


def refused() -> dict[str, dict[str, Any]]:
    """Sessions that are nobody's full login, each for a reason of its own."""
    one, other, old, off = (make_person(name) for name in ("one", "other", "old", "off"))
    unconfirmed, theirs = give_app(one, confirmed=False), TOTPFactor.objects.get(user=other)
    made = {
        "empty": {},
        "password alone": session_of(one, **{DEVICE_ID_SESSION_KEY: ""}),
        "factor of another": session_of(one, **{DEVICE_ID_SESSION_KEY: theirs.persistent_id}),
        "factor that is not confirmed": session_of(one, **{DEVICE_ID_SESSION_KEY: unconfirmed.persistent_id}),
        "factor that is none": session_of(one, **{DEVICE_ID_SESSION_KEY: "accounts.totpfactor/x"}),
        "factor of no kind": session_of(one, **{DEVICE_ID_SESSION_KEY: f"accounts.user/{one.pk}"}),
        "log-in of another": session_of(one, account_session=session_of(other)["account_session"]),
        "log-in of nobody": session_of(one, account_session=uuid.uuid4().hex),
        "log-in that is none": session_of(one, account_session=7),
        "another person": session_of(one, **{SESSION_KEY: str(other.pk)}),
        "another password": session_of(one, **{HASH_SESSION_KEY: "0" * 64}),
        "no password": session_of(one, **{HASH_SESSION_KEY: ""}),
        "another way in": session_of(one, **{BACKEND_SESSION_KEY: "somewhere.else"}),
        "too old": session_of(old),
        "switched off": session_of(off),
    }
    long_ago = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    AccountSession.objects.filter(user=old).update(started_at=long_ago)
    User.objects.get_queryset().filter(pk=off.pk).update(is_active=False)
    return made


def accepted() -> dict[str, dict[str, Any]]:
    """Two people by app, one of them twice; one by mail, one by a code on paper."""
    alice, bob, carol, dave = (make_person(name) for name in ("alice", "bob", "carol", "dave"))
    mail = EmailFactor.objects.create(user=carol, name="email", confirmed=True, address="carol@example.org")
    paper = RecoverySet.objects.get(user=dave)
    return {
        "alice": session_of(alice),
        "alice again": session_of(alice),
        "bob": session_of(bob),
        "carol": session_of(carol, **{DEVICE_ID_SESSION_KEY: mail.persistent_id}),
        "dave": session_of(dave, **{DEVICE_ID_SESSION_KEY: paper.persistent_id}),
    }


def test_each_is_judged_as_by_itself() -> None:
    good, bad = accepted(), refused()
    alone = {key: full_login(session) for key, session in {**good, **bad}.items()}
    assert {key: user.pk for key, user in alone.items() if user} == full_logins({**bad, **good})
    assert set(full_logins({**bad, **good})) == set(good)


@pytest.mark.parametrize("number", [0, 1, 5])
def test_it_costs_no_statement_more_for_each(number: int) -> None:
    sessions = {str(index): session_of(make_person(f"person{index}")) for index in range(number)}
    with CaptureQueriesContext(connection) as statements:
        assert len(full_logins(sessions)) == number
    assert len(statements) == (2 if number else 0)
