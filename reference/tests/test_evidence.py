"""What shows that the log has two faces can be handed on (section 13)."""

import json

import pytest

from reference import talk, wish
from reference.encoding import b64, unb64
from reference.errors import ProtocolError
from reference.evidence import FOUND_MOST
from reference.log import make_head, parse_head
from reference.merkle import root
from reference.primitives import ed25519_public, private_key, verify
from reference.tests.test_events import caught_up
from reference.tests.world import OPKS, PASSPHRASE, Server, browser, one_round, person, talking


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    one_round(monkeypatch)


def found(client):
    data = client.person.evidence_file()
    return [] if data is None else json.loads(data)["found"]


@pytest.mark.asyncio
async def test_both_heads_are_kept_with_their_signatures_and_once():
    server = Server()
    alice, bob = await person(server, "alice"), await person(server, "bob")
    await alice._upkeep.look_after()
    assert found(alice) == []
    leaf, server.leaves[0] = server.leaves[0], server.leaves[1]
    signed = make_head(
        server.leaves,
        log_seed=server.log_seed,
        log_pub=ed25519_public(server.log_seed),
        ts_ms=alice.person.notary.head_ms,
    )
    answer = server.log(alice.uid, **{"from": 2})
    answer |= {"head": b64(signed[0]), "sig": b64(signed[1])}
    server.log_instead = lambda: answer
    for _ in range(2):
        await alice._upkeep.look_after()
    (one,) = found(alice)
    assert one["code"] == "LOG_SPLIT_VIEW"
    roots = {"theirs": root(server.leaves), "mine": root([leaf, server.leaves[1]])}
    for side, expected in roots.items():
        head = unb64(one[side]["head"])
        verify(ed25519_public(server.log_seed), head, unb64(one[side]["sig"]))
        assert (parse_head(head).size, parse_head(head).root) == (2, expected)
    assert (one["mine"]["log_size"], one["mine"]["log_root"]) == (2, b64(roots["mine"]))
    assert found(bob) == []


@pytest.mark.asyncio
async def test_a_record_over_another_log_is_kept_as_it_is(monkeypatch):
    server = Server()
    alice, bob, cid = await talking(server)
    monkeypatch.setattr(talk, "root", lambda leaves: bytes(32))
    monkeypatch.setattr(wish, "REFRESH_AFTER_MESSAGES", 1)
    await bob.send(cid, "over another log")
    assert "LOG_SPLIT_VIEW" in await caught_up(alice, cid)
    (one,) = found(alice)
    item = server.events[cid][-2]
    assert one["from"] == {"cid": cid.hex(), "seq": item.seq, "uid": item.uid.hex(), "did": item.did.hex()}
    theirs = {
        "log_size": 2,
        "log_root": b64(bytes(32)),
        "root_here": b64(root(server.leaves)),
        "record": b64(item.blob),
    }
    assert one["theirs"] == theirs


@pytest.mark.asyncio
async def test_a_key_file_that_meets_another_log_leaves_evidence_as_well():
    server = Server()
    alice = await person(server, "alice")
    data = alice.export_keyfile(PASSPHRASE)
    server.log_seed = private_key()
    new = browser(server, "alice")
    with pytest.raises(ProtocolError, match="LOG_BAD_HEAD"):
        await new.restore(data, PASSPHRASE, opks=OPKS)
    assert [one["code"] for one in found(new)] == ["LOG_BAD_HEAD"]
    assert found(new)[0]["mine"]["log_size"] == 0


@pytest.mark.asyncio
async def test_a_server_that_lies_on_and_on_adds_nothing():
    server = Server()
    alice = await person(server, "alice")
    leaf = server.leaves.pop()
    for number in range(FOUND_MOST + 2):
        server.head_age_ms = -1000 * number
        await alice._upkeep.look_after()
    assert len(found(alice)) == FOUND_MOST
    server.leaves.append(leaf)


@pytest.mark.asyncio
async def test_an_old_head_and_one_that_is_none_are_no_evidence():
    server = Server()
    alice = await person(server, "alice")
    server.head_age_ms = 10**9
    await alice._upkeep.look_after()
    server.log_instead = lambda: {"leaves": [], "size": 1, "head": "AA", "sig": "", "log_pub": ""}
    await alice._upkeep.look_after()
    assert found(alice) == []
