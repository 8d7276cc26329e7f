"""Setting up a second step: by the person themselves, and nobody else has seen its secret."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts import services
from accounts.models import TOTPFactor
from accounts.tests.people import app_code, give_app, log_in, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make_person("alice", email="alice@example.org")


def test_half_a_login_cannot_set_up_another_factor(alice):
    session = log_in(alice, full=False).session
    for start in (services.start_app, services.start_email):
        with pytest.raises(PermissionDenied):
            start(user=alice, session=session)
    mallory = log_in(alice, full=False)
    for path in ("/second-step/set-up/", "/second-step/set-up/app/", "/second-step/set-up/email/"):
        assert mallory.get(path)["Location"] == "/second-step/"
        assert mallory.post(path, {"code": "123456"}).status_code in (302, 405)
    assert TOTPFactor.objects.count() == 1


def test_half_a_login_cannot_confirm_a_factor_that_was_begun(alice):
    factor = give_app(alice, confirmed=False)
    session = log_in(alice, full=False).session
    with pytest.raises(PermissionDenied):
        services.confirm_factor(user=alice, session=session, factor=factor, code=app_code(alice, confirmed=False))


def test_an_unconfirmed_factor_is_no_second_step(alice):
    factor = give_app(alice, confirmed=False)
    client = log_in(alice, full=False)
    client.post("/second-step/", {"factor": factor.persistent_id, "code": app_code(alice, confirmed=False)})
    assert client.get("/api/me/").status_code == 401


def test_two_sessions_never_see_the_same_seed():
    """Somebody with the password of a new account looks at the page before its owner does, and waits."""
    bob = make_person("bob", app=False)
    owner, thief = (log_in(bob, Client(), full=False) for _ in range(2))
    stolen = thief.get("/second-step/set-up/app/").context["secret"]
    own = owner.get("/second-step/set-up/app/").context["secret"]
    assert own != stolen
    assert owner.get("/second-step/set-up/app/").context["secret"] == own, "a reload changes nothing"


def test_a_seed_that_another_session_was_shown_cannot_be_confirmed_here():
    bob = make_person("bob", app=False)
    owner, thief = (log_in(bob, Client(), full=False) for _ in range(2))
    thief.get("/second-step/set-up/app/")
    assert owner.post("/second-step/set-up/app/", {"code": app_code(bob, confirmed=False)}).status_code == 400
    assert not TOTPFactor.objects.filter(confirmed=True).exists()
