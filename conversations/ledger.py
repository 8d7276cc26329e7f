"""Reads what a batch of posts is judged by and writes what came of it, inside the caller's transaction, through the
ORM: for SQLite. `ledgersql` does the same on PostgreSQL in few statements.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F

from conversations import throttles
from conversations.judging import ChainKey, ClientKey, Facts, Known, NewEvent, Prepared, Verdict
from conversations.models import Conversation, ConversationDevice, Event
from conversations.rules import State


def read(batch: Sequence[Prepared], *, now: datetime) -> Facts:
    """Locks the conversations, in one order; the rest is read under their locks."""
    wanted = {(each.post.cid, each.post.uid) for each in batch}
    rows = list(Conversation.objects.of_each(wanted).order_by("cid").select_for_update())
    return Facts(
        members={(row.cid, uid) for row in rows for uid in row.uids},
        conversations={row.cid: State(row.uid_lo, row.uid_hi, row.seq, row.epoch, bytes(row.th)) for row in rows},
        known=_known(batch),
        counters=_counters([row.cid for row in rows], batch),
        left={uid: throttles.read_posts_left(uid, now) for uid in {uid for _cid, uid in wanted}},
    )


def write(verdict: Verdict, facts: Facts, *, now: datetime) -> None:
    for cid, count in verdict.added.items():
        state = facts.conversations[cid]
        changes = {"updated_at": now, "epoch": state.epoch, "th": state.th}
        Conversation.objects.filter(cid=cid).update(seq=F("seq") + count, **changes)
    ConversationDevice.objects.bulk_create(
        [
            ConversationDevice(conversation_id=cid, epoch=epoch, did=did, next_counter=counter)
            for (cid, epoch, did), counter in verdict.counters.items()
        ],
        update_conflicts=True,
        unique_fields=["conversation", "epoch", "did"],
        update_fields=["next_counter"],
    )
    Event.objects.bulk_create([_row(event, now) for event in verdict.events])


def _known(batch: Sequence[Prepared]) -> dict[ClientKey, Known]:
    posts = [each.post for each in batch]
    found = Event.objects.filter(did__in={post.did for post in posts}, client_id__in={post.client_id for post in posts})
    rows = found.values_list("did", "client_id", "conversation_id", "kind", "seq", "sha256")
    return {(did, client_id): Known(cid, kind, seq, bytes(sha256)) for did, client_id, cid, kind, seq, sha256 in rows}


def _counters(cids: list[UUID], batch: Sequence[Prepared]) -> dict[ChainKey, int]:
    dids = {each.post.did for each in batch}
    rows = ConversationDevice.objects.filter(conversation__in=cids, did__in=dids)
    chains = rows.values_list("conversation_id", "epoch", "did", "next_counter")
    return {(cid, epoch, did): counter for cid, epoch, did, counter in chains}


def _row(event: NewEvent, now: datetime) -> Event:
    post = event.post
    return Event(
        conversation_id=post.cid,
        seq=event.seq,
        kind=post.kind,
        uid=post.uid,
        did=post.did,
        client_id=post.client_id,
        sha256=event.sha256,
        blob=post.blob,
        epoch=event.epoch,
        counter=event.counter,
        at=now,
    )
