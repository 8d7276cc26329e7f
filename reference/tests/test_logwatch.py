"""A record that needs more of the log or of the bundles than the server gives (sections 4 and 6)."""

import pytest

from reference.errors import ProtocolError
from reference.log import DAY_MS
from reference.tests.world import OPKS, PASSPHRASE, Server, browser, one_round, person, read, talking


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    one_round(monkeypatch)


async def with_news(server):
    """Alice and Bob, and behind what Alice has read a record of Bob's over a log that she does not know yet."""
    alice, bob, cid = await talking(server)
    read(alice)
    await person(server, "carol")
    bob.person.notary.expect_news()
    await bob.set_timer(cid, 3600)
    await bob.send(cid, "kept")
    return alice, bob, cid


@pytest.mark.asyncio
async def test_what_a_stale_log_holds_up_is_told_once_and_not_lost():
    server = Server()
    alice, _bob, cid = await with_news(server)
    server.head_age_ms = DAY_MS + 60_000
    for _ in range(2):
        with pytest.raises(ProtocolError, match="LOG_STALE"):
            await alice.catch_up(cid)
    assert read(alice) == ["LOG_STALE"]
    server.head_age_ms = 0
    await alice.catch_up(cid)
    assert read(alice) == ["MODE_CHANGED", "kept"]


@pytest.mark.asyncio
async def test_who_hears_of_it_is_told_once_as_well():
    server = Server()
    alice, _bob, cid = await with_news(server)
    server.head_age_ms = DAY_MS + 60_000
    for _ in range(2):
        alice._news({cid: len(server.events[cid])}, 0)
        await alice._hearing[cid]
    assert read(alice) == ["LOG_STALE"]


@pytest.mark.asyncio
async def test_what_is_known_of_a_stale_log_stays_good():
    server = Server()
    alice, bob, cid = await talking(server)
    read(alice)
    for _ in range(2):
        server.head_age_ms = DAY_MS + 60_000
        alice.person.notary.expect_news()
        await alice.send(cid, "goes on")
        await alice.send(cid, "and on")
        assert read(alice) == ["LOG_STALE"]
        server.head_age_ms = 0
        await alice.look(cid)
        assert read(alice) == []
    await bob.catch_up(cid)
    assert read(bob) == ["hello", *["goes on", "and on"] * 2]


@pytest.mark.asyncio
async def test_an_alarm_of_the_log_lets_no_record_pass_and_loses_none():
    server = Server()
    alice, _bob, cid = await with_news(server)
    leaf = server.leaves.pop(0)
    with pytest.raises(ProtocolError, match="LOG_"):
        await alice.catch_up(cid)
    server.leaves.insert(0, leaf)
    await alice.catch_up(cid)
    assert read(alice) == ["MODE_CHANGED", "kept"]


@pytest.mark.asyncio
async def test_a_bundle_that_is_kept_back_freezes_nothing():
    server = Server()
    alice, bob, cid = await talking(server)
    read(alice)
    await browser(server, "bob").restore(bob.export_keyfile(PASSPHRASE), PASSPHRASE, opks=OPKS)
    bob.person.notary.expect_news()
    await bob.send(cid, "to more")
    kept_back = server.bundles[bob.uid].pop()
    await alice.catch_up(cid)
    assert read(alice) == ["BUNDLE_NOT_IN_LOG", "NO_EPOCH_KEY"]
    server.bundles[bob.uid].append(kept_back)
    await alice.send(cid, "goes on")
    await bob.catch_up(cid)
    assert read(bob)[-1] == "goes on"
