"""The session proof (protocol section 11): which device a web session is bound to, and for how long."""

import json

from django.test import Client

from chatproject.lib.encoding import from_base64url, to_base64url
from keys import services
from keys.tests.owners import Browser, Owner
from keys.tests.web import ORIGIN, answer, bind, get, post, put, words


def test_a_device_binds_the_web_session(client: Client, alice: Owner) -> None:
    browser = alice.publish_with_prekeys(opks=3)
    assert answer(get(client, "prekeys/")) == (403, "DEVICE_REQUIRED")
    assert bind(client, browser).json() == {"did": browser.did.hex()}
    assert services.bound_device(client.session, alice.user).did == browser.id
    state = get(client, "prekeys/").json()
    assert (state["opk_left"], state["opk_max_id"], state["spk_id"]) == (3, 3, 1)
    stored = post(client, "prekeys/", prekeys=words(browser.spk(2), *browser.opks(4)))
    assert stored.json() == {"opk_left": 4, "spk_id": 2}


def test_a_bound_session_ends_with_its_device(client: Client, alice: Owner, bob: Owner) -> None:
    bind(client, alice.publish_with_prekeys(opks=0))
    assert services.bound_device(client.session, bob.user) is None
    alice.browsers = [Browser(alice.user.uid.bytes)]
    alice.publish()
    assert services.bound_device(client.session, alice.user) is None
    assert answer(post(client, "prekeys/", prekeys=[])) == (403, "DEVICE_REQUIRED")


def test_a_nonce_is_good_for_one_try_even_a_failed_one(client: Client, alice: Owner, mallory: Owner) -> None:
    browser = alice.publish_with_prekeys(opks=0)
    nonce = from_base64url(post(client, "nonce/").json()["nonce"])
    good = {"did": browser.did.hex(), "sig": to_base64url(browser.prove(ORIGIN, nonce))}
    bad = {**good, "sig": to_base64url(mallory.browsers[0].prove(ORIGIN, nonce))}
    for body in (bad, good):
        assert answer(post(client, "session/", **body)) == (403, "BAD_SIG")
    assert "did" not in client.session


def test_a_malformed_try_uses_the_nonce_up_too(client: Client, alice: Owner) -> None:
    browser = alice.publish_with_prekeys(opks=0)
    nonce = from_base64url(post(client, "nonce/").json()["nonce"])
    assert answer(post(client, "session/", did="x")) == (400, "BAD_REQUEST")
    proof = to_base64url(browser.prove(ORIGIN, nonce))
    assert answer(post(client, "session/", did=browser.did.hex(), sig=proof)) == (403, "BAD_SIG")


def test_a_proof_for_another_origin_or_device_is_refused(client: Client, alice: Owner, bob: Owner) -> None:
    browser, other = alice.publish_with_prekeys(opks=0), bob.publish_with_prekeys(opks=0)
    assert answer(bind(client, browser, origin="https://evil.example")) == (403, "BAD_SIG")
    assert answer(bind(client, other)) == (404, "NOT_FOUND")
    assert answer(bind(client, Browser(alice.user.uid.bytes))) == (404, "NOT_FOUND")
    assert bind(client, browser).status_code == 200


def test_a_proof_without_one_of_our_origins_is_refused(client: Client, alice: Owner) -> None:
    browser = alice.publish_with_prekeys(opks=0)
    for headers in ({}, {"HTTP_ORIGIN": "https://evil.example"}):
        nonce = from_base64url(post(client, "nonce/").json()["nonce"])
        proof = to_base64url(browser.prove(headers.get("HTTP_ORIGIN", ""), nonce))
        body = json.dumps({"did": browser.did.hex(), "sig": proof})
        sent = client.post("/api/keys/session/", body, content_type="application/json", **headers)
        assert answer(sent) == (403, "BAD_SIG")


def test_the_write_number_of_a_device_only_grows(client: Client, alice: Owner) -> None:
    browser = alice.publish_with_prekeys(opks=0)
    assert answer(put(client, "write-number/", write_no=1)) == (403, "DEVICE_REQUIRED")
    bind(client, browser)
    assert get(client, "write-number/").json() == {"write_no": 0}
    for told, kept in ((7, 7), (3, 7), (8, 8)):
        assert put(client, "write-number/", write_no=told).json() == {"write_no": kept}
    for wrong in (-1, 2**53, "x", None, True):
        assert answer(put(client, "write-number/", write_no=wrong)) == (400, "BAD_REQUEST")
    assert get(client, "write-number/").json() == {"write_no": 8}
