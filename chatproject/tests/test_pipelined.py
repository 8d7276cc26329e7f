"""A line to PostgreSQL on which statements go together."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from chatproject.lib.pipelined import PipelinedConnection, Statement

pytestmark = [pytest.mark.services, pytest.mark.asyncio]
LONG = bytes(range(256)) * 40_000  # more than the kernel takes at once
SECONDS = 30


@asynccontextmanager
async def line(*first: str) -> AsyncIterator[PipelinedConnection]:
    given = connections[settings.MESSAGES_ALIAS].settings_dict
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    opened = await PipelinedConnection.open(
        *first, **{name: given[word] for name, word in names.items()}, dbname="postgres"
    )
    try:
        async with asyncio.timeout(SECONDS):
            yield opened
    finally:
        await opened.close()


async def test_statements_are_answered_in_order_with_python_s_own_types() -> None:
    uid = UUID(int=7)
    asked: list[Statement] = [
        ("SELECT %s::uuid, %s::bytea, %s::int + 1", (uid.hex, b"\x00\xff%s", "41")),
        ("SELECT NULL::uuid WHERE false", ()),
        ("BEGIN", ()),
        ("SELECT n FROM generate_series(1, %s::int) AS n", ("3",)),
        ("COMMIT", ()),
    ]
    async with line() as opened:
        for _again in range(2):
            assert await opened.exchange(asked) == [[(uid, b"\x00\xff%s", 42)], [], [], [(1,), (2,), (3,)], []]


async def test_each_statement_is_prepared_once() -> None:
    count = "SELECT count(*) FROM pg_prepared_statements"
    async with line() as opened:
        for _again in range(3):
            found = await opened.exchange([("SELECT %s::int", ("1",)), (count, ())])
    assert found == [[(1,)], [(2,)]]


async def test_what_the_kernel_does_not_take_at_once_arrives_both_ways() -> None:
    async with line() as opened:
        for _again in range(2):
            assert await opened.exchange([("SELECT %s::bytea, length(%s::bytea)", (LONG, LONG))]) == [
                [(LONG, len(LONG))]
            ]


async def test_the_first_error_is_told_and_nothing_behind_it_was_run() -> None:
    async with line("CREATE TEMPORARY TABLE kept (n int)") as opened:
        put = "INSERT INTO kept SELECT %s::int"
        with pytest.raises(psycopg.errors.DivisionByZero):
            await opened.exchange(
                [(put, ("1",)), ("SELECT 1 / %s::int", ("0",)), (put, ("2",)), ("SELECT nothing", ())]
            )
        assert await opened.exchange([("SELECT count(*) FROM kept", ())]) == [[(0,)]], "one exchange, one transaction"


@pytest.mark.parametrize("is_asked_meanwhile", [True, False])
async def test_a_line_that_was_cut_says_so(is_asked_meanwhile: bool) -> None:
    async with line() as opened, line() as other:
        ((pid,),), *_rest = await opened.exchange([("SELECT pg_backend_pid()", ())])
        if is_asked_meanwhile:
            asked = asyncio.ensure_future(opened.exchange([("SELECT pg_sleep(60)", ())]))
            await other.exchange([("SELECT pg_sleep(0.1)", ())])
        await other.exchange([("SELECT pg_terminate_backend(%s::int, 5000)", (str(pid),))])
        with pytest.raises(psycopg.OperationalError):
            await (asked if is_asked_meanwhile else opened.exchange([("SELECT 1", ())]))


async def test_who_got_the_number_of_a_line_that_was_cut_is_still_heard() -> None:
    mine, theirs = socket.socketpair()
    async with line() as opened, line() as other:
        ((pid,),), *_rest = await opened.exchange([("SELECT pg_backend_pid()", ())])
        await other.exchange([("SELECT pg_terminate_backend(%s::int, 5000)", (str(pid),))])
        with pytest.raises(psycopg.OperationalError):
            await opened.exchange([("SELECT 1", ())])
        loop, heard, number = asyncio.get_running_loop(), asyncio.Event(), opened._socket
        with mine, theirs:
            os.dup2(mine.fileno(), number)
            loop.add_reader(number, heard.set)
            await opened.close()
            theirs.send(b"x")
            await heard.wait()
            loop.remove_reader(number)
            os.close(number)


async def test_whoever_gives_up_can_close_it() -> None:
    async with line() as opened:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await opened.exchange([("SELECT pg_sleep(60)", ())])


async def test_what_it_begins_with_has_to_hold() -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        async with line("SELECT 1 / 0"):
            pass
