"""Are two sets of times alike? The Mann-Whitney test by its normal approximation; fine from some 20 samples each on."""

import math
from collections.abc import Callable, Sequence

ALIKE_P = 0.01


def p_value(one: Sequence[float], other: Sequence[float]) -> float:
    """How probable a difference of ranks as large as this one is, were both drawn from the same times."""
    ranks = _ranks([*one, *other])
    n, m = len(one), len(other)
    u = sum(ranks[:n]) - n * (n + 1) / 2
    spread = math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(u - n * m / 2) / spread / math.sqrt(2))


def differ(measure: Callable[[], tuple[Sequence[float], Sequence[float]]]) -> bool:
    """Whether they differ in three measurements in a row: chance alone does so once in a million."""
    return all(p_value(*measure()) <= ALIKE_P for _ in range(3))


def _ranks(values: Sequence[float]) -> list[float]:
    """Equal values share the mean of their places."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, at = [0.0] * len(values), 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for place in order[at : end + 1]:
            ranks[place] = (at + end) / 2 + 1
        at = end + 1
    return ranks
