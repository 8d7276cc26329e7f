"""Private PostgreSQL and Redis servers for the tests: `python -m tests.services one|two|none -- COMMAND`.

They listen on free loopback ports, keep nothing, run as an unprivileged user when started by root, and stop with the
command. The command finds DATABASE_URL (one: every table in one database; two: MESSAGES_DATABASE_URL beside it; none:
SQLite) and TEST_REDIS_URL, TEST_POSTGRES_URL.
"""

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

START_SECONDS = 30
PORTS_EACH = 4_000
_FIRST_PORT = 12_000 + PORTS_EACH * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 5)
_numbers = itertools.count(7 * os.getpid())


def free_port() -> int:
    """Of a range that no kernel gives away by itself: nobody takes it before its use; each worker has a part."""
    for number in _numbers:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", _FIRST_PORT + number % PORTS_EACH))
            return int(probe.getsockname()[1])
    raise AssertionError


@contextlib.contextmanager
def postgresql(*options: str) -> Iterator[str]:
    """A fresh PostgreSQL with the databases `accounts` and `messages`; gives its URL without a database name.

    `options` like `fsync=on` come last, so they win.
    """
    with private_folder() as folder:
        tools, port = postgresql_tools(), free_port()
        as_user([tools / "initdb", "-D", folder / "data", "-U", "chat", "-A", "trust", "-E", "UTF8", "--no-sync"])
        given = [
            f"port={port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "max_connections=200",
            *options,
        ]
        command = [tools / "postgres", "-D", folder / "data", *(part for option in given for part in ("-c", option))]
        with _running(command, port):
            url = f"postgres://chat@127.0.0.1:{port}"
            for name in ("accounts", "messages"):
                until_ready([tools / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "chat", name])
            yield url


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A fresh Redis that writes nothing to disk; gives its URL."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with _running(command, port):
        yield f"redis://127.0.0.1:{port}/0"


def postgresql_tools() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        sys.exit("PostgreSQL is missing: install it (Debian: apt install postgresql).")
    return found[-1].parent


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="chat-services-"))
    if os.getuid() == 0:
        shutil.chown(folder, "nobody")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def user() -> dict[str, str]:
    return {"user": "nobody"} if os.getuid() == 0 else {}


def as_user(command: Sequence[object]) -> None:
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, cwd="/", **user())


@contextlib.contextmanager
def _running(command: Sequence[object], port: int) -> Iterator[None]:
    process = subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **user()
    )
    try:
        wait_for(port, process)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not start")


def until_ready(command: Sequence[object]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run([str(part) for part in command], stderr=subprocess.DEVNULL, check=False).returncode:
        if time.monotonic() > deadline:
            raise RuntimeError("PostgreSQL does not answer")
        time.sleep(0.1)


def environment(databases: str, postgres: str, redis_url: str) -> dict[str, str]:
    added = {"TEST_POSTGRES_URL": postgres, "TEST_REDIS_URL": redis_url}
    if databases != "none":
        added["DATABASE_URL"] = f"{postgres}/accounts"
    if databases == "two":
        added["MESSAGES_DATABASE_URL"] = f"{postgres}/messages"
    return added


def main(arguments: list[str]) -> int:
    if len(arguments) < 3 or arguments[0] not in {"one", "two", "none"} or arguments[1] != "--":
        print(__doc__)
        return 0 if arguments[:1] == ["--help"] else 2
    with postgresql() as postgres, redis() as redis_url:
        added = environment(arguments[0], postgres, redis_url)
        return subprocess.run(arguments[2:], env={**os.environ, **added}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
