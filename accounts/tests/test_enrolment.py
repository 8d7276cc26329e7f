"""Setting up a second step: by the person themselves, and nobody else has seen its secret."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.models import EmailFactor, TOTPFactor, User
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


@pytest.fixture
def setting_up(django_capture_on_commit_callbacks):
    """Somebody new at the page for codes by e-mail, who has asked for one."""
    client = log_in(make_person("bob", app=False, email="bob@example.org"), full=False)
    assert not shows_the_field(client.get("/second-step/set-up/email/"))
    with django_capture_on_commit_callbacks(execute=True):
        assert shows_the_field(client.post("/second-step/set-up/email/"))
    return client


def shows_the_field(page) -> bool:
    return 'name="code"' in page.content.decode()


def test_the_field_for_a_code_stays_while_it_is_out(setting_up, time_machine):
    again = setting_up.post("/second-step/set-up/email/")
    assert (again.status_code, shows_the_field(again)) == (429, True)
    assert shows_the_field(setting_up.get("/second-step/set-up/email/")), "a reload, or another language"
    time_machine.move_to(timezone.now() + timedelta(minutes=11), tick=False)
    assert not shows_the_field(setting_up.get("/second-step/set-up/email/"))


def test_a_wrong_code_leaves_the_field(setting_up):
    typed = setting_up.post("/second-step/set-up/email/", {"code": "x"})
    assert (typed.status_code, shows_the_field(typed)) == (400, True)


def test_a_code_that_is_out_for_another_login_is_none_here(setting_up):
    there = log_in(User.objects.get(name="bob"), Client(), full=False)
    assert not shows_the_field(there.get("/second-step/set-up/email/"))


def test_a_code_that_was_asked_for_is_typed_at_the_second_step(alice, django_capture_on_commit_callbacks):
    factor = EmailFactor.objects.create(user=alice, name="email", address=alice.email)
    client = log_in(alice, full=False)
    assert not client.get("/second-step/", {"factor": factor.persistent_id}).context["sent"]
    with django_capture_on_commit_callbacks(execute=True):
        page = client.post("/second-step/send/", follow=True)
    assert page.redirect_chain == [(f"/second-step/?factor={quote(factor.persistent_id, safe='')}", 302)]
    assert (page.context["chosen"], page.context["sent"]) == (factor, True)
    again = client.post("/second-step/send/")
    assert (again.status_code, again.context["chosen"], again.context["sent"]) == (429, factor, True)
    assert len(mail.outbox) == 1


def test_the_other_language_leads_back_to_the_page_it_was_chosen_on(alice, django_capture_on_commit_callbacks):
    """The language buttons ask for the address of the page by GET, also where a form was posted to it."""
    EmailFactor.objects.create(user=alice, name="email", address=alice.email)
    client = log_in(alice, full=False)
    with django_capture_on_commit_callbacks(execute=True):
        here = client.post("/second-step/send/", follow=True)
    for page in (here, client.post("/second-step/send/")):
        back = re.search(r'name="next" value="([^"]+)"', page.content.decode())[1]
        seen = client.post("/language/", {"language": "es", "next": unescape(back)}, follow=True)
        assert (seen.status_code, seen.context["chosen"].kind, seen.context["sent"]) == (200, "email", True)
    assert len(mail.outbox) == 1, "and no mail more"


def test_the_other_language_leads_from_the_unticked_box_to_the_codes():
    bob = make_person("bob", app=False)
    client = log_in(bob, full=False)
    client.get("/second-step/set-up/app/")
    client.post("/second-step/set-up/app/", {"code": app_code(bob, confirmed=False)})
    assert client.post("/second-step/recovery/keep/").status_code == 400
    seen = client.post("/language/", {"language": "es", "next": "/second-step/recovery/keep/"}, follow=True)
    assert (seen.status_code, seen.request["PATH_INFO"]) == (200, "/second-step/recovery/")
