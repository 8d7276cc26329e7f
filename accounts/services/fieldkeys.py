"""From an older field key to the newest: the seeds of authenticator apps, one row at a time."""

from collections.abc import Iterator

from accounts.models import TOTPFactor
from accounts.sealing import CannotOpen, is_sealed_with_newest


def sealed_with_older_keys() -> Iterator[TOTPFactor]:
    """Read as it goes, so that millions need no memory; rows that change meanwhile may come or not."""
    last = 0
    while page := list(TOTPFactor.objects.filter(pk__gt=last).order_by("pk")[:500]):
        last = page[-1].pk
        yield from (factor for factor in page if not is_sealed_with_newest(factor.sealed_seed))


def seal_anew(factor: TOTPFactor) -> bool:
    """False when no key opens it. A seed that was replaced meanwhile stays as it is: it has the newest key already."""
    before = bytes(factor.sealed_seed)
    try:
        factor.put_seed(factor.seed())
    except CannotOpen:
        return False
    TOTPFactor.objects.filter(pk=factor.pk, sealed_seed=before).update(sealed_seed=factor.sealed_seed)
    return True
