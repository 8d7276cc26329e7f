"""Public keys over HTTP: shapes, refusals, and that a failing listener costs nothing."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError
from django.test import Client

from accounts.tests.people import log_in
from chatproject.lib.encoding import from_base64url, to_base64url
from keys import formats, log, services, signals
from keys.models import Bundle, Device
from keys.tests.owners import Owner
from keys.tests.web import answer, get, post, words
from tests.clocks import away_from_the_turn

DOORS = [
    ("post", "publish/"),
    ("get", f"bundles/{'0' * 32}/"),
    ("get", "browsers/"),
    ("get", "log/"),
    ("get", "prekeys/"),
    ("post", "prekeys/"),
    ("post", "prekeys/fetch/"),
    ("post", "nonce/"),
    ("post", "session/"),
    ("get", "write-number/"),
    ("put", "write-number/"),
]


@pytest.mark.parametrize(("method", "path"), DOORS)
def test_nothing_opens_without_the_second_step(alice: Owner, method: str, path: str) -> None:
    for client in (Client(), log_in(alice.user, full=False)):
        assert answer(getattr(client, method)(f"/api/keys/{path}")) == (401, "LOGIN_REQUIRED")


def test_a_bundle_is_published_and_read_back(client: Client, alice: Owner) -> None:
    blob, spk = to_base64url(alice.bundle()), alice.browsers[0].spk()
    assert post(client, "publish/", bundle=blob, prekeys=words(spk)).json() == {"version": 1, "log_size": 1}
    page = {"uid": alice.user.uid.hex, "bundles": [blob], "current": 1}
    assert get(client, f"bundles/{alice.user.uid.hex}/").json() == page
    assert get(client, f"bundles/{alice.user.uid.hex}/", after=1).json() == {**page, "bundles": []}


def test_a_person_sees_what_kind_of_browser_brought_each_device(client: Client, alice: Owner, bob: Owner) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    body = json.dumps({"bundle": to_base64url(alice.bundle()), "prekeys": []})
    client.post("/api/keys/publish/", body, content_type="application/json", HTTP_USER_AGENT=agent)
    bob.publish()
    assert get(client, "browsers/").json() == {"browsers": {alice.browsers[0].did.hex(): "Firefox, Linux"}}
    assert "Gecko" not in str(Device.objects.values().get(owner=alice.user))


def test_each_refusal_of_a_bundle_has_its_status(client: Client, alice: Owner) -> None:
    def publish(blob: bytes) -> tuple[int, str]:
        return answer(post(client, "publish/", bundle=to_base64url(blob), prekeys=[]))

    assert publish(alice.bundle(version=2)) == (409, "STALE_BUNDLE")
    assert publish(alice.bundle(name="mallory")) == (422, "NAME_REBOUND")
    assert publish(alice.bundle()[:-1]) == (422, "BAD_ENCODING")
    assert publish(alice.bundle(suites=2)) == (422, "BAD_SUITE")
    assert not Bundle.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"bundle": "AA"},
        {"bundle": "AA", "prekeys": [], "more": 1},
        {"bundle": "A", "prekeys": []},
        {"bundle": "AB", "prekeys": []},
        {"bundle": 1, "prekeys": []},
        {"bundle": "AA", "prekeys": {}},
        {"bundle": "AA", "prekeys": [{"prekey": "AA"}]},
        {"bundle": "AA", "prekeys": [{"prekey": "AA", "sig": "AA", "more": 1}]},
        {"bundle": "AA", "prekeys": [{"prekey": "AA", "sig": "AA"}] * 129},
    ],
)
def test_unknown_missing_or_odd_fields_are_refused(client: Client, body: dict[str, Any]) -> None:
    assert answer(post(client, "publish/", **body)) == (400, "BAD_REQUEST")


def test_a_person_without_keys_has_no_bundles_and_a_stranger_is_not_found(client: Client, bob: Owner) -> None:
    nobody = {"uid": bob.user.uid.hex, "bundles": [], "current": 0}
    assert get(client, f"bundles/{bob.user.uid.hex}/").json() == nobody
    for uid in ("0" * 32, bob.user.uid.hex.upper(), str(bob.user.uid), "x"):
        assert answer(get(client, f"bundles/{uid}/")) == (404, "NOT_FOUND")


def test_a_page_of_bundles_has_at_most_fifty(client: Client, alice: Owner) -> None:
    for _ in range(51):
        alice.publish()
    page = get(client, f"bundles/{alice.user.uid.hex}/").json()
    assert (len(page["bundles"]), page["current"]) == (50, 51)
    assert len(get(client, f"bundles/{alice.user.uid.hex}/", after=50).json()["bundles"]) == 1


def test_the_log_is_read_from_an_index_on(client: Client, alice: Owner) -> None:
    for _ in range(3):
        alice.publish()
    whole = get(client, "log/").json()
    leaves = [from_base64url(leaf) for leaf in whole["leaves"]]
    head = formats.parse_head(from_base64url(whole["head"]))
    formats.check_head(head, sig=from_base64url(whole["sig"]), log_pub=from_base64url(whole["log_pub"]))
    assert (head.size, head.root, whole["size"]) == (3, log.root_of_leaves(leaves), 3)
    assert get(client, "log/", **{"from": 2}).json()["leaves"] == whole["leaves"][2:]
    assert get(client, "log/", **{"from": 9}).json()["leaves"] == []
    for odd in ("-1", "x", "1.0", str(2**64)):
        assert answer(get(client, "log/", **{"from": odd})) == (400, "BAD_REQUEST")


def test_the_log_is_given_as_bytes_to_whoever_asks_for_them(client: Client, alice: Owner) -> None:
    for _ in range(3):
        alice.publish()
    words = get(client, "log/", **{"from": 1}).json()
    parts = [words["head"], words["sig"], words["log_pub"], *words["leaves"]]
    expected = (3).to_bytes(8, "big") + b"".join(formats.vec(from_base64url(part)) for part in parts)
    for accept, kind in [
        ("application/octet-stream, application/json;q=0.5", "application/octet-stream"),
        ("application/json, application/octet-stream;q=0.5", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
    ]:
        given = client.get("/api/keys/log/", {"from": 1}, headers={"accept": accept})
        assert given["Content-Type"] == kind, accept
        assert (given.content == expected) is (kind == "application/octet-stream")
        assert given["Cache-Control"] == "no-store"


def test_a_page_of_the_log_has_a_limit(client: Client, alice: Owner, monkeypatch) -> None:
    monkeypatch.setattr(services.logbook, "PAGE_LEAVES", 2)
    for _ in range(3):
        alice.publish()
    page = get(client, "log/").json()
    assert (len(page["leaves"]), page["size"]) == (2, 3)


def test_pages_cost_the_same_queries_however_much_is_in_them(alice: Owner, django_assert_num_queries) -> None:
    alice.publish()
    for _ in range(2):
        with django_assert_num_queries(2):
            services.bundle_page(uid=alice.user.uid, after=0)
        with django_assert_num_queries(3):
            services.log_page(start=0)
        for _ in range(20):
            alice.publish()


def test_prekeys_are_fetched_and_limits_answer(client: Client, bob: Owner) -> None:
    away_from_the_turn(3600, 60)
    browser = bob.publish_with_prekeys(opks=16)
    body = {"uid": bob.user.uid.hex, "dids": [browser.did.hex()]}
    given = [post(client, "prekeys/fetch/", **body).json()["prekeys"][browser.did.hex()]["opk"] for _ in range(6)]
    assert [each is None for each in given] == [False] * 5 + [True]
    assert len({each["prekey"] for each in given if each}) == 5
    for _ in range(54):
        post(client, "prekeys/fetch/", **body)
    refused = post(client, "prekeys/fetch/", **body)
    assert answer(refused) == (429, "TOO_MANY")
    assert refused.json()["retry_after"] > 0


def test_a_fetch_names_one_to_eight_different_devices_of_a_known_person(client: Client, bob: Owner) -> None:
    uid, did = bob.user.uid.hex, "1" * 32
    for dids in ([], [did, did], [UUID(int=n).hex for n in range(9)], "x", [1]):
        assert answer(post(client, "prekeys/fetch/", uid=uid, dids=dids)) == (400, "BAD_REQUEST")
    assert answer(post(client, "prekeys/fetch/", uid="1" * 32, dids=[did])) == (404, "NOT_FOUND")


def test_listeners_hear_of_a_bundle_and_cannot_make_it_fail(client: Client, alice: Owner) -> None:
    heard: list[tuple[UUID, int]] = []

    async def listen(sender: Any, *, uid: UUID, log_size: int, **more: Any) -> None:
        heard.append((uid, log_size))
        raise RuntimeError("a broken bell")

    signals.bundle_published.connect(listen)
    try:
        sent = post(client, "publish/", bundle=to_base64url(alice.bundle()), prekeys=[])
    finally:
        signals.bundle_published.disconnect(listen)
    assert (sent.status_code, heard) == (200, [(alice.user.uid, 1)])


def test_a_database_that_cannot_answer_is_a_refusal_to_be_repeated(client: Client, monkeypatch) -> None:
    def deadlock(**_given: Any) -> None:
        raise OperationalError("deadlock detected")

    monkeypatch.setattr(services, "log_page", deadlock)
    refused = get(client, "log/")
    assert answer(refused) == (503, "UNAVAILABLE")
    assert "deadlock" not in refused.content.decode()
