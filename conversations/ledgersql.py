"""`ledger` on PostgreSQL: two or three statements that read a batch, one that writes it.

Statements are texts with parameters, so that a blocking connection and a pipelined one run the same. A batch travels
as one JSON parameter, its blobs as one value beside it: lists of values cost the client far more.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from chatproject.lib.pipelined import Rows, Statement
from conversations.formats import EnvelopeHeader
from conversations.judging import ChainKey, ClientKey, Facts, Known, Prepared, Verdict
from conversations.rules import State
from conversations.throttles import MINUTE, Left, posts_left

# READ COMMITTED: each statement sees what was committed before it began, so nothing is older than the lock.
LOCK = """
SELECT w.n, c.uid_lo, c.uid_hi, c.seq, c.epoch, c.th
FROM json_to_recordset(%s::json) AS w(n integer, cid uuid, uid uuid)
JOIN conversations_conversation c ON c.cid = w.cid AND w.uid IN (c.uid_lo, c.uid_hi)
ORDER BY c.cid FOR UPDATE OF c"""
STANDS = """
SELECT w.n, e.cid, e.kind, e.seq, e.sha256, d.next_counter
FROM json_to_recordset(%s::json) AS w(n integer, cid uuid, did uuid, client_id uuid, epoch bigint)
LEFT JOIN conversations_event e ON e.did = w.did AND e.client_id = w.client_id
LEFT JOIN conversations_conversationdevice d ON d.cid = w.cid AND d.epoch = w.epoch AND d.did = w.did
WHERE e.cid IS NOT NULL OR d.cid IS NOT NULL"""
LEFT = """
SELECT w.uid, (SELECT count(*) FROM conversations_event e WHERE e.uid = w.uid AND e.at > w.since),
  (SELECT e.at FROM conversations_event e WHERE e.uid = w.uid AND e.at > w.since
   ORDER BY e.at DESC OFFSET w.most - 1 LIMIT 1)
FROM json_to_recordset(%s::json) AS w(uid uuid, since timestamptz, most bigint)"""
WRITE = """
WITH conversations AS (
  UPDATE conversations_conversation c
  SET seq = c.seq + w.added, epoch = w.epoch, th = decode(w.th, 'hex'), updated_at = w.at
  FROM json_to_recordset(%s::json) AS w(cid uuid, added bigint, epoch bigint, th text, at timestamptz)
  WHERE c.cid = w.cid
), chains AS (
  INSERT INTO conversations_conversationdevice (cid, epoch, did, next_counter)
  SELECT w.cid, w.epoch, w.did, w.next
  FROM json_to_recordset(%s::json) AS w(cid uuid, epoch bigint, did uuid, next bigint)
  ON CONFLICT (cid, epoch, did) DO UPDATE SET next_counter = EXCLUDED.next_counter
)
INSERT INTO "conversations_event" (cid, seq, kind, uid, did, client_id, sha256, blob, epoch, counter, at)
SELECT w.cid, w.seq, w.kind, w.uid, w.did, w.client_id, decode(w.sha256, 'hex'),
  substring(%s::bytea FROM w.first FOR w.size), w.epoch, w.counter, w.at
FROM json_to_recordset(%s::json) AS w(cid uuid, seq bigint, kind text, uid uuid, did uuid, client_id uuid, sha256 text,
  first integer, size integer, epoch bigint, counter bigint, at timestamptz)"""


def reads(batch: Sequence[Prepared], *, now: datetime, ask_left: Iterable[UUID]) -> list[Statement]:
    """`ask_left`: the people whose events of the last minute have to be counted."""
    writers = {(each.post.cid, each.post.uid): number for number, each in enumerate(batch)}
    locked = [{"n": number, "cid": cid.hex, "uid": uid.hex} for (cid, uid), number in writers.items()]
    stands = [_asked(number, each) for number, each in enumerate(batch)]
    statements: list[Statement] = [(LOCK, (json.dumps(locked),)), (STANDS, (json.dumps(stands),))]
    since, most = (now - MINUTE).isoformat(), settings.POSTS_PER_MINUTE
    asked = [{"uid": uid.hex, "since": since, "most": most} for uid in ask_left]
    return [*statements, (LEFT, (json.dumps(asked),))] if asked else statements


def facts(batch: Sequence[Prepared], results: Sequence[Rows], *, left: Mapping[UUID, Left]) -> Facts:
    """From what `reads` of this batch gave, in its order; `left` of the people who were not asked for."""
    posts = [each.post for each in batch]
    locked, stands, *counted = results
    asked = {uid: posts_left(posted=count, blocking=at) for uid, count, at in (counted[0] if counted else ())}
    known: dict[ClientKey, Known] = {}
    counters: dict[ChainKey, int] = {}
    for number, cid, kind, seq, sha256, next_counter in stands:
        post, header = posts[number], batch[number].header
        if cid is not None:
            known[post.did, post.client_id] = Known(cid, kind, seq, bytes(sha256))
        if next_counter is not None and isinstance(header, EnvelopeHeader):
            counters[post.cid, header.epoch, post.did] = next_counter
    return Facts(
        members={(posts[number].cid, posts[number].uid) for number, *_state in locked},
        conversations={
            posts[number].cid: State(lo, hi, seq, epoch, bytes(th)) for number, lo, hi, seq, epoch, th in locked
        },
        known=known,
        counters=counters,
        left={**left, **asked},
    )


def writes(verdict: Verdict, found: Facts, *, now: datetime) -> list[Statement]:
    if not verdict.events:
        return []
    at = now.isoformat()
    events, first = [], 1
    for event in verdict.events:
        post, size = event.post, len(event.post.blob)
        events.append(
            {
                "cid": post.cid.hex,
                "seq": event.seq,
                "kind": post.kind,
                "uid": post.uid.hex,
                "did": post.did.hex,
                "client_id": post.client_id.hex,
                "sha256": event.sha256.hex(),
                "first": first,
                "size": size,
                "epoch": event.epoch,
                "counter": event.counter,
                "at": at,
            }
        )
        first += size
    blobs = b"".join(event.post.blob for event in verdict.events)
    return [(WRITE, (_conversations(verdict, found, at), _chains(verdict), blobs, json.dumps(events)))]


def _asked(number: int, each: Prepared) -> dict[str, Any]:
    """What stands of this post already, and where its chain is; a record and what is no envelope have none."""
    post, header = each.post, each.header
    return {
        "n": number,
        "cid": post.cid.hex,
        "did": post.did.hex,
        "client_id": post.client_id.hex,
        "epoch": header.epoch if isinstance(header, EnvelopeHeader) else None,
    }


def _conversations(verdict: Verdict, found: Facts, at: str) -> str:
    states = [(cid, added, found.conversations[cid]) for cid, added in verdict.added.items()]
    return json.dumps(
        [
            {"cid": cid.hex, "added": added, "epoch": state.epoch, "th": state.th.hex(), "at": at}
            for cid, added, state in states
        ]
    )


def _chains(verdict: Verdict) -> str:
    return json.dumps(
        [
            {"cid": cid.hex, "epoch": epoch, "did": did.hex, "next": counter}
            for (cid, epoch, did), counter in verdict.counters.items()
        ]
    )
