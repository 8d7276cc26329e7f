"""Server processes of the product's own command, on a prepared database and data folder of their own."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.faults.daemons import PostgreSQL, Redis, children, running
from tests.server import SERVICES
from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 30.0
SETTINGS = "tests.faults.settings"


class Template:
    """A migrated cluster that does not run and a data folder with secrets and static files: copied for each fault."""

    def __init__(self, folder: Path) -> None:
        self.cluster, self.data = folder / "cluster", folder / "data"
        database = PostgreSQL(self.cluster)
        database.create()
        environment = environment_of(self.data, "http://127.0.0.1", DATABASE_URL=database.url)
        with running(database):
            run("-m", "chatproject.first_secrets", str(self.data), environment=environment)
            run("manage.py", "prepare", "--verbosity", "0", environment=environment)


class Server:
    """One `manage.py serve` on a port that stays the same."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.port, self._environment, self.log = free_port(), environment, log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("this server does not run")
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def start(self, **more: str) -> None:
        self._launch({**self._environment, **more})
        async with asyncio.timeout(START_SECONDS):
            while not await asyncio.to_thread(self.answers):
                if not self.runs:
                    raise RuntimeError(f"the server did not start: {self.log.read_text('utf-8')[-2000:]}")
                await asyncio.sleep(0.05)

    def _launch(self, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "manage.py", "serve", "--port", str(self.port)]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    def answers(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
            return True
        return False

    def kill(self) -> None:
        """Every process of it, at once, without a word."""
        if self._process is not None and self.runs:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    async def end(self) -> None:
        """As the installation does: SIGTERM, and time to drain."""
        if self._process is not None and self.runs:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, STOP_SECONDS)
            self.kill()

    def memory_kib(self) -> int:
        """What it holds in memory now, with its children."""
        return sum(_memory_kib(pid) for pid in (self.pid, *children(self.pid)))


class Installation:
    """A copy of the template: a database, Redis, and servers that have not started yet."""

    def __init__(self, folder: Path, template: Template, *, with_redis: bool) -> None:
        self.folder, self.data = folder, folder / "data"
        self.database = PostgreSQL(folder / "cluster")
        self.redis = Redis() if with_redis else None
        subprocess.run(["cp", "-a", template.cluster, self.database.data], check=True)
        shutil.copytree(template.data, self.data)

    def manage(self, *words: str, environment: Mapping[str, str]) -> None:
        run("manage.py", *words, environment=environment)

    def stop(self) -> None:
        for daemon in (self.database, self.redis):
            if daemon is not None:
                daemon.stop(signal.SIGINT)


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user, too, may look into."""
    with tempfile.TemporaryDirectory(prefix="chat-faults-") as name:
        folder = Path(name)
        if os.getuid() == 0:
            shutil.chown(folder, "nobody")
            folder.chmod(0o755)
        yield folder


def environment_of(data: Path, site: str, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in SERVICES}
    own = {"DATA_DIR": str(data), "SITE_URL": site, "DJANGO_SETTINGS_MODULE": SETTINGS, "PYTHONUNBUFFERED": "1"}
    return {**kept, **own, "POSTS_PER_MINUTE": "1000000", **settings}


def run(*arguments: str, environment: Mapping[str, str]) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=dict(environment), check=True, capture_output=True)


def _memory_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
