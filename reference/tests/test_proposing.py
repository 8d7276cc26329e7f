"""When a client proposes an epoch record, and when it lets one be (section 6, "When to propose")."""

import pytest

from reference import exchange, wire
from reference.person import now_ms
from reference.tests.world import OPKS, PASSPHRASE, Server, browser, one_round, talking

HOUR_MS = 60 * 60 * 1000


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    one_round(monkeypatch)


@pytest.fixture
def later(monkeypatch):
    """From here on it is so many milliseconds later for whoever proposes."""
    return lambda passed: monkeypatch.setattr(exchange, "now_ms", lambda: now_ms() + passed)


def records(server, cid):
    return sum(item.kind == wire.RECORD for item in server.events[cid])


async def another_browser(server, client):
    new = browser(server, client.person.name)
    await new.restore(client.export_keyfile(PASSPHRASE), PASSPHRASE, opks=OPKS)
    return new


def members(client, cid):
    return {did for _, did in client.exchanges[cid].talk.state.members}


@pytest.mark.asyncio
async def test_a_browser_that_cannot_be_reached_costs_one_record_an_hour(later):
    server = Server()
    alice, bob, cid = await talking(server)
    new = await another_browser(server, bob)
    server.unreachable.add(new.person.keyring.device.did)
    alice.person.notary.expect_news()
    before = records(server, cid)
    for sender, other in ((alice, bob), (alice, bob), (bob, alice), (alice, bob)):
        await sender.send(cid, "goes on")
        await other.catch_up(cid)
        assert records(server, cid) == before + 1
    later(HOUR_MS)
    for sender, other in ((alice, bob), (bob, alice)):
        await sender.send(cid, "asked again")
        await other.catch_up(cid)
        assert records(server, cid) == before + 2
    assert new.person.keyring.device.did not in members(alice, cid)


@pytest.mark.asyncio
async def test_a_browser_that_can_be_reached_again_is_in_after_the_hour(later):
    server = Server()
    alice, bob, cid = await talking(server)
    new = await another_browser(server, bob)
    server.unreachable.add(new.person.keyring.device.did)
    alice.person.notary.expect_news()
    await alice.send(cid, "without it")
    server.unreachable.clear()
    later(HOUR_MS)
    await alice.send(cid, "with it")
    assert new.person.keyring.device.did in members(alice, cid)


@pytest.mark.asyncio
async def test_a_change_of_the_bundles_is_taken_in_at_once():
    server = Server()
    alice, bob, cid = await talking(server)
    new = await another_browser(server, bob)
    server.unreachable.add(new.person.keyring.device.did)
    alice.person.notary.expect_news()
    await alice.send(cid, "without it")
    third = await another_browser(server, new)
    alice.person.notary.expect_news()
    await alice.send(cid, "with the third")
    assert members(alice, cid) == {client.person.keyring.device.did for client in (alice, bob, third)}
