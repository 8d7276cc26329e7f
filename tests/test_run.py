"""bin/run: one command from nothing to a running site, and one clear sentence when it cannot."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services import free_port
from tests.sources import ROOT

SENTENCE_SECONDS = 60
START_SECONDS = 90


@pytest.fixture
def copy(tmp_path):
    """A copy of what bin/run reads before it starts anything, without a virtual environment."""
    for name in ("bin", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name)
    return tmp_path / "copy"


@pytest.fixture
def ready_copy(copy):
    """The same with the environment of this test run, which is up to date."""
    venv = copy / ".venv"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    digest = subprocess.run(
        ["sha256sum", copy / "requirements" / "base.txt"], capture_output=True, text=True, check=True
    )
    (venv / ".base-installed").write_text(digest.stdout.split()[0])
    return copy


def run(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "DATA_DIR": str(folder / "data"), **settings}
    return subprocess.run(
        ["bin/run", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SENTENCE_SECONDS,
        check=False,
    )


def fake_python(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].endswith(".")
    assert all(word in lines[0] for word in words), lines
    assert done.stdout == ""


def test_help_says_what_it_does(copy):
    done = run(copy, "--help")
    assert done.returncode == 0
    assert "PORT" in done.stdout
    assert "DATA_DIR" in done.stdout


def test_an_unknown_word_is_refused_with_the_help(copy):
    done = run(copy, "--fast")
    assert done.returncode == 2
    assert "PORT" in done.stderr


@pytest.mark.parametrize("port", ["0", "65536", "80a", "-1", "99999", " ", "8000;"])
def test_a_port_that_is_none_is_refused_in_one_sentence(copy, port):
    assert_one_sentence(run(copy, PORT=port), "PORT", "1", "65535")


def test_a_busy_port_is_told_in_one_sentence(ready_copy):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert_one_sentence(run(ready_copy, PORT=port), port, "in use")
    assert not (ready_copy / "data").exists()


def test_an_old_python_is_told_in_one_sentence(copy, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "env", "sh", "dirname", "cut", "sha256sum", "cat", "realpath", "sed"):
        (tools / name).symlink_to(shutil.which(name))
    for name in ("python3", "python"):
        fake_python(tools, name, "exit 1  # what sys.exit(sys.version_info < (3, 11)) does in an old one")
    assert_one_sentence(run(copy, PATH=str(tools), PORT=str(free_port())), "3.11", "python3-venv")


def test_a_python_without_venv_is_told_in_one_sentence(copy, tmp_path):
    script = f'case "$2" in *ensurepip*) exit 1 ;; esac\nexec "{sys.executable}" "$@"'
    python = fake_python(tmp_path, "python-without-venv", script)
    assert_one_sentence(run(copy, PYTHON=str(python), PORT=str(free_port())), "venv", "python3-venv")


# --- really running --------------------------------------------------------------------------------------------------


@contextmanager
def running(data: Path) -> Iterator[tuple[str, Path]]:
    """bin/run of this project on a free port; gives its address and the file of what it printed."""
    port = free_port()
    output = data.parent / f"run-{port}.txt"
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with output.open("wb") as out:
        process = subprocess.Popen(
            [ROOT / "bin" / "run"],
            cwd=ROOT,
            env={**kept, "PORT": str(port), "DATA_DIR": str(data)},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(f"http://localhost:{port}/readyz", process, output)
        yield f"http://localhost:{port}", output
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(output.read_text())


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """What two runs of the same data folder printed, and the folder's state in between and after."""
    data = tmp_path_factory.mktemp("run") / "data"
    states, printed = [], []
    for _ in range(2):
        with running(data) as (url, output):
            with urllib.request.urlopen(f"{url}/login/", timeout=20) as page:
                assert page.status == 200
            printed.append(output.read_text())
            states.append({path.name: path.read_text() for path in (data / "secrets").iterdir()})
    return data, printed, states


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_it_keeps_is_closed_to_other_users(two_runs):
    data, _, _ = two_runs
    assert mode(data) == 0o700
    assert mode(data / "secrets") == 0o700
    assert {mode(path) for path in (data / "secrets").iterdir()} == {0o600}
    assert all(mode(path) & 0o077 == 0 for path in data.glob("*.sqlite3*"))


def test_it_says_where_the_site_is_and_gives_the_link_of_the_first_administrator(two_runs):
    _, printed, _ = two_runs
    assert re.search(r"is at\s+http://localhost:\d+", printed[0])
    assert re.search(r"http://localhost:\d+/setup/\S+", printed[0])


def test_a_second_run_keeps_secrets_and_data(two_runs):
    data, _, states = two_runs
    assert states[0] == states[1]
    assert (data / "chat.sqlite3").stat().st_size > 0


def test_it_prints_no_secret(two_runs):
    _, printed, states = two_runs
    assert len(states[0]) >= 3
    for value in states[0].values():
        assert value.strip()
        assert not any(value.strip() in text for text in printed)
