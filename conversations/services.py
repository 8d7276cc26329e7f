"""Every change and every read of a conversation. A change is one transaction on the alias of the messages; found is
only what the person is in.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from conversations import rules, throttles
from conversations.formats import BundleReference, EnvelopeHeader, RecordHeader
from conversations.models import Conversation, ConversationDevice, Cursor, Event, Incarnation, random_id
from conversations.refusals import not_found
from conversations.rules import Accepted, Post, State
from keys import services as keys

PAGE_BYTES = 512 * 1024  # blobs of one page, which holds one event at least; as a frame it stays below 1 MiB
MAX_HEADS = MAX_PARTNERS = 10_000


@dataclass(frozen=True, slots=True)
class Stored:
    """An accepted post and the two people to ring for it."""

    accepted: Accepted
    uids: tuple[UUID, UUID]


def post(*, uid: UUID, did: UUID, cid: UUID, client_id: UUID, kind: str, blob: bytes) -> Stored:
    """Store one event (protocol section 14). When this returns, the row is committed.

    Refusal: 404, 409, 413, 422, 429 as in docs/architecture.md; nothing has changed then.
    """
    wanted = Post(uid=uid, did=did, cid=cid, client_id=client_id, kind=kind, blob=blob)
    try:
        return _post_in_transaction(wanted)
    except IntegrityError:  # the same client id went into another conversation at the same moment: now it can be seen
        return _post_in_transaction(wanted)


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


def heads(*, uid: UUID) -> dict[UUID, int]:
    """The head of each conversation, of the latest ones when there are very many."""
    return dict(Conversation.objects.of(uid).order_by("-updated_at").values_list("cid", "seq")[:MAX_HEADS])


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
    with transaction.atomic(using=settings.MESSAGES_ALIAS):
        conversation = Conversation.objects.of(uid).filter(cid=cid).first()
        if conversation is None:
            raise not_found()
        upto = min(upto, conversation.seq)
        cursor, made = Cursor.objects.get_or_create(conversation=conversation, did=did, defaults={"upto": upto})
        if not made:
            Cursor.objects.filter(pk=cursor.pk, upto__lt=upto).update(upto=upto)


def incarnation() -> str:
    return Incarnation.objects.get_or_create(pk=1)[0].value.hex


def renew_incarnation() -> str:
    """Give this database a new life's name, as after a restore."""
    Incarnation.objects.update_or_create(pk=1, defaults={"value": random_id()})
    return incarnation()


def _post_in_transaction(wanted: Post) -> Stored:
    with transaction.atomic(using=settings.MESSAGES_ALIAS):
        return apply_post(wanted, now=timezone.now())


def apply_post(wanted: Post, *, now: datetime) -> Stored:
    """One post inside the caller's transaction. The lock on the conversation makes commit order sequence order."""
    mine = Conversation.objects.of(wanted.uid).select_for_update()
    conversation = mine.filter(cid=wanted.cid).first()
    if conversation is None:
        raise not_found()
    state = State(conversation.uid_lo, conversation.uid_hi, conversation.epoch, bytes(conversation.th))
    header = rules.read_header(wanted, state)
    accepted = _repeated(wanted)
    if accepted is None:
        throttles.check_posts(uid=wanted.uid, now=now)
        accepted = _store(wanted, header, conversation, state, now)
    return Stored(accepted, conversation.uids)


def _repeated(wanted: Post) -> Accepted | None:
    known = Event.objects.filter(did=wanted.did, client_id=wanted.client_id).defer("blob").first()
    if known is None:
        return None
    rules.check_repeat(wanted, cid=known.conversation_id, kind=known.kind)
    return Accepted(seq=known.seq, sha256=bytes(known.sha256), dup=True)


def _store(
    wanted: Post, header: EnvelopeHeader | RecordHeader, conversation: Conversation, state: State, now: datetime
) -> Accepted:
    changes: dict[str, object] = {}
    if isinstance(header, EnvelopeHeader):
        _advance_chain(header, conversation, state)
    else:
        rules.check_record(header, state, current=_current_reference, devices=_devices_of)
        changes = {"epoch": header.epoch, "th": header.th}
    Conversation.objects.filter(pk=conversation.pk).update(seq=F("seq") + 1, updated_at=now, **changes)
    event = Event.objects.create(
        conversation=conversation,
        seq=conversation.seq + 1,
        kind=wanted.kind,
        uid=wanted.uid,
        did=wanted.did,
        client_id=wanted.client_id,
        sha256=rules.digest(wanted.blob),
        blob=wanted.blob,
        epoch=header.epoch,
        counter=header.counter if isinstance(header, EnvelopeHeader) else None,
        at=now,
    )
    return Accepted(seq=event.seq, sha256=bytes(event.sha256), dup=False)


def _advance_chain(header: EnvelopeHeader, conversation: Conversation, state: State) -> None:
    chain = ConversationDevice.objects.filter(conversation=conversation, epoch=header.epoch, did=header.did).first()
    rules.check_message(header, state, next_counter=chain.next_counter if chain else 0)
    if chain:
        ConversationDevice.objects.filter(pk=chain.pk).update(next_counter=header.counter + 1)
    else:
        ConversationDevice.objects.create(
            conversation=conversation, epoch=header.epoch, did=header.did, next_counter=header.counter + 1
        )


def _current_reference(uid: UUID) -> BundleReference | None:
    current = keys.current_bundle_ref(uid)
    return BundleReference(uid, current[0], bytes(current[1])) if current else None


def _devices_of(reference: BundleReference) -> Collection[UUID]:
    return keys.bundle_devices(reference.uid, reference.version)
