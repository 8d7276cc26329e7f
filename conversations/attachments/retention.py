"""Which blobs have had their time: those that no message names a day after they came, and those of emptied messages."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from conversations.attachments import services
from conversations.models import Attachment, Event

ORPHAN_AGE = timedelta(days=1)


def purge(now: datetime, *, dry_run: bool) -> int:
    """How many went, or would go. Safe to repeat; what breaks off half-way is found again."""
    if dry_run:
        return _ended(now).count()
    return sum(services.remove_unless_claimed(each) for each in _ended(now).iterator(100))


def _ended(now: datetime) -> QuerySet[Attachment]:
    event = Event.objects.filter(did=OuterRef("event_did"), client_id=OuterRef("event_client_id"))
    old = now - ORPHAN_AGE
    orphan = Q(claimed_at=None, at__lt=old) | (Q(claimed_at__lt=old) & ~Exists(event))
    return Attachment.objects.filter(orphan | Q(Exists(event.filter(blob=b""))))
