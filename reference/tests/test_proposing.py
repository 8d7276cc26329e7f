"""When a client proposes an epoch record, and when it lets one be (section 6, "When to propose")."""

import asyncio
from dataclasses import replace

import pytest

from reference import exchange, wire
from reference.errors import ProtocolError
from reference.link import PostRefused
from reference.log import DAY_MS
from reference.person import now_ms
from reference.record import NEXT, RESTART, parse_record
from reference.tests.world import OPKS, PASSPHRASE, Server, browser, one_round, read, talking

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


async def with_one_left_out(server):
    """Alice, Bob, their chat, and a new browser of Bob's that Alice could not reach when she wrote."""
    alice, bob, cid = await talking(server)
    new = await another_browser(server, bob)
    server.unreachable.add(new.person.keyring.device.did)
    alice.person.notary.expect_news()
    await alice.send(cid, "without it")
    return alice, bob, cid, new


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
    alice, _bob, cid, new = await with_one_left_out(server)
    server.unreachable.clear()
    later(HOUR_MS)
    await alice.send(cid, "with it")
    assert new.person.keyring.device.did in members(alice, cid)


@pytest.mark.asyncio
async def test_a_change_of_the_bundles_is_taken_in_at_once():
    server = Server()
    alice, bob, cid, new = await with_one_left_out(server)
    third = await another_browser(server, new)
    alice.person.notary.expect_news()
    await alice.send(cid, "with the third")
    assert members(alice, cid) == {client.person.keyring.device.did for client in (alice, bob, third)}


@pytest.mark.parametrize(("passed", "more"), [(DAY_MS - HOUR_MS, 0), (DAY_MS, 1)])
@pytest.mark.asyncio
async def test_a_day_after_the_last_record_a_message_renews_the_keys(later, passed, more):
    server = Server()
    alice, _bob, cid = await talking(server)
    before = records(server, cid)
    later(passed)
    for _ in range(2):
        await alice.send(cid, "later")
        assert records(server, cid) == before + more


@pytest.mark.parametrize(("days", "more"), [(6, 0), (7, 1)])
@pytest.mark.asyncio
async def test_a_leaf_of_a_week_is_renewed_whatever_others_did(days, more):
    server = Server()
    alice, _bob, cid = await talking(server)
    before = records(server, cid)
    alice.exchanges[cid].talk.leaf_ms -= days * DAY_MS
    for _ in range(2):
        await alice.settle(cid)
        assert records(server, cid) == before + more


@pytest.mark.parametrize(("days", "more"), [(6, 0), (7, 1)])
@pytest.mark.asyncio
async def test_it_is_renewed_without_a_message_as_well(days, more):
    server = Server()
    alice, bob, cid = await talking(server)
    before = records(server, cid)
    alice.exchanges[cid].talk.leaf_ms -= days * DAY_MS
    for _ in range(2):
        await alice._upkeep.look_after()
        assert records(server, cid) == before + more
    await bob.catch_up(cid)
    await bob._upkeep.look_after()
    assert records(server, cid) == before + more


@pytest.mark.asyncio
async def test_a_leaf_that_cannot_be_renewed_ends_nothing():
    server = Server()
    alice, _bob, cid = await talking(server)
    takes_no_record(server, alice, 507)
    alice.exchanges[cid].talk.leaf_ms -= 7 * DAY_MS
    await alice._upkeep.look_after()
    await alice.send(cid, "under the present keys")


def takes_no_record(server, client, status):
    """From here on; messages are taken."""
    link = next(link for link in server.links if link.uid == client.uid)
    post = link.post

    async def refusing(cid, client_id, kind, blob, blobs=()):
        if kind == wire.RECORD:
            raise PostRefused(wire.Refused(client_id, status, "EPOCH_CONFLICT", None))
        return await post(cid, client_id, kind, blob, blobs)

    link.post = refusing


@pytest.mark.parametrize("status", [409, 507])
@pytest.mark.asyncio
async def test_a_message_waits_for_no_refresh_that_the_server_does_not_take(later, status):
    server = Server()
    alice, bob, cid = await talking(server)
    takes_no_record(server, alice, status)
    later(DAY_MS)
    await alice.send(cid, "under the present keys")
    await bob.catch_up(cid)
    assert [news.text for news in bob.heard()] == ["hello", "under the present keys"]


def wrote(client, cid, count):
    """As if it had written so many messages in this epoch."""
    talk, own = client.exchanges[cid].talk, client.person.keyring.device.did
    talk.chains[(talk.state.epoch, own)] = replace(talk.chains[(talk.state.epoch, own)], next_counter=count)


