"""The clock of tests that count tries."""

import time


def away_from_the_turn(seconds: int, needed: float) -> None:
    """Windows of tries begin anew with each whole minute or hour: not in the middle of the `needed` seconds to come."""
    left = seconds - time.time() % seconds
    if left < needed:
        time.sleep(left + 0.1)
