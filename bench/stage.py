"""What the contenders share: one durable PostgreSQL, folders, processes that end with the bench."""

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from bench import processes
from tests.services import postgresql, private_folder, redis, user, wait_for

DURABLE = ("fsync=on", "synchronous_commit=on", "shared_buffers=512MB", "max_wal_size=4GB")


@dataclass(slots=True)
class Contender:
    """A server that is ready. `wire`: which talkers of `bench.load` it understands; `roots`: whose CPU is counted.
    `run`: a Python programme with the server's settings. `threads`: so many cores its own code can keep busy at once.
    """

    name: str
    wire: str
    port: int
    origin: str
    crowd: dict[str, Any] = field(repr=False)
    roots: dict[str, int]
    open_rate: int = 100
    idle: bool = True
    threads: int = 1
    run: Callable[..., str] | None = field(default=None, repr=False)

    def speaking(self, wire: str, crowd: dict[str, Any] | None = None) -> "Contender":
        """The same server, talked to otherwise, or by others."""
        return replace(self, wire=wire, crowd=crowd or self.crowd)


@dataclass(slots=True)
class Stage:
    """What each contender has to be ready for: so many pairs that talk, idle sockets, and people at least."""

    postgres: str
    pairs: int
    idle: int
    ends: ExitStack = field(repr=False)
    people: int = 0

    @property
    def postgres_port(self) -> int:
        return urlsplit(self.postgres).port or 0

    def database(self, name: str) -> str:
        """A fresh database; its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def url(self, name: str) -> str:
        return f"{self.postgres}/{name}"

    def settle(self) -> None:
        """The database has written to its files what a full load left behind: no later load pays for it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute("CHECKPOINT")

    def redis(self) -> tuple[str, int]:
        """One of its own: its URL and its process."""
        before = set(processes.children(os.getpid()))
        url = self.ends.enter_context(redis())
        (pid,) = set(processes.children(os.getpid())) - before
        return url, pid

    def folder(self) -> Path:
        """Private, of the user that servers run as."""
        return self.ends.enter_context(private_folder())

    def process(self, command: Sequence[object], port: int, log: Path, *, own: bool = False, **more: Any) -> int:
        """Starts a server and waits until it listens; its number. `own`: as the user that runs the bench."""
        with log.open("wb") as output:
            words, who = [str(word) for word in command], {} if own else user()
            process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, **who, **more)
        self.ends.callback(_end, process)
        try:
            wait_for(port, process)
        except RuntimeError:
            raise RuntimeError(f"{words[0]} did not start: {log.read_text('utf-8', 'replace')[-2000:]}") from None
        return process.pid

    def roots(self, app: int, redis_pid: int | None = None) -> dict[str, int]:
        database = processes.named_child("postgres", of=os.getpid())
        more = {"redis": redis_pid} if redis_pid else {}
        return {"app": app, "database": database, **more}


@contextmanager
def stage(pairs: int, idle: int, people: int = 0) -> Iterator[Stage]:
    with postgresql(*DURABLE) as postgres, ExitStack() as ends:
        yield Stage(postgres, pairs, idle, ends, people)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
