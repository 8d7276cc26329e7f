"""Messages that disappear are gone from the board when their time is over (section 7, mode 1)."""

import pytest

from reference import exchange
from reference.ephemeral import TICK_SECONDS, Ephemeral
from reference.person import now_ms
from reference.tests.world import Server, talking


class Clocks:
    """One that goes forward, one on the wall, and the timer that was set last."""

    def __init__(self):
        self.forward_s, self.wall_ms, self.gone, self.asked, self.cancelled = 100.0, 5_000_000, [], [], 0
        self.texts = Ephemeral(
            self.gone.append, wall_ms=lambda: self.wall_ms, forward_s=lambda: self.forward_s, later=self.later
        )

    def later(self, seconds, work):
        self.asked.append(seconds)
        return self

    def cancel(self):
        self.cancelled += 1

    def passes(self, forward_s, wall_s):
        self.forward_s += forward_s
        self.wall_ms += wall_s * 1000
        self.texts.sweep()
        return self.gone


@pytest.mark.parametrize(("forward_s", "wall_s"), [(30, 30), (30, 0), (30, -9999), (0, 30), (-99, 30)])
def test_whichever_clock_is_first_ends_it(forward_s, wall_s):
    clocks = Clocks()
    clocks.texts.begin(b"first", 30)
    assert clocks.passes(0, 0) == []
    clocks.texts.begin(b"later", 31)
    assert clocks.passes(forward_s, wall_s) == [b"first"]


def test_the_next_look_is_at_the_next_end_and_within_a_minute():
    clocks = Clocks()
    clocks.texts.begin(b"first", 3600)
    clocks.texts.begin(b"later", 90)
    assert clocks.asked == [TICK_SECONDS, TICK_SECONDS]
    clocks.passes(60, 60)
    assert clocks.asked[-1] == 30
    clocks.passes(30, 30)
    assert (clocks.gone, clocks.asked[-1]) == ([b"later"], TICK_SECONDS)
    asked = len(clocks.asked)
    clocks.passes(3600, 3600)
    assert (clocks.gone, len(clocks.asked)) == ([b"later", b"first"], asked)


@pytest.mark.asyncio
async def test_what_both_wrote_under_a_timer_goes_at_both_and_what_was_before_stays(monkeypatch):
    server = Server()
    alice, bob, cid = await talking(server)
    await alice.set_timer(cid, 3600)
    await alice.send(cid, "hers")
    await bob.catch_up(cid)
    await bob.send(cid, "his")
    await alice.catch_up(cid)
    for passed, texts in ((3_000_000, ["hello", "hi", "hers", "his"]), (3_600_000, ["hello", "hi"])):
        monkeypatch.setattr(exchange, "now_ms", lambda passed=passed: now_ms() + passed)
        for client in (alice, bob):
            client.exchanges[cid]._ephemeral.sweep()
            assert [one.text for one in client.board(cid).shown.values()] == texts
    await alice.close()
    await bob.close()