@pytest.mark.parametrize(
    ("days", "messages", "told"),
    [(2, 297, []), (3, 1, ["KEYS_NOT_RENEWED"]), (0, 300, ["KEYS_NOT_RENEWED"]), (1, 300, ["KEYS_NOT_RENEWED"])],
)
@pytest.mark.parametrize("status", [409, 507])
@pytest.mark.asyncio
async def test_keys_that_cannot_be_renewed_are_told_of_once_an_epoch(later, status, days, messages, told):
    server = Server()
    alice, _bob, cid = await talking(server)
    read(alice)
    takes_records = server.links[0].post
    later(days * DAY_MS)
    for _ in range(2):
        takes_no_record(server, alice, status)
        wrote(alice, cid, messages)
        for _ in range(2):
            await alice.send(cid, "under the present keys")
        assert read(alice) == told
        server.links[0].post = takes_records
        await alice.send(cid, "under new ones")
        assert read(alice) == []
        alice.exchanges[cid].talk.record_ms -= days * DAY_MS


@pytest.mark.parametrize(("status", "refusal"), [(409, ProtocolError), (507, PostRefused)])
@pytest.mark.asyncio
async def test_it_waits_for_every_other_record_and_after_a_thousand_for_a_refresh(later, status, refusal):
    server = Server()
    alice, _bob, cid = await talking(server)
    takes_no_record(server, alice, status)
    with pytest.raises(refusal):
        await alice.set_timer(cid, 3600)
    alice.exchanges[cid].talk.timer_wish = None
    wrote(alice, cid, 1000)
    with pytest.raises(refusal):
        await alice.send(cid, "under worn keys")


async def outside(server, client, monkeypatch, seconds):
    """A browser that no record has let in, which waits so long before it begins anew; and each of its looks."""
    new = await another_browser(server, client)
    new.wait_for_next_s = seconds
    monkeypatch.setattr(exchange, "LOOK_AGAIN_SECONDS", 0.01)
    pull, looks = new.linked().pull, asyncio.Semaphore(0)

    async def watched(cid, after):
        looks.release()
        return await pull(cid, after)

    new.linked().pull = watched
    return new, looks


def kinds(server, cid):
    return [parse_record(item.blob).core.kind for item in server.events[cid] if item.kind == wire.RECORD]


@pytest.mark.asyncio
async def test_who_is_outside_waits_for_a_member_to_let_it_in(monkeypatch):
    server = Server()
    alice, _bob, cid = await talking(server)
    new, looks = await outside(server, alice, monkeypatch, 60)
    before = kinds(server, cid)
    async with asyncio.timeout(30):
        sending = asyncio.create_task(new.send(cid, "from inside"))
        for _ in range(2):
            await looks.acquire()
        assert kinds(server, cid) == before
        alice.person.notary.expect_news()
        await alice.send(cid, "come in")
        await sending
    assert kinds(server, cid) == [*before, NEXT, NEXT]


@pytest.mark.asyncio
async def test_who_repairs_begins_anew_once():
    server = Server()
    alice, bob, cid = await talking(server)
    before = kinds(server, cid)
    for more in ([RESTART], [RESTART, RESTART]):
        await alice.repair(cid)
        await alice.send(cid, "under other keys")
        assert kinds(server, cid) == [*before, *more]
    takes_no_record(server, alice, 507)
    with pytest.raises(PostRefused):
        await alice.repair(cid)
    await bob.catch_up(cid)
    assert read(bob)[-1] == "under other keys"


@pytest.mark.asyncio
async def test_who_waited_in_vain_begins_anew(monkeypatch):
    server = Server()
    alice, _bob, cid = await talking(server)
    new, looks = await outside(server, alice, monkeypatch, 0.05)
    before = kinds(server, cid)
    async with asyncio.timeout(30):
        await new.send(cid, "anew")
        await looks.acquire()
    assert kinds(server, cid) == [*before, RESTART]


@pytest.mark.asyncio
async def test_a_browser_that_is_not_listed_any_more_proposes_nothing():
    server = Server()
    alice, bob, cid = await talking(server)
    second = await another_browser(server, alice)
    await alice.remove(second.person.keyring.device.did)
    second.person.notary.expect_news()
    before = records(server, cid)
    with pytest.raises(ProtocolError, match="DEVICE_NOT_IN_EPOCH"):
        await second.send(cid, "not any more")
    assert records(server, cid) == before
    await bob.send(cid, "without it")
    assert second.person.keyring.device.did not in members(bob, cid)
