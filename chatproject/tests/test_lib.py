"""The small parts that every app leans on."""

import json
import pickle
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from chatproject.errors import AWAY
from chatproject.first_secrets import BYTES, make_secrets
from chatproject.lib.addresses import client_address, network_prefix
from chatproject.lib.api import ApiError, api_view, as_count, as_text, read_json, read_query
from chatproject.lib.encoding import from_base64url, from_hex_id, to_base64url
from chatproject.lib.numbers import Numbers


def post(body: Any) -> HttpRequest:
    text = body if isinstance(body, str) else json.dumps(body)
    return RequestFactory().post("/api/x/", text, content_type="application/json")


@pytest.mark.parametrize("value", ["", "AA", "_-8", "AAAA"])
def test_it_reads_back_canonical_base64url(value: str) -> None:
    assert to_base64url(from_base64url(value)) == value


@pytest.mark.parametrize("value", ["A", "AB", "AA==", "+A", "A A", "AÁ", "AA\n"])
def test_it_refuses_other_forms_of_base64url(value: str) -> None:
    with pytest.raises(ValueError):
        from_base64url(value)


@pytest.mark.parametrize("value", ["", "a" * 31, "A" * 32, "g" * 32, "a" * 33, "a" * 31 + "\n"])
def test_it_refuses_what_is_no_identifier(value: str) -> None:
    with pytest.raises(ValueError):
        from_hex_id(value)


def test_it_reads_exactly_the_named_fields() -> None:
    assert read_json(post({"a": "x"}), {"a": as_text}) == {"a": "x"}


@pytest.mark.parametrize("body", [{}, {"a": "x", "b": 1}, [], "null", "{", '{"a":"x","a":"y"}', {"a": 1}, "[" * 2000])
def test_it_refuses_bodies_of_another_shape(body: Any) -> None:
    with pytest.raises(ApiError) as refusal:
        read_json(post(body), {"a": as_text})
    assert (refusal.value.code, refusal.value.status) == ("BAD_REQUEST", 400)


def test_it_refuses_a_body_over_the_limit() -> None:
    with pytest.raises(ApiError) as refusal:
        read_json(post({"a": "x" * 300_000}), {"a": as_text})
    assert (refusal.value.code, refusal.value.status) == ("TOO_LARGE", 413)


@pytest.mark.parametrize("query", ["?b=1", "?a=1&a=2", "?a=101", "?a=-1", "?a=%D9%A1", "?a=1.5"])
def test_it_refuses_queries_of_another_shape(query: str) -> None:
    with pytest.raises(ApiError):
        read_query(RequestFactory().get("/" + query), {"a": (as_count(0, 100), 7)})


def test_it_fills_in_what_a_query_leaves_out() -> None:
    assert read_query(RequestFactory().get("/"), {"a": (as_count(0, 100), 7)}) == {"a": 7}


def test_it_answers_other_methods_with_405() -> None:
    view = api_view("GET")(lambda request: {})
    assert view(post({})).status_code == 405


def test_a_refusal_becomes_json_with_its_code() -> None:
    def refuse(request: HttpRequest) -> dict[str, Any]:
        raise ApiError("TOO_MANY", 429, retry_after=7)

    answer = api_view("POST")(refuse)(post({}))
    assert (answer.status_code, json.loads(answer.content)) == (429, {"error": "TOO_MANY", "retry_after": 7})
    assert answer["Retry-After"] == "7"


def request_from(peer: str, forwarded: str) -> HttpRequest:
    return RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)


def test_without_trusted_proxies_a_forwarded_address_is_ignored() -> None:
    assert client_address(request_from("192.0.2.1", "198.51.100.9")) == "192.0.2.1"


@override_settings(TRUSTED_PROXY_COUNT=1)
def test_with_one_trusted_proxy_the_rightmost_address_counts() -> None:
    assert client_address(request_from("10.0.0.1", "203.0.113.66, 198.51.100.9")) == "198.51.100.9"


@override_settings(TRUSTED_PROXY_COUNT=2)
def test_a_chain_shorter_than_the_proxies_is_not_believed() -> None:
    assert client_address(request_from("10.0.0.1", "203.0.113.66")) == "10.0.0.1"


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8::1", "2001:db8::/56"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("", "unknown"),
        ("x", "unknown"),
    ],
)
def test_limits_count_by_network(address: str, prefix: str) -> None:
    assert network_prefix(address) == prefix


def test_secrets_are_made_once_and_only_for_their_owner(tmp_path: Any) -> None:
    assert make_secrets(tmp_path / "data") == list(BYTES)
    first = [(tmp_path / "data/secrets" / name).read_text() for name in BYTES]
    assert make_secrets(tmp_path / "data") == []
    assert [(tmp_path / "data/secrets" / name).read_text() for name in BYTES] == first
    assert {oct((tmp_path / "data/secrets" / name).stat().st_mode & 0o777) for name in BYTES} == {"0o600"}
    assert oct((tmp_path / "data").stat().st_mode & 0o777) == "0o700"


@pytest.mark.parametrize("value", [0, -3, 10**12, 1764030000.25])
def test_a_counter_comes_back_from_redis_as_it_was(value: float) -> None:
    kept = Numbers().dumps(value)
    assert Numbers().loads(str(kept).encode()) == value


@pytest.mark.parametrize("data", [pickle.dumps(3), b"", b"cos\nsystem\n(S'true'\ntR."])
def test_redis_hands_over_numbers_and_nothing_else(data: bytes) -> None:
    with pytest.raises(AWAY):  # answered as a Redis that is away
        Numbers().loads(data)
    with pytest.raises(TypeError):
        Numbers().dumps({"a": data})
