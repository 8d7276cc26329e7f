"""Runs management commands one after another in one process: `python -m tests.run_commands < LINES`.

Each line of the input is a JSON list of words; each line of the output `{"status", "out", "err"}`. Starting Django is
most of what a short command costs.
"""

import contextlib
import io
import json
import sys

from django.core.management import ManagementUtility
from django.core.management.base import CommandError


def run(words: list[str]) -> dict[str, object]:
    out, err, status = io.TextIOWrapper(io.BytesIO(), write_through=True), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            ManagementUtility(["manage.py", *words]).execute()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(bool(end.code))
        except CommandError as error:
            status = error.returncode
            err.write(str(error))
    return {"status": status, "out": out.buffer.getvalue().decode("latin-1"), "err": err.getvalue()}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
