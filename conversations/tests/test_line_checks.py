"""Every line is looked at for silence, and no message waits while thousands are, on a clock of the test's own."""

from collections import Counter

import pytest
from twisted.internet.testing import MemoryReactorClock

from conversations import server
from conversations.server import CHECK_SECONDS, CHECK_TURNS

STEP = CHECK_SECONDS / CHECK_TURNS / 2


class Line:
    def __init__(self, clock: MemoryReactorClock) -> None:
        self._clock, self.looked_at = clock, Counter[float]()

    def check_timeouts(self) -> None:
        self.looked_at[self._clock.seconds()] += 1


class Lines:
    """Of a server that runs on the test's clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._clock = MemoryReactorClock()  # type: ignore[no-untyped-call]
        monkeypatch.setattr(server, "twisted_loop", self)
        self.server = server.DrainingServer(application=None, endpoint="none", on_ready=lambda *_address: None)
        self.server.connections = {}

    call_later = property(lambda self: self._clock.callLater)

    def open(self, count: int) -> list[Line]:
        lines = [Line(self._clock) for _ in range(count)]
        self.server.connections.update({line: {"connected": 0.0} for line in lines})
        return lines

    def wait(self, seconds: float) -> None:
        self._clock.pump([STEP] * round(seconds / STEP))


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    return Lines(monkeypatch)


@pytest.mark.parametrize("count", [1, CHECK_TURNS, CHECK_TURNS + 1, 1_000])
def test_each_is_looked_at_once_a_round_and_few_at_once(count: int, lines: Lines) -> None:
    opened = lines.open(count)
    lines.server.timeout_checker()
    lines.wait(3 * CHECK_SECONDS - STEP)
    assert {line.looked_at.total() for line in opened} == {3}
    at_once = sum((line.looked_at for line in opened), Counter())
    assert max(at_once.values()) <= -(-count // CHECK_TURNS)


def test_who_comes_is_looked_at_and_who_has_gone_is_not(lines: Lines) -> None:
    lines.server.timeout_checker()
    (newcomer, leaver) = lines.open(2)
    lines.wait(CHECK_SECONDS - STEP)
    assert not newcomer.looked_at
    lines.wait(STEP)
    del lines.server.connections[leaver]
    lines.wait(CHECK_SECONDS - STEP)
    assert (newcomer.looked_at.total(), leaver.looked_at.total()) == (1, 0)
