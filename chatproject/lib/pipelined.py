"""One connection to PostgreSQL on which statements are sent together and answered together, without a thread.

psycopg opens it and knows its types; libpq does the rest (psycopg.pq; PostgreSQL's manual, "Pipeline Mode"). The event
loop is told of the line once, and whoever waits wakes once an exchange: psycopg's own pipeline does both at every step,
which costs a lone message more than everything else that the server does for it.
"""

import asyncio
import itertools
import re
from collections.abc import Sequence
from typing import Any, Self

import psycopg
from psycopg import errors
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

Statement = tuple[str, tuple[str | bytes, ...]]  # with %s; bytes travel as they are
Rows = Sequence[tuple[Any, ...]]


class PipelinedConnection:
    """Of one event loop, for one exchange at a time. After an error, also of whoever waited, it can only be closed."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """`connection` is open, in no transaction, and nobody else's from now on."""
        self._connection, self._line = connection, connection.pgconn
        self._loop, self._socket = asyncio.get_running_loop(), connection.pgconn.socket
        self._names: dict[str, bytes] = {}
        self._types = Transformer(connection)
        self._results: list[PGresult] = []
        self._answered: asyncio.Future[list[PGresult]] | None = None
        self._is_writing = False
        self._line.nonblocking = 1
        self._line.enter_pipeline_mode()
        self._is_watched = True
        self._loop.add_reader(self._socket, self._read)

    @classmethod
    async def open(cls, *first: str, **parameters: Any) -> Self:
        """`first`: statements to begin with, each by itself. psycopg.Error."""
        connection = await psycopg.AsyncConnection.connect(**parameters, autocommit=True)
        try:
            for statement in first:
                await connection.execute(statement)
            return cls(connection)
        except BaseException:
            await connection.close()
            raise

    async def exchange(self, statements: Sequence[Statement]) -> list[Rows]:
        """The rows of each, in order. psycopg.Error of the first that failed: those behind it were not run.

        Each is prepared when it comes for the first time. A transaction is a matter of the statements.
        """
        self._answered, self._results = self._loop.create_future(), []
        wanted = [asked for text, values in statements for asked in self._send(text, values)]
        self._line.pipeline_sync()
        self._write()
        results = await self._answered
        for result in results:
            if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
                raise errors.error_from_result(result)
        return [self._rows(result) for result, is_wanted in zip(results, wanted, strict=True) if is_wanted]

    async def close(self) -> None:
        self._forget_line()
        await self._connection.close()

    def _send(self, text: str, values: Sequence[str | bytes]) -> list[bool]:
        """Whether each of the answers to come brings rows."""
        name, known = self._names.get(text), True
        if name is None:
            name, known = b"s%d" % len(self._names), False
            self._names[text] = name
            self._line.send_prepare(name, _numbered(text).encode())
        parameters = [value.encode() if isinstance(value, str) else value for value in values]
        formats = [Format.TEXT if isinstance(value, str) else Format.BINARY for value in values]
        self._line.send_query_prepared(name, parameters, formats)
        return [True] if known else [False, True]

    def _write(self) -> None:
        """What the kernel does not take at once goes when it can."""
        try:
            is_left = bool(self._line.flush())
        except psycopg.Error as error:
            return self._fail(error)
        if is_left and not self._is_writing:
            self._loop.add_writer(self._socket, self._write)
        elif self._is_writing and not is_left:
            self._loop.remove_writer(self._socket)
        self._is_writing = is_left

    def _read(self) -> None:
        try:
            self._line.consume_input()
            while self._answered and not self._line.is_busy():
                result = self._line.get_result()  # None between two answers
                if result is not None and result.status == ExecStatus.PIPELINE_SYNC:
                    self._end()
                elif result is not None:
                    self._results.append(result)
        except psycopg.Error as error:
            self._fail(error)

    def _end(self) -> None:
        answered, self._answered = self._answered, None
        if answered and not answered.done():
            answered.set_result(self._results)

    def _fail(self, error: psycopg.Error) -> None:
        """The line is gone: now or when it is used the next time."""
        self._forget_line()
        if self._answered and not self._answered.done():
            self._answered.set_exception(error)

    def _forget_line(self) -> None:
        """Once: when the line was cut, its number may be another's by the time it is closed."""
        if not self._is_watched:
            return
        self._is_watched = False
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)

    def _rows(self, result: PGresult) -> Rows:
        if result.status != ExecStatus.TUPLES_OK:
            return []
        self._types.set_pgresult(result)
        return self._types.load_rows(0, result.ntuples, tuple)


def _numbered(text: str) -> str:
    """PostgreSQL's own placeholders."""
    numbers = itertools.count(1)
    return re.sub("%s", lambda _found: f"${next(numbers)}", text)
