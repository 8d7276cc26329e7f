"""Security headers on every kind of answer: pages, JSON, files, refusals, errors, administration."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from chatproject.importmap import import_map

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self' blob:",
    "font-src": "'self'",
    "connect-src": "'self' ws://localhost:8000",
    "manifest-src": "'self'",
    "worker-src": "blob:",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "digest-workers",
}
OTHERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
EXAMPLES = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "hex": "0" * 32,
    "int": "1",
    "str": "x",
    "slug": "x",
    "path": "x",
}


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False, headers={"host": "localhost"})


def policy_of(response):
    parts = (part.strip().partition(" ") for part in response["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


def wrong_headers(response):
    """What differs from the one policy; empty when all is well."""
    policy = policy_of(response)
    scripts = policy.pop("script-src")
    expected = f"'self' 'sha256-{import_map().csp_hash}'"
    found = {name: response.get(name) for name, value in OTHERS.items() if response.get(name) != value}
    if policy != POLICY or scripts != expected:
        found["Content-Security-Policy"] = response["Content-Security-Policy"]
    if any(name.lower().startswith("access-control-") for name in response.headers):
        found["CORS"] = "present"
    return found


def every_address(resolver=None, prefix="/"):
    """One address for each route of the site, with example values in place of its parameters."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = re.sub(
            r"<(?:(\w+):)?\w+>", lambda match: EXAMPLES.get(match[1] or "str", "x"), _plain(str(entry.pattern))
        )
        if isinstance(entry, URLResolver):
            yield from every_address(entry, prefix + route)
        elif isinstance(entry, URLPattern):
            yield prefix + route


def _plain(route):
    """A regular expression of the administration as a path."""
    return re.sub(r"\(\?P<\w+>.*\)", "x", route).strip("^$").replace("\\Z", "")


ADDRESSES = sorted(set(every_address()))


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_route_answers_with_the_headers(visitor, address):
    assert wrong_headers(visitor.get(address)) == {}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_refused_post_answers_with_the_headers(visitor, address):
    assert wrong_headers(visitor.post(address, {})) == {}


@pytest.mark.parametrize(
    "address", ["/nowhere/", "/api/nowhere/", "/static/nowhere.js", "/static/css/tokens.css", "/static/../x", "/%00"]
)
def test_absent_things_and_files_have_the_headers(visitor, address):
    assert wrong_headers(visitor.get(address)) == {}


def test_an_error_inside_has_the_headers_and_tells_nothing(visitor, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("planted detail")

    monkeypatch.setattr("chatproject.health.HttpResponse", fail)
    answer = visitor.get("/healthz")
    assert answer.status_code == 500
    assert b"planted detail" not in answer.content
    assert wrong_headers(answer) == {}


def test_an_unknown_host_is_refused_with_the_headers(visitor):
    answer = visitor.get("/", headers={"host": "elsewhere.example"})
    assert answer.status_code == 400
    assert wrong_headers(answer) == {}


def test_a_form_without_its_token_is_refused_with_the_headers():
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False, headers={"host": "localhost"})
    answer = strict.post("/login/", {"name": "alice", "password": "x"})
    assert answer.status_code == 403
    assert wrong_headers(answer) == {}


@pytest.mark.parametrize("address", ["/", "/login/", "/signup/", "/api/me/", "/nowhere/"])
def test_no_cache_keeps_an_answer_that_may_be_private(visitor, address):
    assert "no-store" in visitor.get(address)["Cache-Control"]


def test_a_missing_header_is_found(visitor):
    answer = visitor.get("/")
    del answer["Cross-Origin-Opener-Policy"]
    answer["Content-Security-Policy"] = answer["Content-Security-Policy"].replace("'none'", "*", 1)
    assert set(wrong_headers(answer)) == {"Cross-Origin-Opener-Policy", "Content-Security-Policy"}


def test_no_answer_tells_the_versions_of_the_server(visitor):
    answer = visitor.get("/")
    assert not {"Server", "X-Powered-By"} & set(answer.headers)


def test_cookies_cannot_be_read_by_scripts_or_sent_from_elsewhere():
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.CSRF_COOKIE_HTTPONLY
    assert {settings.SESSION_COOKIE_SAMESITE, settings.CSRF_COOKIE_SAMESITE} <= {"Lax", "Strict"}
