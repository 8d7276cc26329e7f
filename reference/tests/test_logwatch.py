"""A record that needs more of the log or of the bundles than the server gives (sections 4 and 6)."""

import asyncio
from urllib.error import URLError

import pytest

from reference import patience, upkeep
from reference.errors import ProtocolError
from reference.log import DAY_MS, bundle_leaf
from reference.tests.world import OPKS, PASSPHRASE, Server, browser, one_round, person, read, talking
from reference.web import HttpRefused

MINUTE_MS = 60_000


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


async def hear(server, client, cid):
    """A bell, and what it begins."""
    client._news({cid: len(server.events[cid])}, 0)
    await client._hearing[cid]


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
        await hear(server, alice, cid)
    assert read(alice) == ["LOG_STALE"]


@pytest.mark.asyncio
async def test_a_name_that_changed_hands_is_told_once_while_it_lasts():
    server = Server()
    alice, _bob, cid = await with_news(server)
    leaf, server.leaves[-1] = server.leaves[-1], bundle_leaf("bob", bytes(16), 2, bytes(32))
    for _ in range(2):
        await hear(server, alice, cid)
    assert read(alice) == ["NAME_REBOUND"]
    server.leaves[-1] = leaf
    await hear(server, alice, cid)
    assert read(alice) == ["MODE_CHANGED", "kept"]
    assert alice._standing == set()


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
    with pytest.raises(ProtocolError, match="STALE_BUNDLE"):
        await alice.send(cid, "to fewer")
    server.bundles[bob.uid].append(kept_back)
    await alice.send(cid, "goes on")
    await bob.catch_up(cid)
    assert read(bob)[-1] == "goes on"


def refusing(error):
    def refuse():
        raise error

    return refuse


NO_ANSWERS = [
    refusing(HttpRefused(503, "UNAVAILABLE")),
    refusing(HttpRefused(404, "NOT_FOUND")),
    refusing(URLError("refused")),
    lambda: {},
    lambda: {"leaves": None},
    lambda: {"leaves": [7], "size": 1},
    lambda: {"leaves": ["AA"], "size": 1, "head": "", "sig": "", "log_pub": ""},
]


@pytest.mark.parametrize("answer", NO_ANSWERS)
@pytest.mark.parametrize(("passed", "told"), [(DAY_MS - MINUTE_MS, []), (DAY_MS + MINUTE_MS, ["LOG_STALE"])])
@pytest.mark.asyncio
async def test_a_log_that_does_not_answer_is_stale_once_its_last_head_is(later, answer, passed, told):
    server = Server()
    alice = await person(server, "alice")
    later(server, passed)
    for _ in range(2):
        server.log_instead = answer
        for _ in range(2):
            await alice._log.look()
        assert read(alice) == told
        server.log_instead = None
        await alice._log.look()
        later(server, 2 * passed)
    assert read(alice) == []


@pytest.mark.asyncio
async def test_who_waits_for_an_answer_is_told_meanwhile(later, monkeypatch):
    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(patience, "LONGEST_PAUSE_SECONDS", 0.01)
    server = Server()
    alice, _bob, cid = await with_news(server)
    later(server, DAY_MS + MINUTE_MS)
    server.log_instead = refusing(URLError("refused"))
    waiting = asyncio.create_task(alice.catch_up(cid))
    async with asyncio.timeout(30):
        assert (await anext(alice.events())).code == "LOG_STALE"
        server.log_instead = None
        await waiting
    assert read(alice) == ["MODE_CHANGED", "kept"]


@pytest.mark.asyncio
async def test_an_alarm_is_told_as_one_and_not_as_an_old_log(later):
    server = Server()
    alice, _bob, _cid = await talking(server)
    read(alice)
    later(server, DAY_MS + MINUTE_MS)
    server.leaves.pop()
    await alice._log.look()
    assert read(alice) == ["LOG_ROLLBACK"]


@pytest.mark.asyncio
async def test_the_log_is_asked_for_each_hour_until_the_end(monkeypatch):
    monkeypatch.setattr(upkeep, "EVERY_SECONDS", 0.01)
    server = Server()
    alice = await person(server, "alice")
    asked = asyncio.Semaphore(0)
    loop, log = asyncio.get_running_loop(), server.log
    await alice._upkeep.stop()

    def watched():
        loop.call_soon_threadsafe(asked.release)
        server.log_instead = None
        try:
            return log(alice.uid, **{"from": len(server.leaves)})
        finally:
            server.log_instead = watched

    server.log_instead = watched
    await alice.connect()
    async with asyncio.timeout(30):
        for _ in range(2):
            await asked.acquire()
    await alice.close()
    assert alice._upkeep._task.done()
    assert read(alice) == []
