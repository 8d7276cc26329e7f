"""Real server processes for the browser tests: their own data folder, free loopback ports, stopped by process id."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urlsplit

from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 60
STOP_SECONDS = 15
MAIL_SECONDS = 15


@dataclass
class Site:
    """An installation: a data folder, its settings, and the processes that serve it."""

    folder: Path
    ports: list[int]
    extra: Mapping[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.urls[0]

    @property
    def urls(self) -> list[str]:
        return [f"http://localhost:{port}" for port in self.ports]

    @property
    def hosts(self) -> set[str]:
        """Host and port of every address of this site."""
        return {urlsplit(url).netloc for url in [*self.urls, *self.environment["EXTRA_ORIGINS"].split(",")]}

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "chatproject.settings",
            "DATA_DIR": str(self.data),
            "SITE_URL": self.url,
            "EXTRA_ORIGINS": ",".join(self.urls[1:]),
            "LOG_LEVEL": "INFO",
            **self.extra,
        }

    def manage(self, *words: str) -> str:
        """Run a management command; gives what it printed."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"manage.py {words[0]}: {done.stderr[-2000:]}"
        return done.stdout.strip()

    def prepare(self) -> None:
        subprocess.run(
            [sys.executable, "-m", "chatproject.first_secrets", str(self.data)],
            cwd=ROOT,
            env=self.environment,
            check=True,
            timeout=60,
        )
        self.manage("prepare", "--verbosity", "0")

    def start(self) -> None:
        for number, port in enumerate(self.ports):
            with (self.folder / f"server-{number}.log").open("ab") as log:
                self.processes.append(
                    subprocess.Popen(
                        [sys.executable, "manage.py", "serve", "--port", str(port)],
                        cwd=ROOT,
                        env=self.environment,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                )
        for process, url in zip(self.processes, self.urls, strict=True):
            _wait_until_ready(f"{url}/readyz", process, self.log)

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=STOP_SECONDS)
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait(timeout=STOP_SECONDS)
        self.processes.clear()

    def stored(self, pattern: str = "*") -> Iterator[tuple[str, bytes]]:
        """Name and bytes of what lies in the data folder, at any depth. SQLite's -wal and -shm go away while the server
        runs; they are read before their database, which takes over what was in them.
        """
        for path in sorted(self.data.rglob(pattern), reverse=True):
            try:
                content = path.read_bytes()
            except IsADirectoryError:
                continue
            except FileNotFoundError:
                if path.suffix == ".sqlite3":
                    raise
                continue
            yield path.name, content

    def log(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("server-*.log")))

    def mails(self) -> list[str]:
        """Recipient, subject and text of every mail that was sent, the oldest first."""
        files = sorted((self.data / "mail").glob("*"), key=lambda path: path.stat().st_mtime_ns)
        return [mail for path in files for mail in _mails_of(path)]

    def mail_to(self, address: str, after: int = 0) -> str:
        """The newest mail to the address once there are more than `after` of them."""
        deadline = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < deadline:
            found = [mail for mail in self.mails() if mail.startswith(f"To: {address}\n")]
            if len(found) > after:
                return found[-1]
            time.sleep(0.05)
        raise AssertionError(f"no mail to {address} within {MAIL_SECONDS} s")


@contextlib.contextmanager
def serving(folder: Path, *, processes: int = 1, ports: Sequence[int] = (), **extra: str) -> Iterator[Site]:
    """A prepared and started installation in an empty folder; the extra settings go to its environment."""
    site = Site(folder, list(ports) or [free_port() for _ in range(processes)], extra)
    site.prepare()
    try:
        site.start()
        yield site
    finally:
        site.stop()


def code_in(mail: str) -> str:
    """The login code that stands in a mail."""
    return re.search(r"\b(\d{6,8}|\d{3}[ -]\d{3})\b", mail)[0].replace(" ", "").replace("-", "")


def _mails_of(path: Path) -> list[str]:
    parts = path.read_bytes().split(b"\n" + b"-" * 79 + b"\n")
    messages = [message_from_bytes(part, policy=policy.default) for part in parts if part.strip()]
    return [f"To: {one['To']}\nSubject: {one['Subject']}\n\n{one.get_content()}" for one in messages if one["To"]]


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Callable[[], str]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    last = "no answer"
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError) as error:
            last = str(error)
        time.sleep(0.1)
    raise AssertionError(f"{url} is not ready ({last}); the log ends:\n{log()[-3000:]}")
