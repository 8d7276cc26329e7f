"""Signing up, logging in and out: who is refused, and that the refusals tell a stranger nothing."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import hashers
from accounts.models import AccountSession, User
from accounts.names import clean_display_name
from accounts.tests.people import PASSWORD, app_code, give_app, log_in, make_person

pytestmark = pytest.mark.django_db


def sign_up(client, **changes):
    form = {"name": "alice", "display_name": "Alice", "password": PASSWORD, "email": "", **changes}
    return client.post("/signup/", form)


@pytest.mark.parametrize("name", ["ab", "a" * 33, "al ice", "älice", "alice@b", "al/ice", "", "ali\u200bce", "аlice"])
def test_it_refuses_names_outside_the_grammar(client, name):
    assert sign_up(client, name=name).status_code == 400
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["abc", "a" * 32, "a.b", "a-b", "a_b", "...", "007"])
def test_it_takes_names_within_the_grammar(client, name):
    assert sign_up(client, name=name).status_code == 302


@pytest.mark.parametrize("name", ["Alice", "ab", "a b c", "a" * 33])
def test_the_database_itself_refuses_such_names(name):
    with pytest.raises((IntegrityError, Exception)), transaction.atomic():
        User(name=name, display_name="x", password="x").save(force_insert=True)
    assert not User.objects.exists()


def test_it_refuses_a_name_that_is_taken_in_any_case(client):
    make_person("alice")
    assert sign_up(client, name="ALICE").status_code == 400
    assert User.objects.count() == 1


def test_two_who_take_a_name_at_once_do_not_both_get_it(client, monkeypatch):
    make_person("alice")
    monkeypatch.setattr("accounts.forms.SignUpForm.clean_name", lambda form: form.cleaned_data["name"])
    response = sign_up(client)
    assert response.status_code == 400
    assert "taken" in response.content.decode()


def too_long_for_its_column() -> str:
    """An address that is well-formed, of 255 characters."""
    domain = ".".join(["d" * 63, "d" * 63, "d" * 58, "org"])
    return f"{'l' * 64}@{domain}"


def test_it_refuses_an_address_that_is_longer_than_its_column(client):
    assert len(too_long_for_its_column()) == 255
    assert sign_up(client, email=too_long_for_its_column()).status_code == 400
    assert not User.objects.exists()
    assert sign_up(client, email=too_long_for_its_column()[1:]).status_code == 302


def test_closed_registration_refuses_everybody(client, settings):
    settings.REGISTRATION = "closed"
    assert client.get("/signup/").status_code == 403
    assert sign_up(client).status_code == 403
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "password",
    ["short", "elevenchars", "password1234", "1234567890123", "llavellavellave", "alicealicealice", "alice-1234567"],
)
def test_it_refuses_passwords_that_are_guessed_first(client, settings, password):
    settings.SITE_NAME = "Llave"
    assert sign_up(client, password=password).status_code == 400


def test_it_takes_128_characters_and_refuses_129():
    validate_password("ñ€𝄞x" * 32)
    with pytest.raises(ValidationError):
        validate_password("ñ€𝄞x" * 32 + "y")


def test_every_character_of_a_long_password_counts(client):
    password = "ñ€𝄞x" * 32
    sign_up(client, password=password)
    assert Client().post("/login/", {"name": "alice", "password": password}).status_code == 302
    assert Client().post("/login/", {"name": "alice", "password": password[:127]}).status_code == 400


def test_passwords_are_argon2id_within_the_range():
    assert make_person("alice").password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashers.HASHES_AT_ONCE == 2


def test_a_display_name_carries_no_unseen_characters(client):
    sign_up(client, display_name="  Al\u202eice\u0007  \u200f B ")
    assert User.objects.get().display_name == "Alice B"
    assert clean_display_name("\u202e\u200b") == ""


def test_a_display_name_of_unseen_characters_is_refused(client):
    assert sign_up(client, display_name="\u202e\u200b").status_code == 400


def test_nobody_becomes_staff_by_asking(client):
    sign_up(client, is_staff="on", is_superuser="on", bundle_version="7", is_active="")
    alice = User.objects.get()
    assert (alice.is_staff, alice.is_superuser, alice.bundle_version, alice.is_active) == (False, False, None, True)


def test_a_session_from_before_the_login_is_not_taken_over():
    make_person("alice")
    client = Client()
    session = client.session
    session["planted"] = "by mallory"
    session.save()
    before = session.session_key
    client.cookies["session"] = before
    client.post("/login/", {"name": "alice", "password": PASSWORD})
    assert client.session.session_key != before
    assert "planted" not in client.session


def test_the_session_key_changes_at_the_second_step():
    alice, client = make_person("alice"), Client()
    client.post("/login/", {"name": "alice", "password": PASSWORD})
    half = client.session.session_key
    factor = client.get("/second-step/").context["chosen"].persistent_id
    client.post("/second-step/", {"factor": factor, "code": app_code(alice)})
    assert client.session.session_key != half
    thief = Client()
    thief.cookies["session"] = half
    assert thief.get("/api/me/").status_code == 401


def test_logging_out_ends_the_session_and_keeps_the_browsers_storage():
    client = log_in(make_person("alice"))
    cookie = client.cookies["session"].value
    response = client.post("/logout/")
    assert response["Clear-Site-Data"] == '"cache"'
    assert not AccountSession.objects.exists()
    thief = Client()
    thief.cookies["session"] = cookie
    assert thief.get("/api/me/").status_code == 401


def test_logging_out_needs_a_post():
    client = log_in(make_person("alice"))
    assert client.get("/logout/").status_code == 405
    assert client.get("/api/me/").status_code == 200


def test_a_post_without_the_csrf_token_is_refused():
    client = Client(enforce_csrf_checks=True)
    make_person("alice")
    assert client.post("/login/", {"name": "alice", "password": PASSWORD}).status_code == 403


def test_logging_in_again_with_the_password_only_drops_the_second_step():
    alice = make_person("alice")
    client = log_in(alice)
    client.post("/login/", {"name": "alice", "password": PASSWORD})
    assert client.get("/api/me/").status_code == 401


def test_the_welcome_page_says_what_the_server_can_see(client):
    assert 'href="/about/"' in client.get("/").content.decode()
    assert client.get("/about/").status_code == 200


def test_a_person_without_a_factor_is_led_to_set_one_up(client):
    user = User.objects.create_user("alice", PASSWORD)
    client.post("/login/", {"name": "alice", "password": PASSWORD})
    assert client.get("/second-step/")["Location"] == "/second-step/set-up/"
    give_app(user)
    assert client.get("/second-step/").status_code == 200
