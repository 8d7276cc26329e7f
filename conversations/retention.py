"""What of the mail has had its time: messages of an epoch with a timer, seven days after it (protocol section 14),
with their attachments, and attachments of no message.

A tombstone stays: the place, who and when, and the hash of what it was.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import BinaryField
from django.db.models.functions import Substr

from conversations.attachments import retention as attachments
from conversations.formats import RECORD_HEAD_BYTES, timer_of_record
from conversations.models import Event

GRACE = timedelta(days=7)
NOTHING = b""


def purge(now: datetime, *, dry_run: bool) -> Mapping[str, int]:
    records = Event.objects.filter(kind=Event.Kind.RECORD, at__lt=now - GRACE)
    heads = records.annotate(head=Substr("blob", 1, RECORD_HEAD_BYTES, output_field=BinaryField()))
    emptied = 0
    for cid, epoch, head in heads.values_list("conversation_id", "epoch", "head").iterator():
        timer = timer_of_record(bytes(head))
        if timer:
            messages = Event.objects.filter(conversation_id=cid, epoch=epoch, kind=Event.Kind.MESSAGE)
            ended = messages.filter(at__lt=now - GRACE - timedelta(seconds=timer)).exclude(blob=NOTHING)
            emptied += ended.count() if dry_run else ended.update(blob=NOTHING)
    return {"messages": emptied, "attachments": attachments.purge(now, dry_run=dry_run)}
