"""How often one-time prekeys are handed out and bundles published (protocol section 5). Counts in Django's cache."""

from accounts.throttles import HOUR_SECONDS, Limit, TooMany, count

REQUESTER = (Limit("prekeys-requester", 60, HOUR_SECONDS),)
PAIR = (Limit("prekeys-pair", 5, HOUR_SECONDS),)
TARGET = (Limit("prekeys-target", 20, HOUR_SECONDS),)
PUBLISHER = (Limit("publish", 60, HOUR_SECONDS),)


def count_publish(uid: str) -> None:
    """TooMany beyond 60 bundles an hour."""
    count(PUBLISHER, uid)


def count_request(requester: str) -> None:
    """TooMany beyond 60 requests an hour by one person."""
    count(REQUESTER, requester)


def may_have_one_time(requester: str, target: str) -> bool:
    """Whether this request may use up one-time prekeys: 5 an hour for the pair, 20 an hour for the target by all."""
    try:
        count(PAIR, f"{requester}:{target}")
        count(TARGET, target)
    except TooMany:
        return False
    return True
