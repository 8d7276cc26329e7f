"""The event loop's own connection to PostgreSQL: a batch of messages in two round trips, without a thread.

Reads are sent together and judged; writes and COMMIT are sent together. Whatever goes wrong, the transaction is undone
and the connection given up: the next batch opens another.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections
from django.utils import timezone

from chatproject.lib import durable
from chatproject.lib.pipelined import PipelinedConnection, Rows, Statement
from conversations import judging, ledgersql, services
from conversations.judging import Prepared, Stored
from conversations.refusals import Refusal
from conversations.rules import Post
from conversations.throttles import Allowances

BATCH_SECONDS = 6.0
NAME = "posts"  # of the connection, in PostgreSQL's list of activities
LIMITS = "-c statement_timeout=5000 -c lock_timeout=4000 -c idle_in_transaction_session_timeout=10000"
# The planner takes a batch for so many rows that it reads a table whole for one of them, and goes on with that plan
# when the table has grown. Each statement here looks rows up by an index, whatever there are.
PLANS = (
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_bitmapscan=off -c jit=off"
    " -c plan_cache_mode=force_generic_plan"
)
SESSION = f"{LIMITS} {PLANS}"
BEGIN, COMMIT = ("BEGIN", ()), ("COMMIT", ())
COULD_NOT_SHARE = (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.DeadlockDetected)
_OF_DJANGO = {"context", "cursor_factory", "prepare_threshold", "client_encoding"}


class Pipeline:
    """One batch at a time."""

    def __init__(self) -> None:
        self._connection: PipelinedConnection | None = None
        self._allowances = Allowances()

    async def post_batch(self, wanted: Sequence[Post]) -> list[Stored | Refusal]:
        """As `services.post_batch`, but no records: their bundles are read in a thread. psycopg.Error, TimeoutError."""
        try:
            async with asyncio.timeout(BATCH_SECONDS):
                return await self._post(judging.prepare(wanted))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _post(self, batch: Sequence[Prepared]) -> list[Stored | Refusal]:
        connection, now, clock = await self._connected(), timezone.now(), time.monotonic()
        uids = {each.post.uid for each in batch}
        left = {uid: found for uid in uids if (found := self._allowances.find(uid, clock))}
        results = await self._begin(connection, ledgersql.reads(batch, now=now, ask_left=uids - left.keys()))
        facts = ledgersql.facts(batch, results, left=left)
        verdict = judging.judge(batch, facts, now=now, current=services.current_reference, devices=services.devices_of)
        await self._finish(connection, ledgersql.writes(verdict, facts, now=now))
        for uid in uids:
            count = facts.left[uid].count - verdict.posted.get(uid, 0)
            self._allowances.keep(uid, asked=uid not in left, left=count, now=clock)
        return verdict.answers

    async def _begin(self, connection: PipelinedConnection, statements: Sequence[Statement]) -> list[Rows]:
        _begun, *rows = await connection.exchange([BEGIN, *statements])
        return rows

    async def _finish(self, connection: PipelinedConnection, statements: Sequence[Statement]) -> None:
        await connection.exchange([*statements, COMMIT])

    async def _connected(self) -> PipelinedConnection:
        if self._connection is None:
            given = connections[settings.MESSAGES_ALIAS].get_connection_params()
            self._connection = await PipelinedConnection.open(durable.WAIT_FOR_DISK, **_parameters(given))
        return self._connection


def _parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """Of this connection; what the address says of the session counts more, and comes last for that."""
    params = {name: value for name, value in given.items() if name not in _OF_DJANGO}
    return {**params, "application_name": NAME, "options": f"{SESSION} {given.get('options', '')}".rstrip()}
