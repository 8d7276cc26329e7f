"""Every change and every read of a conversation. A change is one transaction on the alias of the messages; found is
only what the person is in.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DataError, IntegrityError, connections, transaction
from django.utils import timezone

from conversations import judging, ledger, ledgersql, throttles
from conversations.formats import BundleReference
from conversations.judging import Prepared, Stored
from conversations.models import Conversation, Event, Incarnation, random_id
from conversations.refusals import Refusal, not_found, unavailable
from conversations.rules import Post
from keys import services as keys

T = TypeVar("T")
PAGE_BYTES = 512 * 1024  # blobs of one page, which holds one event at least; as a frame it stays below 1 MiB
MAX_HEADS = MAX_PARTNERS = 10_000
ACK_CHUNK = 200
AckKey = tuple[UUID, UUID, UUID]  # uid, did, cid
_KEEP_CURSOR = """
INSERT INTO conversations_cursor (cid, did, upto) VALUES (%s, %s, %s)
ON CONFLICT (cid, did) DO UPDATE SET upto = excluded.upto WHERE conversations_cursor.upto < excluded.upto"""


def post(*, uid: UUID, did: UUID, cid: UUID, client_id: UUID, kind: str, blob: bytes) -> Stored:
    """Store one event (protocol section 14). When this returns, the row is committed.

    Refusal: 404, 409, 413, 422, 429 as in docs/architecture.md; nothing has changed then.
    """
    (answer,) = post_batch([Post(uid=uid, did=did, cid=cid, client_id=client_id, kind=kind, blob=blob)])
    if isinstance(answer, Refusal):
        raise answer
    return answer


def post_batch(wanted: Sequence[Post]) -> list[Stored | Refusal]:
    """Store many, in their order, in one transaction; an answer for each. When this returns, the rows are committed."""
    try:
        return _post_in_transaction(wanted)
    except (
        IntegrityError,
        DataError,
    ):  # the same client id went into another conversation at the same moment: now it can be seen
        if len(wanted) == 1:
            return _post_in_transaction(wanted)
    return [answer for each in wanted for answer in _post_alone(each)]


def open_conversation(*, uid: UUID, other: UUID) -> Conversation:
    """The pair's conversation, made when there was none. Refusal: 404 for an unknown person, 429."""
    uid_lo, uid_hi = sorted((uid, other))
    if not get_user_model().objects.filter(uid=other, is_active=True).exists():
        raise not_found()
    with transaction.atomic(using=settings.MESSAGES_ALIAS):
        found = Conversation.objects.filter(uid_lo=uid_lo, uid_hi=uid_hi).first()
        if found:
            return found
        now = timezone.now()
        throttles.check_started(uid=uid, now=now)
        fresh = {"cid": random_id(), "started_by": uid, "started_at": now, "updated_at": now}
        return Conversation.objects.get_or_create(uid_lo=uid_lo, uid_hi=uid_hi, defaults=fresh)[0]


def pull(*, uid: UUID, cid: UUID, after: int, limit: int) -> list[Event]:
    """The events after a sequence, without a hole, at most `limit`, cut where PAGE_BYTES are reached. Refusal: 404."""
    if not Conversation.objects.of(uid).filter(cid=cid).exists():
        raise not_found()
    page: list[Event] = []
    size = 0
    for event in Event.objects.filter(conversation_id=cid, seq__gt=after).order_by("seq")[:limit].iterator(16):
        size += len(event.blob)
        if page and size > PAGE_BYTES:
            break
        page.append(event)
    return page


def heads_of(uids: Collection[UUID]) -> dict[UUID, dict[UUID, int]]:
    """For each person the head of each conversation, of the latest ones when there are very many."""
    found: dict[UUID, dict[UUID, int]] = {uid: {} for uid in uids}
    rows = Conversation.objects.of_any(uids).order_by("-updated_at").values_list("cid", "seq", "uid_lo", "uid_hi")
    for cid, seq, *pair in rows.iterator():
        for uid in pair:
            if uid in found and len(found[uid]) < MAX_HEADS:
                found[uid][cid] = seq
    return found


def conversations_of(*, uid: UUID) -> list[Conversation]:
    """The latest ones when there are very many."""
    return list(Conversation.objects.of(uid).order_by("-updated_at")[:MAX_HEADS])


