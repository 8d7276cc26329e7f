"""Every change and every read of an attachment: found through the conversation the person is in, else 404.

A blob comes in parts, one after the other; its row says how many are there, so that an upload goes on where it broke
off. It is whole when all parts together have the hash that was named first. Which message it belongs to the server
learns from the post (protocol section 14); what belongs to none does not stay.
"""

import errno
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from chatproject.lib import measures
from conversations.attachments import parts, throttles
from conversations.models import Attachment, Conversation, Event
from conversations.refusals import Refusal, not_found

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an upload is: parts that are there, and whether all of them are, with the hash that was named."""

    parts: int
    is_whole: bool


def begin(*, uid: UUID, did: UUID, cid: UUID, blob: UUID, size: int, sha256: bytes) -> Standing:
    """Announce a blob under a number that the sender chose, or ask how far it is.

    Refusal: 404; 413 FILE_TOO_LARGE; 422 IDEMPOTENCY_MISMATCH when the number names another blob; 429; 507 QUOTA_FULL.
    """
    throttles.check_size(size)
    _check_member(uid, cid)
    with transaction.atomic(using=settings.MESSAGES_ALIAS):
        found = Attachment.objects.filter(conversation_id=cid, blob_id=blob).first()
        if found is None:
            now = timezone.now()
            throttles.check_room(uid=uid, size=size, now=now)
            fresh = {"uid": uid, "did": did, "size": size, "sha256": sha256, "at": now}
            found, _ = Attachment.objects.get_or_create(conversation_id=cid, blob_id=blob, defaults=fresh)
    if (found.uid, found.size, bytes(found.sha256)) != (uid, size, sha256):
        raise Refusal(422, "IDEMPOTENCY_MISMATCH")
    return _finished(found)


def put_part(*, uid: UUID, cid: UUID, blob: UUID, number: int, data: bytes) -> Standing:
    """Store the next part; one that is there already changes nothing.

    Refusal: 404; 409 OUT_OF_TURN when earlier parts are missing; 422 BAD_ENCODING for another length than this part
    has, FILE_HASH_MISMATCH after the last one: then all parts have to come again; 507 SERVER_FULL.
    """
    found = _mine(uid, cid, blob)
    if number < found.parts:
        return _finished(found)
    if number > found.parts or found.is_whole:
        raise Refusal(409, "OUT_OF_TURN")
    if len(data) != parts.length_of(found.size, number):
        raise Refusal(422, "BAD_ENCODING")
    _store(found, number, data)
    Attachment.objects.filter(pk=found.pk, parts=number).update(parts=number + 1)
    measures.attachment_bytes.add("in", by=len(data))
    found.refresh_from_db()
    return _finished(found)


def read_part(*, uid: UUID, cid: UUID, blob: UUID, number: int) -> bytes:
    """The bytes of one part, for both people of the conversation. Refusal: 404, also for a blob that is not whole."""
    _check_member(uid, cid)
    found = Attachment.objects.filter(conversation_id=cid, blob_id=blob, is_whole=True).first()
    if found is None or number >= parts.count_of(found.size):
        raise not_found()
    try:
        data = parts.read(cid, blob, number)
    except FileNotFoundError:
        raise not_found() from None
    measures.attachment_bytes.add("out", by=len(data))
    return data


def drop(*, uid: UUID, cid: UUID, blob: UUID) -> None:
    """Its uploader takes a blob back, sent or not. Refusal: 404."""
    _remove(_mine(uid, cid, blob))


def claim(*, uid: UUID, did: UUID, cid: UUID, client_id: UUID, blobs: Collection[UUID]) -> None:
    """A post names its blobs before it is stored: they stay as long as its event does.

    Refusal: 404; 409 BLOB_MISSING when one is not there whole; 422 IDEMPOTENCY_MISMATCH when it belongs to another
    event.
    """
    _check_member(uid, cid)
    if Event.objects.filter(did=did, client_id=client_id).exists():
        return  # a repeated post: what became of its blobs is decided
    with transaction.atomic(using=settings.MESSAGES_ALIAS):
        wanted = Attachment.objects.filter(conversation_id=cid, uid=uid, blob_id__in=blobs, is_whole=True)
        found = list(wanted.order_by("pk").select_for_update())
        if len(found) != len(set(blobs)):
            raise Refusal(409, "BLOB_MISSING")
        if any(_belongs_elsewhere(each, did, client_id) for each in found):
            raise Refusal(422, "IDEMPOTENCY_MISMATCH")
        wanted.update(event_did=did, event_client_id=client_id, claimed_at=timezone.now())


def room() -> float:
    """Bytes that are announced or kept, of everybody."""
    return float(Attachment.objects.aggregate(taken=Sum("size"))["taken"] or 0)


def remove_unless_claimed(found: Attachment) -> bool:
    """For retention: whether it went. A claim that came meanwhile wins."""
    with transaction.atomic(using=settings.MESSAGES_ALIAS):
        same = {"pk": found.pk, "event_client_id": found.event_client_id, "claimed_at": found.claimed_at}
        if Attachment.objects.filter(**same).update(is_whole=False, parts=0) == 0:
            return False
    _remove(found)
    return True


def _belongs_elsewhere(found: Attachment, did: UUID, client_id: UUID) -> bool:
    """An event that came of an earlier claim; a claim whose post was refused may be made anew."""
    before, number = found.event_did, found.event_client_id
    if before is None or number is None or (before, number) == (did, client_id):
        return False
    return Event.objects.filter(did=before, client_id=number).exists()


def _finished(found: Attachment) -> Standing:
    """With all parts there, their hash decides."""
    if found.is_whole or found.parts < parts.count_of(found.size):
        return Standing(found.parts, found.is_whole)
    if _hash_of(found) != bytes(found.sha256):
        Attachment.objects.filter(pk=found.pk, is_whole=False).update(parts=0)
        raise Refusal(422, "FILE_HASH_MISMATCH")
    if Attachment.objects.filter(pk=found.pk, is_whole=False).update(is_whole=True):
        measures.attachments_stored.add()
    return Standing(found.parts, True)


def _hash_of(found: Attachment) -> bytes:
    digest = hashlib.sha256()
    try:
        for data in parts.read_all(found.conversation_id, found.blob_id, found.parts):
            digest.update(data)
    except FileNotFoundError:
        return b""
    return digest.digest()


def _store(found: Attachment, number: int, data: bytes) -> None:
    try:
        parts.put(found.conversation_id, found.blob_id, number, data)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise Refusal(507, "SERVER_FULL") from None
        raise


def _remove(found: Attachment) -> None:
    """First it counts as not there, then the bytes go, then the row: whatever breaks off is done again."""
    Attachment.objects.filter(pk=found.pk).update(is_whole=False, parts=0)
    parts.remove(found.conversation_id, found.blob_id, parts.count_of(found.size))
    Attachment.objects.filter(pk=found.pk, parts=0).delete()


def _mine(uid: UUID, cid: UUID, blob: UUID) -> Attachment:
    _check_member(uid, cid)
    found = Attachment.objects.filter(conversation_id=cid, blob_id=blob, uid=uid).first()
    if found is None:
        raise not_found()
    return found


def _check_member(uid: UUID, cid: UUID) -> None:
    if not Conversation.objects.of(uid).filter(cid=cid).exists():
        raise not_found()
