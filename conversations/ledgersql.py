"""`ledger` on PostgreSQL: two or three statements that read a batch, one that writes it.

Statements are texts with parameters, so that a blocking connection and a pipelined one run the same. A batch travels
by columns, each an array in one text, and its blobs as one value beside them: values by themselves, or JSON, cost both
sides far more.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
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
FROM unnest(%s::integer[], %s::uuid[], %s::uuid[]) AS w(n, cid, uid)
JOIN conversations_conversation c ON c.cid = w.cid AND w.uid IN (c.uid_lo, c.uid_hi)
ORDER BY c.cid FOR UPDATE OF c"""
STANDS = """
SELECT w.n, e.cid, e.kind, e.seq, e.sha256, d.next_counter
FROM unnest(%s::integer[], %s::uuid[], %s::uuid[], %s::uuid[], %s::bigint[]) AS w(n, cid, did, client_id, epoch)
LEFT JOIN conversations_event e ON e.did = w.did AND e.client_id = w.client_id
LEFT JOIN conversations_conversationdevice d ON d.cid = w.cid AND d.epoch = w.epoch AND d.did = w.did
WHERE e.cid IS NOT NULL OR d.cid IS NOT NULL"""
LEFT = """
SELECT w.uid, (SELECT count(*) FROM conversations_event e WHERE e.uid = w.uid AND e.at > b.since),
  (SELECT e.at FROM conversations_event e WHERE e.uid = w.uid AND e.at > b.since
   ORDER BY e.at DESC OFFSET b.most - 1 LIMIT 1)
FROM unnest(%s::uuid[]) AS w(uid), (SELECT %s::timestamptz AS since, %s::bigint AS most) AS b"""
WRITE = """
WITH conversations AS (
  UPDATE conversations_conversation c
  SET seq = c.seq + w.added, epoch = w.epoch, th = decode(w.th, 'hex'), updated_at = %s::timestamptz
  FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::text[]) AS w(cid, added, epoch, th)
  WHERE c.cid = w.cid
), chains AS (
  INSERT INTO conversations_conversationdevice (cid, epoch, did, next_counter)
  SELECT w.cid, w.epoch, w.did, w.next
  FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::bigint[]) AS w(cid, epoch, did, next)
  ON CONFLICT (cid, epoch, did) DO UPDATE SET next_counter = EXCLUDED.next_counter
)
INSERT INTO "conversations_event" (cid, seq, kind, uid, did, client_id, sha256, blob, epoch, counter, at)
SELECT w.cid, w.seq, w.kind, w.uid, w.did, w.client_id, decode(w.sha256, 'hex'),
  substring(%s::bytea FROM w.first FOR w.size), w.epoch, w.counter, %s::timestamptz
FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::integer[],
  %s::integer[], %s::bigint[], %s::bigint[])
  AS w(cid, seq, kind, uid, did, client_id, sha256, first, size, epoch, counter)"""


def reads(batch: Sequence[Prepared], *, now: datetime, ask_left: Iterable[UUID]) -> list[Statement]:
    """`ask_left`: the people whose events of the last minute have to be counted."""
    posts = [each.post for each in batch]
    writers = {(post.cid, post.uid): number for number, post in enumerate(posts)}
    locked = (
        _array(writers.values()),
        _array(cid.hex for cid, _uid in writers),
        _array(uid.hex for _cid, uid in writers),
    )
    stands = (
        _array(range(len(posts))),
        _array(post.cid.hex for post in posts),
        _array(post.did.hex for post in posts),
        _array(post.client_id.hex for post in posts),
        _array(_or_null(_epoch_of(each)) for each in batch),
    )
    asked, since, most = [uid.hex for uid in ask_left], (now - MINUTE).isoformat(), str(settings.POSTS_PER_MINUTE)
    counted: list[Statement] = [(LEFT, (_array(asked), since, most))] if asked else []
    return [(LOCK, locked), (STANDS, stands), *counted]


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
    events, posts = verdict.events, [event.post for event in verdict.events]
    sizes = [len(post.blob) for post in posts]
    columns = (
        _array(post.cid.hex for post in posts),
        _array(event.seq for event in events),
        _array(post.kind for post in posts),
        _array(post.uid.hex for post in posts),
        _array(post.did.hex for post in posts),
        _array(post.client_id.hex for post in posts),
        _array(event.sha256.hex() for event in events),
        _array(accumulate(sizes[:-1], initial=1)),
        _array(sizes),
        _array(event.epoch for event in events),
        _array(_or_null(event.counter) for event in events),
    )
    at, blobs = now.isoformat(), b"".join(post.blob for post in posts)
    return [(WRITE, (at, *_conversations(verdict, found), *_chains(verdict), blobs, at, *columns))]


def _conversations(verdict: Verdict, found: Facts) -> tuple[str, ...]:
    states = [found.conversations[cid] for cid in verdict.added]
    return (
        _array(cid.hex for cid in verdict.added),
        _array(verdict.added.values()),
        _array(state.epoch for state in states),
        _array(f'"{state.th.hex()}"' for state in states),  # a text may be empty only in quotes
    )


def _chains(verdict: Verdict) -> tuple[str, ...]:
    return (
        _array(cid.hex for cid, _epoch, _did in verdict.counters),
        _array(epoch for _cid, epoch, _did in verdict.counters),
        _array(did.hex for _cid, _epoch, did in verdict.counters),
        _array(verdict.counters.values()),
    )


def _epoch_of(each: Prepared) -> int | None:
    """Where its chain is to be looked for; a record and what is no envelope have none."""
    return each.header.epoch if isinstance(each.header, EnvelopeHeader) else None


def _or_null(number: int | None) -> int | str:
    return "NULL" if number is None else number


def _array(values: Iterable[int | str]) -> str:
    """As PostgreSQL reads it, of what needs no quotes: numbers, hex, a kind, NULL."""
    return f"{{{','.join(map(str, values))}}}"
