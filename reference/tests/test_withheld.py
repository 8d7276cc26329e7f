"""What was jumped over and stays away is said to be held back after a minute online (section 7)."""

import asyncio

import pytest

from reference import withheld
from reference.chain import Chain, secret_at
from reference.epochs import EpochState
from reference.talk import Talk
from reference.tests.test_events import caught_up, inject, sealed
from reference.tests.world import Server, read, talking
from reference.withheld import WAIT_SECONDS, Withheld

KEY = (0, b"d" * 16)


class Waiting:
    """A conversation with one chain; `pass_minute()` lets the timer ring that was set."""

    def __init__(self):
        self.talk, self.online, self.told, self.timers = Talk(EpochState(bytes(16), b"a", b"b")), True, 0, []
        self.talk.chains[KEY] = Chain(bytes(32))
        self.withheld = Withheld(self.talk, is_online=lambda: self.online, tell=self.tell, later=self.later)

    def tell(self):
        self.told += 1

    def later(self, seconds, work, *args):
        assert seconds == WAIT_SECONDS == 60
        self.timers.append(lambda: work(*args))
        return self

    def takes(self, counter):
        self.talk.chains[KEY] = secret_at(self.talk.chains[KEY], counter, 0)[1]
        self.withheld.consider()

    def pass_minute(self):
        (ring,) = self.timers
        self.timers.clear()
        ring()
        return self.told


def test_what_stays_away_is_told_of_once():
    waiting = Waiting()
    waiting.takes(2)
    assert waiting.pass_minute() == 1
    assert waiting.timers == []
    waiting.takes(3)
    assert waiting.timers == []


def test_what_comes_within_the_minute_is_not():
    waiting = Waiting()
    for counter in (2, 0, 1):
        waiting.takes(counter)
    assert (waiting.pass_minute(), waiting.timers) == (0, [])


def test_a_later_gap_has_its_own_minute():
    waiting = Waiting()
    for counter in (1, 3):
        waiting.takes(counter)
    assert waiting.pass_minute() == 1
    waiting.takes(2)
    assert (waiting.pass_minute(), waiting.timers) == (1, [])


def test_offline_the_minute_begins_again():
    waiting = Waiting()
    waiting.takes(1)
    waiting.online = False
    assert waiting.pass_minute() == 0
    waiting.online = True
    assert waiting.pass_minute() == 1


def test_an_epoch_that_ended_is_not_waited_for():
    waiting = Waiting()
    waiting.takes(1)
    waiting.talk.chains.clear()
    assert (waiting.pass_minute(), waiting.timers) == (0, [])


@pytest.mark.asyncio
async def test_a_client_tells_of_it(monkeypatch):
    monkeypatch.setattr(withheld, "WAIT_SECONDS", 0.01)
    server = Server()
    alice, bob, cid = await talking(server)
    late = sealed(bob, cid, "late")
    await bob.send(cid, "in time")
    assert await caught_up(alice, cid) == ["hi", "COUNTER_GAP", "in time"]
    async with asyncio.timeout(30):
        assert (await anext(alice.events())).code == "MESSAGES_WITHHELD"
    inject(server, bob, cid, late)
    assert await caught_up(alice, cid) == ["late"]
    await alice.close()
    assert read(alice) == []