def partners_of(*, uid: UUID) -> set[UUID]:
    """Everyone who shares a conversation with this person, the latest ones when there are very many."""
    pairs = Conversation.objects.of(uid).order_by("-updated_at").values_list("uid_lo", "uid_hi")
    return {partner for pair in pairs[:MAX_PARTNERS] for partner in pair} - {uid}


def share_a_conversation(one: UUID, other: UUID) -> bool:
    """Whether the two have exchanged anything: an empty conversation proves no acquaintance."""
    uid_lo, uid_hi = sorted((one, other))
    return Conversation.objects.filter(uid_lo=uid_lo, uid_hi=uid_hi, epoch__gte=0).exists()


def ack(*, uid: UUID, did: UUID, cid: UUID, upto: int) -> None:
    """Remember how far a device has stored a conversation; never backwards, never beyond the head. Refusal: 404."""
    for refusal in ack_batch({(uid, did, cid): upto}).values():
        raise refusal


def ack_batch(given: Mapping[AckKey, int]) -> dict[AckKey, Refusal]:
    """Many at once; those that are refused."""
    heads: dict[tuple[UUID, UUID], int] = {}
    for cids in _chunks(sorted({cid for _uid, _did, cid in given}), ACK_CHUNK):
        rows = Conversation.objects.filter(cid__in=cids).values_list("cid", "seq", "uid_lo", "uid_hi")
        heads |= {(cid, uid): seq for cid, seq, *pair in rows for uid in pair}
    kept = [
        (cid.hex, did.hex, min(upto, heads[cid, uid])) for (uid, did, cid), upto in given.items() if (cid, uid) in heads
    ]
    with transaction.atomic(using=settings.MESSAGES_ALIAS), connections[settings.MESSAGES_ALIAS].cursor() as cursor:
        cursor.executemany(_KEEP_CURSOR, sorted(kept))
    return {(uid, did, cid): not_found() for uid, did, cid in given if (cid, uid) not in heads}


def incarnation() -> str:
    return Incarnation.objects.get_or_create(pk=1)[0].value.hex


def renew_incarnation() -> str:
    """Give this database a new life's name, as after a restore."""
    Incarnation.objects.update_or_create(pk=1, defaults={"value": random_id()})
    return incarnation()


def _chunks(items: list[T], size: int) -> list[list[T]]:
    return [items[first : first + size] for first in range(0, len(items), size)]


def _post_alone(wanted: Post) -> list[Stored | Refusal]:
    """After a batch that failed as a whole: no neighbour suffers for it."""
    try:
        return post_batch([wanted])
    except (IntegrityError, DataError):
        return [unavailable()]


def _post_in_transaction(wanted: Sequence[Post]) -> list[Stored | Refusal]:
    """The locks on the conversations make commit order sequence order."""
    batch, now = judging.prepare(wanted), timezone.now()
    with transaction.atomic(using=settings.MESSAGES_ALIAS):
        if connections[settings.MESSAGES_ALIAS].vendor == "postgresql":
            return _post_by_statements(batch, now)
        facts = ledger.read(batch, now=now)
        verdict = judging.judge(batch, facts, now=now, current=current_reference, devices=devices_of)
        ledger.write(verdict, facts, now=now)
        return verdict.answers


def _post_by_statements(batch: Sequence[Prepared], now: datetime) -> list[Stored | Refusal]:
    with connections[settings.MESSAGES_ALIAS].cursor() as cursor:
        results = []
        for text, values in ledgersql.reads(batch, now=now, ask_left={each.post.uid for each in batch}):
            cursor.execute(text, values)
            results.append(cursor.fetchall())
        facts = ledgersql.facts(batch, results, left={})
        verdict = judging.judge(batch, facts, now=now, current=current_reference, devices=devices_of)
        for text, values in ledgersql.writes(verdict, facts, now=now):
            cursor.execute(text, values)
    return verdict.answers


def current_reference(uid: UUID) -> BundleReference | None:
    current = keys.current_bundle_ref(uid)
    return BundleReference(uid, current[0], bytes(current[1])) if current else None


def devices_of(reference: BundleReference) -> Collection[UUID]:
    return keys.bundle_devices(reference.uid, reference.version)
