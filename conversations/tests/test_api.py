"""The same verbs over HTTP, by people with real log-ins and real bundles."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from chatproject.lib.encoding import to_base64url
from conversations import services
from conversations.tests import blobs
from conversations.tests.outfit import Visitor, make_visitor, start_record

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
LIST = "/api/conversations/"


@pytest.fixture
def alice() -> Visitor:
    return make_visitor("alice")


@pytest.fixture
def bob() -> Visitor:
    return make_visitor("bob")


def ask(visitor: Visitor, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    client = visitor.client
    answer = client.get(path) if body is None else client.post(path, body, content_type="application/json")
    return answer.status_code, answer.json()


def begin(alice: Visitor, bob: Visitor) -> str:
    status, opened = ask(alice, LIST, {"uid": bob.uid.hex})
    assert status == 200
    return str(opened["cid"])


def events_of(cid: str) -> str:
    return f"{LIST}{cid}/events/"


def frame(cid: str, kind: str, blob: bytes) -> dict[str, Any]:
    return {"f": "post", "cid": cid, "client_id": str(uuid4()), "kind": kind, "blob": to_base64url(blob)}


def test_two_people_share_one_conversation(alice: Visitor, bob: Visitor) -> None:
    status, opened = ask(alice, LIST, {"uid": bob.uid.hex})
    assert (status, opened["epoch"], opened["seq"]) == (200, -1, 0)
    assert opened["uids"] == sorted([alice.uid.hex, bob.uid.hex])
    assert ask(bob, LIST, {"uid": alice.uid.hex})[1]["cid"] == opened["cid"]
    listed = ask(bob, LIST)[1]
    assert listed["incarnation"] == services.incarnation()
    assert listed["conversations"][0].items() >= opened.items()
    assert listed["conversations"][0]["updated_ms"] > 1_700_000_000_000


def test_a_record_and_a_message_go_through(alice: Visitor, bob: Visitor) -> None:
    cid = begin(alice, bob)
    record = frame(cid, "record", start_record(services.UUID(cid), alice, bob))
    status, accepted = ask(alice, events_of(cid), record)
    assert (status, accepted["f"], accepted["seq"], accepted["dup"]) == (200, "accepted", 1, False)
    assert ask(alice, events_of(cid), record)[1] == {**accepted, "dup": True}
    message = frame(cid, "message", blobs.envelope(cid=services.UUID(cid), uid=bob.uid, did=bob.did))
    assert ask(bob, events_of(cid), message)[1]["seq"] == 2
    page = ask(alice, f"{events_of(cid)}?after=1&limit=5")[1]
    assert (page["f"], page["from"], page["to"], page["items"][0]["blob"]) == ("events", 2, 2, message["blob"])
    assert services.share_a_conversation(alice.uid, bob.uid)


def test_a_refused_post_comes_with_its_status_and_frame(alice: Visitor, bob: Visitor) -> None:
    cid = begin(alice, bob)
    message = frame(cid, "message", blobs.envelope(cid=services.UUID(cid), uid=bob.uid, did=bob.did))
    status, refused = ask(bob, events_of(cid), message)
    assert status == 409
    assert refused == {
        "error": "STALE_EPOCH",
        "f": "refused",
        "cid": cid,
        "client_id": message["client_id"],
        "status": 409,
        "code": "STALE_EPOCH",
    }


def test_strangers_find_nothing(alice: Visitor, bob: Visitor) -> None:
    cid = begin(alice, bob)
    mallory = make_visitor("mallory")
    message = frame(cid, "message", blobs.envelope(cid=services.UUID(cid), uid=mallory.uid, did=mallory.did))
    assert ask(mallory, events_of(cid), message)[0] == 404
    assert ask(mallory, events_of(cid))[0] == 404
    assert ask(mallory, events_of(uuid4().hex))[0] == 404
    assert ask(mallory, events_of("x"))[0] == 404
    assert ask(mallory, LIST)[1]["conversations"] == []
    assert ask(mallory, LIST, {"uid": uuid4().hex}) == (404, {"error": "NOT_FOUND"})


@pytest.mark.parametrize("body", [{}, {"uid": "x"}, {"uid": 1}, {"uid": "0" * 32, "more": 1}, [], "x"])
def test_it_refuses_an_odd_opening(alice: Visitor, body: Any) -> None:
    assert ask(alice, LIST, body)[0] == 400


@pytest.mark.parametrize("change", [{"f": "pull"}, {"cid": "0" * 32}, {"more": 1}, {"blob": "="}, {"client_id": "x"}])
def test_it_refuses_an_odd_post(alice: Visitor, bob: Visitor, change: dict[str, Any]) -> None:
    cid = begin(alice, bob)
    assert ask(alice, events_of(cid), {**frame(cid, "message", bytes(403)), **change})[0] == 400


def test_it_refuses_a_body_over_the_limit(alice: Visitor, bob: Visitor) -> None:
    cid = begin(alice, bob)
    assert ask(alice, events_of(cid), frame(cid, "message", bytes(200_000)))[0] == 413


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=201", "more=1"])
def test_it_refuses_an_odd_pull(alice: Visitor, bob: Visitor, query: str) -> None:
    assert ask(alice, f"{events_of(begin(alice, bob))}?{query}")[0] == 400


def test_only_the_list_goes_without_a_device(bob: Visitor) -> None:
    carol = make_visitor("carol", bound=False)
    assert ask(carol, LIST)[0] == 200
    assert ask(carol, LIST, {"uid": bob.uid.hex}) == (403, {"error": "DEVICE_REQUIRED"})
    assert ask(carol, events_of(uuid4().hex)) == (403, {"error": "DEVICE_REQUIRED"})


def test_nothing_goes_without_a_login() -> None:
    nobody = Client()
    for path in (LIST, events_of(uuid4().hex)):
        assert nobody.get(path).status_code == 401
        assert nobody.post(path, {}, content_type="application/json").status_code in (401, 403)
