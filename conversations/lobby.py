"""Sockets of this process that have not said hello yet, by network: so many and no more, whoever they are."""

from collections import Counter

MAX_WAITING_A_NETWORK = 100

_waiting: Counter[str] = Counter()


def enter(network: str) -> bool:
    """False when so many of this network wait already."""
    if _waiting[network] >= MAX_WAITING_A_NETWORK:
        return False
    _waiting[network] += 1
    return True


def leave(network: str) -> None:
    _waiting[network] -= 1
    if _waiting[network] <= 0:
        del _waiting[network]
