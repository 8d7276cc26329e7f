"""bin/bench first-message: from a fresh clone and an empty home to a message that arrived, as a newcomer does it.

    --keep               leave the clone behind and say where
    --again              start a second time, too, with what the first left

Clones what is committed here, runs `bin/run` with nothing in its home but what the system gives pip, waits until it
says that it serves, and lets two people sign up and write (the reference client: what takes a person minutes of reading
takes it seconds). Needs the package index that pip finds. The table tells the seconds of each step.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from reference import probe
from tests.services import free_port
from tests.sources import ROOT

READY_SECONDS = 600
STOP_SECONDS = 30
KEPT = ("PATH", "LANG", "SSL_CERT_FILE", "PIP_CONFIG_FILE")


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    with _folder(options.keep) as folder:
        took = {"git clone": _timed(lambda: _clone(folder / "chat"))}
        took |= _first_message(folder, "bin/run")
        took["first messages, all in all"] = sum(took.values())
        if options.again:
            took |= _first_message(folder, "bin/run again")
    print("\n".join(f"{step:<32}{seconds:>8.1f} s" for step, seconds in took.items()))
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/bench first-message", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("--keep", "--again"):
        parser.add_argument(name, action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


@contextmanager
def _folder(keep: bool) -> Iterator[Path]:
    if keep:
        folder = Path(tempfile.mkdtemp(prefix="first-message-"))
        yield folder
        print(f"The clone is in {folder}.")
        return
    with tempfile.TemporaryDirectory(prefix="first-message-") as name:
        yield Path(name)


def _clone(target: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True)


def _first_message(folder: Path, name: str) -> dict[str, float]:
    """Until the page is served; until two people have written to each other."""
    home, port = folder / "home", free_port()
    home.mkdir(exist_ok=True)
    kept = {word: os.environ[word] for word in KEPT if word in os.environ}
    environment = {**kept, "HOME": str(home), "PORT": str(port)}
    began = time.monotonic()
    with subprocess.Popen(
        ["bin/run"], cwd=folder / "chat", env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            _wait(port, process)
            served = time.monotonic() - began
            made: list[str] = []
            wrote = _timed(lambda: asyncio.run(probe.probe(f"http://localhost:{port}", made)))
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(STOP_SECONDS)
    return {f"{name}, until it serves": served, f"{name}, two people write": wrote}


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(port):
            return
        time.sleep(0.1)
    raise RuntimeError("bin/run did not come to serve: see above")


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://localhost:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
