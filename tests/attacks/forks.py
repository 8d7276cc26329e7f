"""Runs pytest again and again in a tree without starting anew: a process that has imported everything is forked.

Each run is a child of its own, so that no run sees what another has left in memory.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

OPTIONS = ["-q", "--tb=line", "--attack-full", "-p", "no:cacheprovider"]
TIDY_SECONDS = 30  # for a run that took too long: its servers and browsers are ended by its fixtures
TICK_SECONDS = 0.05
WIDTH = "400"  # pytest cuts what a failed test said at the edge of its terminal
IMPORTED = ["pytest", "playwright.sync_api", "tests.attacks.guarded", "tests.attacks.pages", "tests.attacks.talkers"]


class Forks:
    """The parent of the runs, in the tree; nothing of ours is imported from anywhere else there."""

    def __init__(self, tree: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": WIDTH}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.forks"],
            cwd=tree,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Forks":
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.communicate()

    def pytest(self, arguments: list[str], seconds: int) -> tuple[int | None, str]:
        """Its exit code, None when it took longer; and what it printed."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps([arguments, seconds]), file=self._process.stdin, flush=True)
        code, printed = json.loads(self._process.stdout.readline())
        return code, printed


def _run(arguments: list[str], seconds: int) -> tuple[int | None, str]:
    with tempfile.TemporaryFile() as printed:
        child = os.fork()
        if child == 0:
            for stream in (1, 2):
                os.dup2(printed.fileno(), stream)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            import pytest

            code = int(pytest.main([*OPTIONS, *arguments]))
            sys.stdout.flush()
            os._exit(code)
        code = _wait(child, seconds)
        printed.seek(0)
        return code, printed.read().decode("utf-8", "replace")


def _wait(child: int, seconds: int) -> int | None:
    """The exit code; None for a child that had to be ended: it may tidy up first."""
    for wait, sign in ((seconds, signal.SIGINT), (TIDY_SECONDS, signal.SIGKILL)):
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status) if sign is signal.SIGINT else None
            time.sleep(TICK_SECONDS)
        os.kill(child, sign)
    os.waitpid(child, 0)
    return None


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    for name in IMPORTED:
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(_run(*json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
