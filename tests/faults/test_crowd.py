"""How long a crowd is given to become equal: one time for what is stored and for whoever has to have it."""

import asyncio

from tests.faults.crowd import EQUAL_SECONDS, Crowd
from tests.faults.history import Stored
from tests.faults.people import Reader

CID = bytes(16)
EVENTS = (Stored(1, "one", bytes(32)),)


class QuickLoop(asyncio.SelectorEventLoop):
    """Time goes on when there is nothing to do, and not by waiting."""

    skipped = 0.0

    def time(self):
        return super().time() + self.skipped

    def _run_once(self):
        if self._scheduled and not self._ready:
            self.skipped += max(0.0, self._scheduled[0].when() - self.time())
        super()._run_once()


class Late(Reader):
    """Says what is stored after `reading` seconds, and has it after `applying`, both from the first question on."""

    def __init__(self, history, reading, applying):
        super().__init__("alice", history)
        self._reading, self._applying = reading, applying
        self._began = asyncio.get_running_loop().time()

    def cursor(self, cid):
        return int(asyncio.get_running_loop().time() - self._began >= self._applying)

    async def everything(self, cid):
        await asyncio.sleep(self._reading)
        return EVENTS

    async def close(self):
        raise AssertionError("nobody is closed here")


def settled(reading, applying):
    """What the checker says of one who needs so long."""

    async def settle():
        crowd = Crowd(seed=1)
        crowd.devices["alice"] = Late(crowd.history, reading, applying)
        crowd.history.members[CID] = {"alice"}
        crowd.cids.append(CID)
        await crowd.settle()
        return [violation.invariant for violation in crowd.verdict()]

    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        return runner.run(settle())


def test_who_is_equal_in_time_is_equal():
    assert settled(EQUAL_SECONDS / 2, EQUAL_SECONDS * 0.9) == []


def test_the_time_that_reading_took_is_not_given_again():
    assert settled(EQUAL_SECONDS * 0.9, EQUAL_SECONDS * 1.5) == ["I8"]
