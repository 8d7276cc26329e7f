"""Every address of the site, knocked at in ways that a browser of ours would not."""

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client

from accounts.middleware import OPEN_TO_ALL
from accounts.models import User
from accounts.tests.people import PASSWORD, log_in, make_person
from accounts.tests.test_gate import every_address

pytestmark = pytest.mark.django_db(databases="__all__")
ADDRESSES = sorted({path for _name, path in every_address()})
OWN = {"Origin": "http://localhost:8000"}


@pytest.fixture
def root():
    return make_person("root.1", is_staff=True, is_superuser=True)


def strict(user) -> Client:
    return log_in(user, Client(enforce_csrf_checks=True, headers={"host": "localhost:8000"}))


def test_head_answers_as_get_does_and_changes_nothing(root):
    client = log_in(root)
    differs = {}
    for path in ADDRESSES:
        seen, asked = client.head(path).status_code, client.get(path).status_code
        if seen != asked:
            differs[path] = (seen, asked)
    assert differs == {}


def test_head_sends_no_code_and_counts_no_try(django_capture_on_commit_callbacks):
    """On the pages of somebody who has no second step yet: there a post sends mails and makes accounts."""
    half = log_in(make_person("alice", app=False, email="alice@example.org"), full=False)
    with django_capture_on_commit_callbacks(execute=True):
        for path in ("/signup/", "/login/", "/second-step/set-up/app/", "/second-step/set-up/email/"):
            assert (path, half.head(path).status_code) == (path, half.get(path).status_code) == (path, 200)
    assert mail.outbox == []


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_changed_without_the_token(root, method):
    """Not even with the session and from our own origin; reading methods aside, each view of the site is asked."""
    client = strict(root)
    passed = [path for path in ADDRESSES if getattr(client, method)(path, headers=OWN).status_code != 403]
    assert passed == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:8001", "https://localhost:8000"])
def test_nothing_is_changed_from_a_foreign_origin_even_with_the_token(root, origin):
    client = strict(root)
    client.get("/login/")
    headers = {"X-CSRFToken": client.cookies["csrf"].value, "Origin": origin}
    passed = [path for path in ADDRESSES if client.post(path, headers=headers).status_code != 403]
    assert passed == []
    assert client.post("/api/keys/nonce/", "{}", "application/json", headers={**headers, **OWN}).status_code == 200


def test_reading_changes_nothing_that_counts(root):
    """Every address is read once; people, factors and sessions are the same afterwards."""
    client = log_in(root)
    before = list(User.objects.values()), list(root.account_sessions.values("id"))
    for path in ADDRESSES:
        client.get(path)
    assert (list(User.objects.values()), list(root.account_sessions.values("id"))) == before


def test_the_administration_has_no_door_of_its_own_to_the_password(root):
    client = log_in(root)
    for path in ("/admin/password_change/", "/admin/password_change/done/"):
        assert client.get(path).status_code == 302
        form = {"old_password": PASSWORD, "new_password1": "seven quiet lamps", "new_password2": "seven quiet lamps"}
        assert client.post(path, form).status_code == 302
    root.refresh_from_db()
    assert root.check_password(PASSWORD)


def test_a_closed_site_tells_nobody_which_names_exist(settings, root):
    settings.REGISTRATION = "closed"
    answers = [Client().get(f"/api/names/{name}/") for name in ("root.1", "nobody")]
    assert [(answer.status_code, answer.content) for answer in answers] == [(404, b'{"error": "NOT_FOUND"}')] * 2


def test_the_first_administrator_can_ask_for_a_name_on_a_closed_site(settings):
    settings.REGISTRATION = "closed"
    assert Client().get("/api/names/nobody/").json() == {"free": True, "code": None}


def test_the_open_doors_are_known_one_by_one():
    """Whoever opens one more has to say so here."""
    assert len(OPEN_TO_ALL) == 21


@pytest.mark.parametrize(
    "wish", ["//evil.example", "/\\evil.example", "///evil.example", "https:evil.example", "\t//e"]
)
def test_no_wish_leads_out_of_the_site(wish):
    make_person("alice")
    client = Client()
    client.post("/login/", {"name": "alice", "password": PASSWORD, "next": wish})
    assert "next" not in client.session


@pytest.mark.parametrize("path", ["/api/me/", "/api/people/", "/nowhere/", "/api/nowhere/", "/login/"])
def test_no_answer_shows_what_runs_here(path):
    text = Client().get(path).content.decode().lower()
    assert not [
        word for word in ("django", "traceback", "python", "daphne", str(settings.BASE_DIR).lower()) if word in text
    ]


def test_a_bad_escape_or_an_endless_number_is_no_error_of_ours():
    client = log_in(make_person("alice"))
    paths = ("/api/people/?q=%00", "/api/people/?after=%ff", "/api/people/?limit=" + "9" * 5000, "/setup/%00/", "/%ff/")
    assert [path for path in paths if client.get(path).status_code >= 500] == []
    body = '{"uid": ' + "9" * 5000 + "}"
    assert client.post("/api/conversations/", body, content_type="application/json").status_code == 400
    deep = "[" * 100_000
    assert client.post("/api/conversations/", deep, content_type="application/json").status_code == 400
