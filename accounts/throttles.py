"""The only place that counts tries: windows in Django's cache under keyed hashes, so that the cache names nobody.

Every limit ends by itself. A browser that has logged in to an account before counts apart from strangers, who
therefore cannot keep its owner out.
"""

import math
import time
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest

from accounts import events
from accounts.sealing import digest
from chatproject.lib import measures
from chatproject.lib.addresses import client_address, network_prefix

MINUTE_SECONDS = 60
HOUR_SECONDS = 3600
DAY_SECONDS = 24 * HOUR_SECONDS
LOGIN_FREE_FAILURES = 3
LOGIN_MAX_DELAY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Limit:
    name: str
    most: int
    seconds: int


LOGIN_ACCOUNT = (Limit("login-minute", 5, MINUTE_SECONDS), Limit("login-hour", 20, HOUR_SECONDS))
LOGIN_ADDRESS = (Limit("login-address", 30, MINUTE_SECONDS),)
OTP_ACCOUNT = (Limit("otp", 10, HOUR_SECONDS),)
MAIL_ACCOUNT = (Limit("mail-hour", 5, HOUR_SECONDS),)
MAIL_COOLDOWN_SECONDS = 30
# To one address that nobody has proved, from all accounts together; a proved one is never kept from its owner's mails.
UNPROVED_CODES = (Limit("codes-recipient", 5, HOUR_SECONDS), Limit("codes-recipient-day", 10, DAY_SECONDS))
UNPROVED_NOTICES = (Limit("notices-recipient", 5, HOUR_SECONDS), Limit("notices-recipient-day", 10, DAY_SECONDS))
SIGN_UP_ADDRESS = (Limit("sign-up", 60, HOUR_SECONDS),)
NAME_CHECK_ADDRESS = (Limit("name-check", 60, MINUTE_SECONDS),)
SEARCH_ACCOUNT = (Limit("search", 240, MINUTE_SECONDS),)


class TooMany(Exception):
    """Refused for now; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("TOO_MANY")
        self.retry_after = retry_after


def count(limits: tuple[Limit, ...], who: str) -> None:
    """Counts one try under every limit; TooMany when one of them is full."""
    now = time.time()
    waits = [_wait(limit, who, now) for limit in limits]
    if any(waits):
        raise _too_many(limits[0].name, max(waits))


def forgive(limits: tuple[Limit, ...], who: str) -> None:
    """Forgets the tries of the running windows: somebody proved that they belong here."""
    now = time.time()
    cache.delete_many([_window_key(limit, who, now) for limit in limits])


def count_address(limits: tuple[Limit, ...], request: HttpRequest) -> None:
    count(limits, address_of(request))


def address_of(request: HttpRequest) -> str:
    """Whom a limit by address counts: the network, not the single machine."""
    return network_prefix(client_address(request))


def count_mail(who: str) -> None:
    """One mail with a code to this account: half a minute after the one before, and within the hour's number."""
    now = time.time()
    key = _key("mail-cooldown", who)
    if not cache.add(key, now + MAIL_COOLDOWN_SECONDS, MAIL_COOLDOWN_SECONDS):
        raise _too_many("mail-cooldown", max(1, math.ceil(float(cache.get(key, now)) - now)))
    count(MAIL_ACCOUNT, who)


def count_recipient(limits: tuple[Limit, ...], address: str) -> None:
    """One mail to an address; what follows a plus sign makes no other mailbox of it."""
    local, _at, domain = address.lower().rpartition("@")
    count(limits, f"{local.partition('+')[0]}@{domain}")


def count_login(who: str) -> None:
    """A try to log in: within the account's windows and not before the growing delay after failures is over."""
    blocked_until = float(cache.get(_key("login-until", who), 0))
    if blocked_until > time.time():
        raise _too_many("login-delay", math.ceil(blocked_until - time.time()))
    count(LOGIN_ACCOUNT, who)


def login_failed(who: str) -> None:
    """Doubles the delay from the fourth failure on, up to five minutes."""
    failures = _increment(_key("login-failures", who), HOUR_SECONDS)
    if failures > LOGIN_FREE_FAILURES:
        delay = min(2 ** (failures - LOGIN_FREE_FAILURES), LOGIN_MAX_DELAY_SECONDS)
        cache.set(_key("login-until", who), time.time() + delay, delay)


def login_succeeded(who: str) -> bool:
    """Forgets the tries before; True when so many had failed that the person should hear of it."""
    failures = int(cache.get(_key("login-failures", who), 0))
    cache.delete_many([_key("login-failures", who), _key("login-until", who)])
    forgive(LOGIN_ACCOUNT, who)
    return failures > LOGIN_FREE_FAILURES


def is_first_in_an_hour(what: str, who: str) -> bool:
    return bool(cache.add(_key(what, who), 1, HOUR_SECONDS))


def _too_many(limit: str, wait: int) -> TooMany:
    events.warn("limit_met", limit=limit)
    measures.rate_limited.add(limit)
    return TooMany(wait)


def _wait(limit: Limit, who: str, now: float) -> int:
    tries = _increment(_window_key(limit, who, now), limit.seconds)
    return 0 if tries <= limit.most else math.ceil(limit.seconds - now % limit.seconds)


def _window_key(limit: Limit, who: str, now: float) -> str:
    return _key(f"{limit.name}:{int(now // limit.seconds)}", who)


def _increment(key: str, seconds: int) -> int:
    cache.add(key, 0, seconds)
    try:
        return int(cache.incr(key))
    except ValueError:
        cache.set(key, 1, seconds)
        return 1


def _key(name: str, who: str) -> str:
    return "throttle:" + digest("throttle", name, who)[:32]
