"""Can two people write to each other here? No server can try that by itself, for it never has a key: a client does, in
a process without any secret of the server, through the public address.
"""

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from django.conf import settings
from django.core.management import call_command

from chatproject import env
from chatproject.services.setup import Finding

SECONDS = 240
NAME = re.compile(r"probe-[0-9a-f]{8}-[ab]")


def people_can_write() -> Iterator[Finding]:
    """Two throw-away accounts, keys, a message each way, the log of keys verified; then both are switched off."""
    if not (find_spec("reference") and find_spec("websockets")):
        fix = f"run bin/probe {settings.SITE_URL} on a machine with this repository"
        yield Finding("PROBE_ELSEWHERE", "There is no client on this machine that could try.", fix, serious=False)
        return
    if settings.REGISTRATION != "open":
        says = "Nobody can sign up (REGISTRATION), so no throw-away people could try."
        yield Finding("PROBE_CLOSED", says, "let two people you trust try, or open it for a moment", serious=False)
        return
    yield from _probed()


def _probed() -> Iterator[Finding]:
    command = [sys.executable, "-m", "reference.probe", settings.SITE_URL]
    try:
        done = subprocess.run(  # noqa: S603  our own programme
            command, cwd=env.BASE_DIR, env=env.for_another_program(), capture_output=True, text=True, timeout=SECONDS
        )
        said, failed = done.stdout, done.returncode != 0
    except subprocess.TimeoutExpired as late:
        said, failed = f"PROBE_FAILED: took too long\n{late.stdout or b''!r}", True
    if names := sorted(set(NAME.findall(said))):
        call_command("account_disable", *names, stdout=io.StringIO())
    if failed:
        yield Finding("PROBE_FAILED", said.splitlines()[0].removeprefix("PROBE_FAILED: "), "try that step as a person")
