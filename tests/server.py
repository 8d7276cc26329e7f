"""A real server process on a free loopback port with a data folder of its own, for tests and benches."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.services import free_port

BASE = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 40.0
SERVICES = {"DATABASE_URL", "MESSAGES_DATABASE_URL", "REDIS_URL"}


@dataclass(frozen=True, slots=True)
class Server:
    """`origin` to talk to; `folder` holds the database, `log` what the server printed; `run` works in its place."""

    origin: str
    folder: Path
    log: Path
    pid: int
    environment: dict[str, str] = field(repr=False)
    tree: Path = BASE

    def run(self, *arguments: str) -> str:
        """What a Python programme prints that runs with the server's settings."""
        return _run(list(arguments), self.environment, self.tree)


@contextlib.contextmanager
def running_server(folder: Path, *options: str, tree: Path = BASE, **settings: str) -> Iterator[Server]:
    """Prepare and serve from `folder`, with `options` of `serve`; `settings` go into the process's environment; SQLite
    unless they say more. `tree` holds the program, by default this one.
    """
    origin = f"http://127.0.0.1:{free_port()}"
    environment = prepared(folder, origin, tree, **settings)
    command = [sys.executable, "manage.py", "serve", "--port", origin.rpartition(":")[2], *options]
    with serving(command, origin, folder, environment, tree) as server:
        yield server


def prepared(folder: Path, origin: str, tree: Path = BASE, **settings: str) -> dict[str, str]:
    """Secrets, tables and static files of an installation; the environment of its processes."""
    given = {"DATA_DIR": str(folder), "SITE_URL": origin, "DJANGO_SETTINGS_MODULE": "chatproject.settings", **settings}
    inherited = {name: value for name, value in os.environ.items() if name not in SERVICES}
    environment = {**inherited, **given}
    folder.mkdir(parents=True, exist_ok=True)
    _run(["-m", "chatproject.first_secrets", str(folder)], environment, tree)
    _run(["manage.py", "prepare", "--verbosity", "0"], environment, tree)
    return environment


@contextlib.contextmanager
def serving(
    command: list[str], origin: str, folder: Path, environment: dict[str, str], tree: Path = BASE
) -> Iterator[Server]:
    """Whatever process serves the product, from when it is ready until it has ended."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=tree, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait_until_ready(origin, process)
            yield Server(origin, folder, log, process.pid, environment, tree)
        finally:
            process.terminate()
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _run(arguments: list[str], environment: dict[str, str], tree: Path) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=tree, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def _wait_until_ready(origin: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(URLError, OSError), urlopen(f"{origin}/readyz", timeout=2):
            return
        time.sleep(0.1)
    raise RuntimeError("the server did not start")
