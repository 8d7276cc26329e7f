"""The limit a minute with several processes: what the architecture notes promise, in many random orders."""

import random
from uuid import UUID

import pytest
from django.test import override_settings

from conversations.throttles import Allowances, posts_left

LIMIT, UID = 40, UUID(int=1)


class Process:
    """As the pipeline does it: the rows are asked only when there is no allowance."""

    def __init__(self) -> None:
        self._allowances = Allowances()

    def post(self, rows: list[float], now: float, count: int) -> None:
        left = self._allowances.find(UID, now)
        asked = left is None
        left = left or posts_left(posted=sum(at > now - 60 for at in rows), blocking=None)
        taken = max(0, min(count, left.count))
        rows += [now] * taken
        self._allowances.keep(UID, asked=asked, left=left.count - taken, now=now)


def most_in_a_minute(processes: int, seed: int) -> int:
    chance, rows, now = random.Random(seed), [], 0.0
    them = [Process() for _ in range(processes)]
    for _ in range(200):
        chance.choice(them).post(rows, now, chance.randint(1, 8))
        now += chance.choice((0.0, 0.01, 1.0, 9.0))
    return max(sum(start <= at < start + 60 for at in rows) for start in rows)


@pytest.mark.parametrize("processes", [1, 2, 3, 4, 8])
def test_no_minute_has_more_than_the_limit_and_half_of_it_for_each_further_process(processes: int) -> None:
    with override_settings(POSTS_PER_MINUTE=LIMIT):
        most = max(most_in_a_minute(processes, seed) for seed in range(12))
    assert most <= LIMIT * (1 + (processes - 1) / 2)


def test_the_bound_is_reached_so_nothing_less_is_promised() -> None:
    rows: list[float] = []
    with override_settings(POSTS_PER_MINUTE=LIMIT):
        them = [Process() for _ in range(8)]
        for process in them:
            process.post(rows, 0.0, 1)
        for process in them:
            process.post(rows, 1.0, LIMIT)
    assert len(rows) > 3 * LIMIT
