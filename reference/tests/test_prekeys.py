"""Prekeys that a server hands out, and those that a device leaves there (section 5)."""

import pytest

from reference.encoding import Reader, unb64
from reference.epochs import EpochState
from reference.keyring import OPK_POOL, SPK_LIFE_MS
from reference.log import DAY_MS
from reference.pool import OPK_REFILL_BELOW, OPKS_KEPT_MOST, SPK_AGAIN_MS, SPK_EVERY_MS, SPK_KEPT_MS
from reference.prekeys import OPK, SPK
from reference.tests.world import Server, browser, person, read
from reference.web import HttpRefused

INSTEAD = [
    lambda left: left[1][0],
    lambda left: {**left[2][0], "sig": left[2][1]["sig"]},
    lambda left: {"prekey": left[2][0]["prekey"]},
]


@pytest.mark.parametrize("instead", INSTEAD)
@pytest.mark.asyncio
async def test_a_one_time_prekey_that_is_none_leaves_nobody_out(instead):
    server = Server()
    alice, bob = await person(server, "alice"), await person(server, "bob")
    left = server.prekeys[bob.person.keyring.device.did]
    left[2] = [instead(left)]
    cid = await alice.start(bob.uid)
    await bob.start(alice.uid)
    await alice.send(cid, "hello")
    await bob.catch_up(cid)
    assert read(bob) == ["hello"]


async def with_pool(server, opks):
    client = browser(server, "alice")
    client.make_keys(opks=opks)
    await client.publish()
    return client


def handed(server, client, kind):
    """Ids of what the server has of this client's device."""
    found = []
    for entry in server.prekeys[client.person.keyring.device.did][kind]:
        prekey = Reader(unb64(entry["prekey"]))
        prekey.label("prekey")
        prekey.take(1 + 16 + 16)
        found.append(prekey.u32())
    return found


@pytest.mark.parametrize(
    ("opks", "after"), [(0, OPK_POOL), (OPK_REFILL_BELOW - 1, OPK_POOL), (OPK_REFILL_BELOW, OPK_REFILL_BELOW)]
)
@pytest.mark.asyncio
async def test_a_pool_that_runs_low_is_refilled_under_new_numbers(opks, after):
    server = Server()
    alice = await with_pool(server, opks)
    for _ in range(2):
        await alice._upkeep.look_after()
        assert handed(server, alice, OPK) == list(range(1, after + 1))
        assert set(alice.person.keyring.device.opks) == set(range(1, after + 1))


@pytest.mark.asyncio
async def test_what_was_used_up_comes_back_under_other_numbers_and_opens():
    server = Server()
    alice, bob = await with_pool(server, 1), await person(server, "bob")
    cid = await bob.start(alice.uid)
    await alice.start(bob.uid)
    await bob.send(cid, "first")
    await alice.catch_up(cid)
    assert alice.person.keyring.device.opks == {}
    await alice._upkeep.look_after()
    assert min(handed(server, alice, OPK)) == 2
    bob.exchanges[cid].talk.state = EpochState(cid, *sorted((alice.uid, bob.uid)), epoch=0)  # begins anew
    await bob.send(cid, "second")
    await alice.catch_up(cid)
    assert read(alice) == ["first", "RESTART_SUSPECT", "second"]
    assert len(alice.person.keyring.device.opks) == OPK_POOL - 1


@pytest.mark.asyncio
async def test_a_server_that_always_asks_for_more_gets_no_more():
    server = Server()
    alice = await with_pool(server, 0)
    did = alice.person.keyring.device.did
    for _ in range(OPKS_KEPT_MOST // OPK_POOL + 3):
        server.prekeys[did][OPK] = []
        await alice._upkeep.look_after()
    assert len(alice.person.keyring.device.opks) == OPKS_KEPT_MOST


@pytest.mark.parametrize(("passed", "ids"), [(SPK_EVERY_MS - DAY_MS, [1]), (SPK_EVERY_MS + SPK_AGAIN_MS, [2])])
@pytest.mark.asyncio
async def test_the_signed_prekey_is_another_each_week_and_the_old_one_still_opens(later, passed, ids):
    server = Server()
    alice, bob = await with_pool(server, 0), await person(server, "bob")
    did = alice.person.keyring.device.did
    old = server.prekeys[did][SPK]
    later(server, passed)
    for _ in range(2):
        await alice._upkeep.look_after()
        assert handed(server, alice, SPK) == ids
    server.prekeys[did] = {SPK: old, OPK: []}
    cid = await bob.start(alice.uid)
    await alice.start(bob.uid)
    await bob.send(cid, "by the old one")
    await alice.catch_up(cid)
    assert read(alice) == ["by the old one"]


@pytest.mark.asyncio
async def test_a_signed_prekey_that_a_server_forgets_is_not_made_anew_within_the_hour(later):
    server = Server()
    alice = await with_pool(server, OPK_POOL)
    server.prekeys[alice.person.keyring.device.did][SPK] = [{"prekey": "AAAAAAAAAAA"}]  # as if it ended long ago
    for passed, ids in ((0, {1}), (SPK_AGAIN_MS, {1, 2})):
        later(server, passed)
        await alice._upkeep.look_after()
        assert set(alice.person.keyring.device.spks) == ids


@pytest.mark.parametrize(
    ("passed", "ids"), [(SPK_LIFE_MS + SPK_KEPT_MS - DAY_MS, {1, 2}), (SPK_LIFE_MS + SPK_KEPT_MS + DAY_MS, {2})]
)
@pytest.mark.asyncio
async def test_the_private_half_goes_thirty_days_after_its_end_unless_something_waits(later, passed, ids):
    server = Server()
    alice, bob = await with_pool(server, OPK_POOL), await person(server, "bob")
    cid = await bob.start(alice.uid)
    await alice.start(bob.uid)
    await bob.send(cid, "before")
    link = server.links[0]
    link.on_news({cid: len(server.events[cid]) + 1}, 0)
    await alice._hearing[cid]
    later(server, passed)
    await alice._upkeep.look_after()
    assert set(alice.person.keyring.device.spks) == {1, 2}
    await bob.send(cid, "late")
    await alice.catch_up(cid)
    link.is_online = False
    await alice._upkeep.look_after()
    assert set(alice.person.keyring.device.spks) == {1, 2}
    link.is_online = True
    await alice._upkeep.look_after()
    assert set(alice.person.keyring.device.spks) == ids


@pytest.mark.parametrize("answer", [HttpRefused(403, "DEVICE_REQUIRED"), {}, {"opk_left": -1, "spk_not_after_ms": 0}])
@pytest.mark.asyncio
async def test_what_is_no_answer_changes_nothing(monkeypatch, answer):
    server = Server()
    alice = await with_pool(server, 1)

    def answered(_):
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(type(alice.person.web), "get", lambda web, path, **query: answered(path))
    before = alice.person.keyring
    await alice._upkeep.look_after()
    assert alice.person.keyring == before
