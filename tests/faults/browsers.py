"""Real pages against real servers: files of tests/browser, by pytest in a process group of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.faults.people import Fault

ROOT = Path(__file__).resolve().parents[2]
END_SECONDS = 30.0


def run_tests(files: tuple[str, ...], seconds: float) -> str:
    """Pytest's last line. Fault when a test fails, or when it is not over in time."""
    python = [sys.executable, "-m"]
    command = [*python, "tests.services", "none", "--", *python, "pytest", "-q", "--no-header", "--tb=line", *files]
    process = subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Fault(f"not over after {seconds:g} s: {_end(process)}") from None
    lines = [line for line in said.splitlines() if line.strip()]
    if process.returncode:
        raise Fault("; ".join(line for line in lines if line.startswith(("E ", "FAILED", "ERROR"))) or lines[-1])
    return lines[-1].strip(" =")


def _end(process: subprocess.Popen[str]) -> str:
    """Interrupts it, so that it stops its servers; the last line that it said."""
    for number in (signal.SIGINT, signal.SIGKILL):
        os.killpg(process.pid, number)
        try:
            said, _ = process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return said.strip().rpartition("\n")[2]
    return ""
