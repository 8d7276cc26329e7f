"""Whoever runs the server lets themselves in as somebody else: what they get, what is told, what they cannot do."""

import secrets
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from reference.bundle import Device, make_bundle
from reference.encoding import b64, unb64
from reference.person import Person
from reference.primitives import ed25519_public, x25519_public
from reference.session import session_proof
from tests.attacks.doors import Visitor
from tests.attacks.guarded import Guarded, keyed_person

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


@pytest.fixture(scope="module")
def victim(guarded: Guarded) -> Person:
    return keyed_person(guarded.origin, "victim")


@pytest.fixture(scope="module")
def operator(guarded: Guarded, victim: Person) -> Visitor:
    """A session as the victim that no password and no code ever opened."""
    (session,) = guarded.seed("inside", "victim")
    return Visitor(guarded.origin, cookies={"csrf": "a" * 32, "session": session})


def test_a101_inside_as_somebody_else_they_open_no_chat(guarded, victim, operator):
    cid = victim.open_conversation(keyed_person(guarded.origin, "penpal").uid)["cid"]
    assert operator.is_inside
    assert cid in operator.get("/api/conversations/").text, "who writes with whom is no secret to the server"
    refused = operator.get(f"/api/conversations/{cid}/events/?after=0&limit=10")
    assert (refused.status, "DEVICE_REQUIRED" in refused.text) == (403, True)


def test_a101_they_become_none_of_the_browsers_and_add_none(victim, operator):
    seed, nonce = secrets.token_bytes(32), unb64(operator.post_json("/api/keys/nonce/").text.split('"')[3])
    did = victim.keyring.device.did
    sig = session_proof(operator.origin, nonce, victim.uid, did, ds_seed=seed)
    refused = operator.post_json("/api/keys/session/", did=did.hex(), sig=b64(sig))
    assert (refused.status, "BAD_SIG" in refused.text) == (403, True)
    newest = victim.notary.newest(victim.uid)
    ghost = Device(secrets.token_bytes(16), ed25519_public(seed), x25519_public(seed), newest.core.issued_ms)
    devices = (*newest.core.devices, ghost)
    core = replace(newest.core, version=newest.core.version + 1, prev_hash=newest.hash, devices=devices)
    forged = make_bundle(core, root_seed=seed)
    refused = operator.post_json("/api/keys/publish/", bundle=b64(forged.encode()), prekeys=[])
    assert (refused.status, "BAD_SIG" in refused.text) == (422, True)


def test_a101_the_person_sees_the_foreign_session_and_can_end_it(guarded, victim, operator):
    mine = Visitor(guarded.origin, cookies={cookie.name: cookie.value or "" for cookie in victim.web._jar})
    assert operator.is_inside
    assert mine.get("/account/").text.count("/account/sessions/") == 2, "one to end, and all of them"
    assert mine.post("/account/sessions/end/").location == "/login/"
    assert not operator.is_inside


KEPT = ["conversations_conversation", "keys_bundle", "keys_logleaf", "keys_device"]


def rows(guarded: Guarded, statement: str, *values: str) -> list[tuple]:
    with closing(sqlite3.connect(guarded.site.data / "chat.sqlite3", timeout=20)) as database, database:
        return database.execute(statement, values).fetchall()


@pytest.fixture(scope="module")
def admin(guarded: Guarded) -> Visitor:
    guarded.person("adm1n")
    rows(guarded, "UPDATE accounts_user SET is_staff = 1, is_superuser = 1 WHERE name = ?", "adm1n")
    (session,) = guarded.seed("inside", "adm1n")
    return Visitor(guarded.origin, cookies={"csrf": "a" * 32, "session": session})


def test_a101_the_administration_shows_no_secret_and_leaves_a_line(guarded, admin):
    guarded.person("lookedat")
    ((uid, password),) = rows(guarded, "SELECT uid, password FROM accounts_user WHERE name = ?", "lookedat")
    ((seed,),) = rows(guarded, "SELECT sealed_seed FROM accounts_totpfactor WHERE user_id = ?", uid)
    page = admin.get(f"/admin/accounts/user/{uid}/change/")
    assert page.status == 200
    assert "lookedat@example.org" in page.text
    assert not [secret for secret in (password[-20:], seed.hex(), b64(seed)) if secret in page.text]
    assert 'type="password"' not in page.text
    assert admin.post(f"/admin/accounts/user/{uid}/change/", is_staff="").status == 302
    assert f"administered uid={uid}" in guarded.site.log()


def test_a101_the_administration_takes_nothing_away_and_adds_nothing(guarded, admin):
    keeper = keyed_person(guarded.origin, "keeper")
    keeper.open_conversation(keeper.uid)
    for table in KEPT:
        before = rows(guarded, f"SELECT * FROM {table}")
        where = f"/admin/{table.replace('_', '/')}/"
        assert admin.get(where).status == 200, table
        for act in ("add/", f"{before[0][0]}/delete/", f"{before[0][0]}/change/"):
            assert admin.post(where + act, post="yes").status == 403, where + act
        assert rows(guarded, f"SELECT * FROM {table}") == before
