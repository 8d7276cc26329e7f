"""How much room one account may take; counted from the rows, so that no process sees only its share."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Sum

from conversations.models import Attachment
from conversations.refusals import Refusal, too_many

BEGUN_PER_MINUTE = 60
OPEN_AT_ONCE = 10
MINUTE = timedelta(minutes=1)
AGAIN_SECONDS = 60
SMALLEST_BYTES = 80  # fsalt, commit and the tag of an empty chunk (protocol section 9)


def check_size(size: int) -> None:
    """413 above the limit of one file, 422 for what can be no blob."""
    if size > settings.ATTACHMENT_MAX_BYTES:
        raise Refusal(413, "FILE_TOO_LARGE")
    if size < SMALLEST_BYTES:
        raise Refusal(422, "BAD_ENCODING")


def check_room(*, uid: UUID, size: int, now: datetime) -> None:
    """429 for too many at once or in a minute, 507 when the account's room is used up."""
    mine = Attachment.objects.filter(uid=uid)
    begun = mine.filter(at__gt=now - MINUTE).count()
    if begun >= BEGUN_PER_MINUTE or mine.filter(is_whole=False).count() >= OPEN_AT_ONCE:
        raise too_many(AGAIN_SECONDS)
    if (mine.aggregate(taken=Sum("size"))["taken"] or 0) + size > settings.ATTACHMENTS_MAX_BYTES:
        raise Refusal(507, "QUOTA_FULL")
