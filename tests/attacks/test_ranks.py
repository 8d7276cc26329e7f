"""The judge of times itself."""

import random

from tests.attacks.ranks import differ, p_value


def test_it_knows_equal_from_unequal_times():
    chance = random.Random(7)
    slow = [chance.gauss(50, 5) for _ in range(60)]
    same = [chance.gauss(50, 5) for _ in range(60)]
    later = [chance.gauss(54, 5) for _ in range(60)]
    assert p_value(slow, same) > 0.01 > p_value(slow, later)
    assert differ(lambda: (slow, later))
    assert not differ(lambda: (slow, same))


def test_it_gives_the_value_of_the_tables():
    """U = 2 of 5 and 5: p = 0.0283 by the normal approximation without correction."""
    assert abs(p_value([1, 2, 3, 4, 7], [5, 6, 8, 9, 10]) - 0.0283) < 0.0005
