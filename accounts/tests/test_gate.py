"""Nobody gets past the gate with less than password and second step."""

import uuid

import pytest
from django.contrib.auth import HASH_SESSION_KEY
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django_otp import DEVICE_ID_SESSION_KEY

from accounts import services
from accounts.middleware import OPEN_TO_ALL
from accounts.models import AccountSession, TOTPFactor, User
from accounts.tests.people import give_app, log_in, make_person

pytestmark = pytest.mark.django_db

SAMPLES = {"uuid": str(uuid.uuid4()), "int": "1", "str": "x", "slug": "x", "path": "x", "hex_id": "0" * 32}


def every_address() -> list[tuple[str, str]]:
    """(view name, a sample path) of each pattern of the whole URLconf."""
    return [(name, "/" + path) for name, path in _walk(get_resolver(), "", "")]


def _walk(resolver: URLResolver, path: str, names: str):
    for pattern in resolver.url_patterns:
        whole = path + _sample(pattern)
        if isinstance(pattern, URLPattern):
            yield names + (pattern.name or ""), whole
        else:
            space = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from _walk(pattern, whole, names + space)


def _sample(pattern) -> str:
    text = str(pattern.pattern).replace("^", "").replace("$", "").replace("(?P<url>.*)", "x").replace(".*", "x")
    for name, converter in pattern.pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower()
        sample = SAMPLES.get(kind, "0" * 32)
        for given in {kind, kind.upper(), "hex", "hexid", "uid", "cid", "did"}:
            text = text.replace(f"<{given}:{name}>", sample)
        text = text.replace(f"<{name}>", sample)
    return text


CLOSED = [path for name, path in every_address() if name not in OPEN_TO_ALL]


def test_the_crawl_sees_the_doors_that_matter():
    assert {"/api/me/", "/api/people/", "/account/", "/admin/", "/admin/accounts/user/"} <= set(CLOSED)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_password_alone_opens_nothing_but_the_way_in(method):
    client = log_in(make_person("alice", is_staff=True, is_superuser=True), full=False)
    opened = [path for path in CLOSED if getattr(client, method)(path).status_code not in (301, 302, 401, 404)]
    assert opened == []
    assert client.get("/api/me/").json() == {"error": "LOGIN_REQUIRED"}
    assert client.get("/account/")["Location"] == "/second-step/"


def test_nobody_opens_nothing_but_the_way_in(client):
    assert [path for path in CLOSED if client.get(path).status_code not in (301, 302, 401, 404)] == []
    assert client.get("/account/")["Location"] == "/login/"


def test_a_full_login_opens_them_so_the_crawl_could_have_failed():
    client = log_in(make_person("alice", is_staff=True, is_superuser=True))
    assert client.get("/account/").status_code == 200
    assert client.get("/admin/accounts/user/").status_code == 200


def test_every_open_door_is_a_real_one():
    known = {name for name, _path in every_address()}
    assert {name for name in OPEN_TO_ALL if name.startswith("accounts")} <= known


def test_it_knows_the_person_of_a_full_login():
    alice = make_person("alice")
    session = log_in(alice).session
    assert services.full_login(session) == alice
    assert services.full_login(session).otp_device.kind == "app"


def test_a_password_session_is_no_full_login():
    session = log_in(make_person("alice"), full=False).session
    assert services.password_login(session) is not None
    assert services.full_login(session) is None


def _full_session(user):
    return log_in(user).session


def test_it_refuses_a_deactivated_person():
    alice = make_person("alice")
    session = _full_session(alice)
    services.set_active(user=alice, active=False)
    assert services.full_login(session) is None
    services.set_active(user=alice, active=True)
    assert services.full_login(session) is None, "the session has ended for good"


def test_it_refuses_a_person_who_was_switched_off_in_the_database_itself():
    """Nothing has ended the session then; the mark alone is enough."""
    alice = make_person("alice")
    session = _full_session(alice)
    User.objects.get_queryset().filter(pk=alice.pk).update(is_active=False)
    assert services.full_login(session) is None
    assert services.password_login(session) is None


def test_it_refuses_another_persons_factor():
    alice, mallory = make_person("alice"), make_person("mallory")
    session = _full_session(alice)
    session[DEVICE_ID_SESSION_KEY] = TOTPFactor.objects.get(user=mallory).persistent_id
    assert services.full_login(session) is None


def test_it_refuses_an_unconfirmed_factor():
    alice = make_person("alice")
    session = _full_session(alice)
    session[DEVICE_ID_SESSION_KEY] = give_app(alice, confirmed=False).persistent_id
    assert services.full_login(session) is None


@pytest.mark.parametrize("device", ["", "accounts.totpfactor/9999", "accounts.user/1", "nonsense", "a/b"])
def test_it_refuses_a_factor_that_is_none(device):
    session = _full_session(make_person("alice"))
    session[DEVICE_ID_SESSION_KEY] = device
    assert services.full_login(session) is None


def test_it_refuses_a_session_from_before_a_password_change():
    alice = make_person("alice")
    session = _full_session(alice)
    alice.set_password("quite another password")
    alice.save()
    assert services.full_login(session) is None


def test_it_accepts_a_session_hashed_with_the_secret_before(settings):
    alice = make_person("alice")
    session = _full_session(alice)
    assert services.full_login(session) == alice
    before = settings.SECRET_KEY
    settings.SECRET_KEY = "a new secret key of the same length or so"
    assert services.full_login(session) is None
    settings.SECRET_KEY_FALLBACKS = [before]
    assert services.full_login(session) == alice


def test_it_refuses_a_session_whose_row_is_gone():
    alice = make_person("alice")
    client = log_in(alice)
    AccountSession.objects.all().delete()
    assert services.full_login(client.session) is None
    assert client.get("/api/me/").status_code == 401
    assert client.get("/second-step/")["Location"] == "/login/"


def test_it_refuses_a_session_with_a_foreign_row():
    alice, mallory = make_person("alice"), make_person("mallory")
    session, other = _full_session(alice), log_in(mallory, Client()).session
    session["account_session"] = other["account_session"]
    assert services.full_login(session) is None


def test_it_refuses_a_forged_hash():
    session = _full_session(make_person("alice"))
    session[HASH_SESSION_KEY] = "0" * 64
    assert services.full_login(session) is None


def test_the_admins_own_log_in_page_is_no_door():
    client = log_in(make_person("alice", is_staff=True, is_superuser=True), full=False)
    response = client.post("/admin/login/", {"username": "alice", "password": "x"})
    assert response.status_code == 302
    assert log_in(make_person("bob")).get("/admin/").status_code == 302


def test_one_request_reads_session_person_and_factor_once(django_assert_num_queries):
    client = log_in(make_person("alice"))
    with django_assert_num_queries(3):
        client.get("/api/me/")
