"""PostgreSQL and Redis that can be stopped, killed and brought back on the same port, with the same data."""

import contextlib
import os
import shutil
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.services import as_user, free_port, postgresql_tools, until_ready, user, wait_for

STOP_SECONDS = 20


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Daemon(ABC):
    """One process on one port; a subclass says with which command."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> Sequence[object]: ...

    def start(self) -> None:
        words = [str(word) for word in self.command()]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(words, cwd="/", **quiet, **user())
        wait_for(self.port, self._process)

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        """It takes connections and says nothing, nor do its children; then it goes on where it was."""
        stopped = self._signal_all(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal_all(signal.SIGCONT, stopped)

    def _signal_all(self, number: signal.Signals, pids: Sequence[int] = ()) -> list[int]:
        """To these processes, or to it and its children; who got it. Those that have ended meanwhile are left out."""
        own = self._process.pid if self._process else 0
        reached = []
        for pid in pids or [own, *children(own)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
                reached.append(pid)
        return reached

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends it with a signal and waits; nothing when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class PostgreSQL(Daemon):
    """A cluster in a folder, with everything on that a promise of durability needs."""

    def __init__(self, data: Path) -> None:
        super().__init__()
        self.data = data

    @property
    def url(self) -> str:
        return f"postgres://chat@127.0.0.1:{self.port}/accounts"

    def create(self) -> None:
        as_user(
            [postgresql_tools() / "initdb", "-D", self.data, "-U", "chat", "-A", "trust", "-E", "UTF8", "--no-sync"]
        )
        with running(self):
            self.wait_until_ready()
            as_user([postgresql_tools() / "createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "chat", "accounts"])

    def command(self) -> Sequence[object]:
        options = [f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories="]
        options += ["fsync=on", "synchronous_commit=on", "max_connections=100"]
        return [postgresql_tools() / "postgres", "-D", self.data, *(part for each in options for part in ("-c", each))]

    def restart_fast(self) -> None:
        """As an administrator does: sessions are cut off, transactions roll back."""
        self.stop(signal.SIGINT)
        self.start()

    def crash(self) -> None:
        """The postmaster and every child of it at once, without a word; the next start recovers from the log."""
        if self._process is not None:
            self._signal_all(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def wait_until_ready(self) -> None:
        tools = postgresql_tools()
        until_ready([tools / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)])

    def start(self) -> None:
        super().start()
        self.wait_until_ready()

    def copy_to(self, folder: Path) -> None:
        """The data of a cluster that does not run."""
        shutil.rmtree(folder, ignore_errors=True)
        as_user(["cp", "-a", self.data, folder])

    def put_back(self, folder: Path) -> None:
        """The data is what it was when it was copied there; it does not run."""
        shutil.rmtree(self.data)
        as_user(["cp", "-a", folder, self.data])


class Redis(Daemon):
    """Keeps nothing on disk: what it knew is gone with it."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[object]:
        return ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]

    def say(self, *words: str) -> None:
        command = ["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def running(daemon: Daemon) -> Iterator[None]:
    daemon.start()
    try:
        yield
    finally:
        daemon.stop()
