"""Planted secrets show nowhere: in no log, answer, number, list of settings, message of a command or process list."""

import contextlib
import json
import os
import subprocess
import sys
from base64 import urlsafe_b64decode
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.browser.scanner import Heap
from tests.server import BASE, running_server
from tests.services import free_port
from tests.test_backup_drill import databases

pytestmark = pytest.mark.services

PLANTED = {
    "password of the accounts": "planted-accounts-6f1c0b",
    "password of the messages": "planted-messages-93aa7e",
    "password of the mail server": "planted-mail-b05d21",
    "older SECRET_KEY": "planted-older-key-5d0c77-0123456789-0123456789",
}
PATHS = (
    *("/", "/login/", "/nowhere/", "/healthz", "/readyz", "/api/me/"),
    *("/log/checkpoint", "/log/key", "/setup/wrong/", "/admin/"),
)


class Installation:
    """Secrets in files, as compose and Kubernetes give them; `look` puts evidence on the heap."""

    def __init__(self, folder: Path, urls: dict[str, str]) -> None:
        self.folder, self.heap, self.metrics = folder, Heap(), free_port()
        self.files = folder / "given"
        self.files.mkdir(parents=True)
        passwords = iter(PLANTED.values())
        given = {name: url.replace("//chat@", f"//chat:{next(passwords)}@") for name, url in urls.items()}
        given["EMAIL_URL"] = f"smtp+tls://chat:{next(passwords)}@127.0.0.1:{free_port()}"
        given["SECRET_KEY_FALLBACKS"] = next(passwords)
        for name, value in given.items():
            (self.files / name).write_text(value)
        self.settings = {f"{name}_FILE": str(self.files / name) for name in given} | {
            "REDIS_URL": os.environ["TEST_REDIS_URL"],
            "METRICS_ADDRESS": f"127.0.0.1:{self.metrics}",
            "LOG_LEVEL": "DEBUG",
            "LOG_FORMAT": "json",
        }

    def secrets(self) -> dict[str, bytes]:
        """As text, and the keys as bytes too."""
        found = {name: text.encode() for name, text in PLANTED.items()}
        for path in (self.folder / "data" / "secrets").iterdir():
            found[path.name] = path.read_bytes().strip()
            if path.name != "SECRET_KEY":
                found[f"{path.name}, bytes"] = urlsafe_b64decode(found[path.name] + b"==")
        private = self.folder / "backup.key"
        found["backup key"] = private.read_text().strip().removeprefix("llave-backup-private:").encode()
        return found

    def visit(self, address: str, data: bytes | None = None) -> None:
        request = Request(address, data, {"Content-Type": "application/json", "Accept": "text/html"})
        try:
            answer = urlopen(request, timeout=20)
        except HTTPError as error:
            answer = error
        self.heap.add(f"answer of {address}", str(answer.headers).encode() + answer.read())

    def manage(self, *words: str, status: int | None = 0, **settings: str) -> str:
        environment = {**self.environment, **settings}
        process = subprocess.Popen(
            [sys.executable, "manage.py", *words], cwd=BASE, env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        self.look_at_process(process.pid, words[0])
        out, err = process.communicate(timeout=120)
        assert status is None or process.returncode == status, err.decode()
        self.heap.add(f"manage.py {' '.join(words)}", out + err if words[0] != "backup" else err)
        return out.decode(errors="replace")

    def look_at_process(self, pid: int, name: str) -> None:
        """What everybody may read of a process, and what only its owner may."""
        for kind in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                self.heap.add(f"{kind} of {name}", Path(f"/proc/{pid}/{kind}").read_bytes())
        with contextlib.suppress(OSError):
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                self.look_at_process(int(child), f"a child of {name}")

    def found(self) -> dict[str, set[str]]:
        places = {name: self.heap.places_of(secret) for name, secret in self.secrets().items()}
        return {name: where for name, where in places.items() if where}


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """Everything an operator and a stranger make the installation say."""
    with databases(2) as urls:
        place = Installation(tmp_path_factory.mktemp("secrets"), urls)
        with running_server(place.folder / "data", "--processes", "2", **place.settings) as server:
            place.environment = server.environment
            place.look_at_process(server.pid, "serve")
            public = place.manage("backup", "--make-key", str(place.folder / "backup.key")).strip()
            for path in PATHS:
                place.visit(server.origin + path)
            place.visit(f"{server.origin}/login/", b"{broken")
            place.visit(f"http://127.0.0.1:{place.metrics}/metrics")
            commands(place, public)
        place.heap.add("log of the server", server.log.read_bytes())
        yield place


def commands(place: Installation, public: str) -> None:
    key, archive = str(place.folder / "backup.key"), str(place.folder / "archive")
    place.manage("env")
    place.manage("env", "--json")
    place.manage("env", "DATABASE_URL", status=2)  # of these it says nothing at all
    place.manage("check", "--deploy")
    place.manage("check_setup", status=3)  # there is no mail server
    place.manage("backup", archive, BACKUP_PUBLIC_KEY=public)
    place.manage("verify_backup", archive, "--key", key)
    place.manage("restore", archive, "--key", key, status=None)
    place.manage("keylog_verify")
    place.manage("sendtestemail", "a@b.example", status=None)
    gone = f"postgres://chat:{PLANTED['password of the accounts']}@127.0.0.1:{free_port()}/accounts"
    (place.files / "gone").write_text(gone)
    place.manage("migrate", "--noinput", status=None, DATABASE_URL_FILE=str(place.files / "gone"))
    (place.files / "odd").write_text(gone.replace("postgres:", "postgers:"))
    place.manage("check", status=None, DATABASE_URL_FILE=str(place.files / "odd"))
    (place.files / "short").write_text(PLANTED["older SECRET_KEY"])
    place.manage("check", status=None, FIELD_KEYS_FILE=str(place.files / "short"))


def test_no_secret_shows_anywhere(lived):
    assert lived.found() == {}


def test_there_was_something_to_look_at(lived):
    places = " ".join(place for place, _ in lived.heap.pieces)
    for word in ("log of the server", "/metrics", "cmdline of serve", "environ of a child of serve", "manage.py env"):
        assert word in places
    log = next(content for place, content in lived.heap.pieces if place == "log of the server")
    assert len(log.splitlines()) > len(PATHS)
    assert all(json.loads(line) for line in log.splitlines() if line.startswith(b"{"))


@pytest.mark.parametrize("name", ["password of the accounts", "LOG_KEY_SEED, bytes", "SECRET_KEY"])
def test_a_secret_would_be_found(lived, name):
    secret = lived.secrets()[name]
    lived.heap.add("planted here", b"x" + secret.hex().encode())
    try:
        assert lived.found()[name] == {"planted here"}
    finally:
        lived.heap.pieces.pop()
