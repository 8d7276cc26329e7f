"""The whole way of a new person, through the pages alone."""

import re

import pytest
from django.core import mail
from django.test import Client

from accounts.models import EmailFactor, RecoverySet, TOTPFactor, User
from accounts.tests.people import PASSWORD, app_code, make_person

pytestmark = pytest.mark.django_db

FORM = {"name": "Alice.B", "display_name": "Alice Béranger", "password": PASSWORD, "email": "alice@example.org"}


def sign_up(client: Client, **changes: str):
    return client.post("/signup/", {**FORM, **changes})


def shown_codes(response) -> list[str]:
    return re.findall(r"<code>([A-Z2-7-]{19})</code>", response.content.decode())


def mailed_code() -> str:
    return re.search(r"^\s+(\d{6})$", mail.outbox[-1].body, re.MULTILINE)[1]


def test_a_new_person_enters_with_an_app(client):
    assert sign_up(client)["Location"] == "/second-step/set-up/"
    alice = User.objects.get(name="alice.b")
    assert client.get("/api/me/").status_code == 401
    page = client.get("/second-step/set-up/app/").content.decode()
    assert "<svg" in page
    assert "style=" not in page
    codes = shown_codes(client.post("/second-step/set-up/app/", {"code": app_code(alice, confirmed=False)}))
    assert len(set(codes)) == 10
    assert client.get("/api/me/").status_code == 401, "the codes are not kept yet"
    assert client.post("/second-step/recovery/keep/", {}).status_code == 400
    assert client.post("/second-step/recovery/keep/", {"kept": "on"})["Location"] == "/chat/"
    assert client.get("/api/me/").json()["name"] == "alice.b"
    assert client.get("/")["Location"] == "/chat/"


def test_a_new_person_enters_with_mailed_codes(client, django_capture_on_commit_callbacks):
    sign_up(client)
    client.get("/second-step/set-up/email/")
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/second-step/set-up/email/")
    assert mail.outbox[-1].to == ["alice@example.org"]
    assert len(shown_codes(client.post("/second-step/set-up/email/", {"code": mailed_code()}))) == 10
    client.post("/second-step/recovery/keep/", {"kept": "on"})
    assert client.get("/api/me/").status_code == 200
    assert EmailFactor.objects.get().confirmed


def test_a_person_comes_back_with_password_and_code(client):
    alice = make_person("alice")
    response = client.post("/login/", {"name": "ALICE ", "password": PASSWORD})
    assert response["Location"] == "/second-step/"
    assert client.get("/chat/")["Location"] == "/second-step/"
    page = client.get("/second-step/")
    factor = page.context["chosen"].persistent_id
    response = client.post("/second-step/", {"factor": factor, "code": app_code(alice)})
    assert response["Location"] == "/chat/"
    assert client.get("/api/me/").json()["uid"] == alice.uid.hex


def test_somebody_who_closed_the_page_of_codes_gets_new_ones_at_the_next_login(client):
    sign_up(client)
    alice = User.objects.get()
    client.get("/second-step/set-up/app/")
    first = shown_codes(client.post("/second-step/set-up/app/", {"code": app_code(alice, confirmed=False)}))
    other = Client()
    other.post("/login/", {"name": "alice.b", "password": PASSWORD})
    factor = TOTPFactor.objects.get()
    TOTPFactor.objects.update(last_t=-1)
    response = other.post("/second-step/", {"factor": factor.persistent_id, "code": app_code(alice)})
    assert response["Location"] == "/second-step/recovery/"
    assert other.get("/api/me/").status_code == 401
    second = shown_codes(other.post("/second-step/recovery/"))
    assert len(second) == 10
    assert not set(first) & set(second)
    assert other.post("/second-step/recovery/keep/", {"kept": "on"})["Location"] == "/chat/"
    assert RecoverySet.objects.get().confirmed


def test_a_page_is_read_in_the_language_of_the_person(client):
    alice = make_person("alice")
    client.post("/login/", {"name": "alice", "password": PASSWORD})
    client.post("/language/", {"language": "es", "next": "/second-step/"})
    alice.refresh_from_db()
    assert alice.language == "es"


def test_the_wish_where_to_go_is_kept_only_within_the_site(client):
    alice = make_person("alice")
    for wish, place in (("/account/", "/account/"), ("https://evil.example/", "/chat/"), ("//evil.example", "/chat/")):
        client.post("/login/", {"name": "alice", "password": PASSWORD, "next": wish})
        TOTPFactor.objects.update(last_t=-1)
        factor = TOTPFactor.objects.get().persistent_id
        assert client.post("/second-step/", {"factor": factor, "code": app_code(alice)})["Location"] == place
