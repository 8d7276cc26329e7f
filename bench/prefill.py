"""Rows by the million, as they would have come to be: people, conversations, events. Straight into the tables."""

import os
import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

BLOB_BYTES = 200  # of an old event: its size changes nothing of what a new one costs
BACKGROUND = 1_000  # conversations of strangers, in which old events lie
CONVERSATIONS = (
    "COPY conversations_conversation (cid, uid_lo, uid_hi, seq, epoch, th, started_by, started_at, updated_at)"
)
EVENTS = """
INSERT INTO conversations_event (cid, seq, kind, uid, did, client_id, sha256, blob, epoch, counter, at)
SELECT c.cid, n / %(talks)s + 1, 'message', c.uid_lo, c.uid_hi, lpad(to_hex(n), 32, '0')::uuid,
  decode(repeat('5e', 32), 'hex'), decode(repeat('b1', %(size)s), 'hex'), 0, n / %(talks)s,
  now() - interval '1 hour' - n * interval '1 millisecond'
FROM generate_series(%(first)s::bigint, %(last)s::bigint - 1) AS n
JOIN unnest(%(cids)s::uuid[]) WITH ORDINALITY AS w(cid, place) ON w.place = n %% %(talks)s + 1
JOIN conversations_conversation c ON c.cid = w.cid"""
HEADS = """
UPDATE conversations_conversation c SET seq = e.seq FROM (
  SELECT cid, max(seq) AS seq FROM conversations_event WHERE cid = ANY(%s) GROUP BY cid) e WHERE e.cid = c.cid"""


def mesh(url: str, people: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """So many conversations among the people, the first ones with senders that all differ; as `bench.crowd` words."""
    crowd = len(people)
    ends = [(number % crowd, (number % crowd + 1 + number // crowd) % crowd) for number in range(count)]
    if count and ends[-1][1] == (ends[-1][0] + crowd // 2) % crowd:
        raise ValueError("too few people for so many conversations")
    talks = [{"cid": secrets.token_hex(16), "th": secrets.token_hex(32), "from": one, "to": to} for one, to in ends]
    with psycopg.connect(url) as connection:
        _copy(connection, [(talk, people[talk["from"]]["uid"], people[talk["to"]]["uid"]) for talk in talks])
    return talks


class Past:
    """Events that were there before, in conversations of nobody who is here."""

    def __init__(self, url: str) -> None:
        self._url, self._count = url, 0
        self.cids = [os.urandom(16).hex() for _ in range(BACKGROUND)]
        rows = [({"cid": cid, "th": "00" * 32}, os.urandom(16).hex(), os.urandom(16).hex()) for cid in self.cids]
        with psycopg.connect(url) as connection:
            _copy(connection, rows)

    def grow(self, count: int) -> None:
        """Until there are so many."""
        if count <= self._count:
            return
        values = {"talks": BACKGROUND, "size": BLOB_BYTES, "first": self._count, "last": count, "cids": self.cids}
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("SET synchronous_commit = off")
            connection.execute(EVENTS, values)
            connection.execute(HEADS, (self.cids,))
            connection.execute("VACUUM ANALYZE conversations_event")
            connection.execute("VACUUM ANALYZE conversations_conversation")
            connection.execute("CHECKPOINT")
        self._count = count


def _copy(connection: psycopg.Connection[Any], rows: Sequence[tuple[dict[str, Any], str, str]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"{CONVERSATIONS} FROM STDIN") as copy:
        for talk, one, other in rows:
            lo, hi = sorted((UUID(one), UUID(other)))
            th = bytes.fromhex(talk["th"])
            copy.write_row((UUID(talk["cid"]), lo, hi, 0, 0, th, lo, "2026-01-01", "2026-01-01"))
