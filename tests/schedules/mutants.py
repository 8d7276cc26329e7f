"""Does each oracle see what it is for? One rule of the page is broken at a time, in a copy, and worlds are run there.

Behind `python -m tests.schedules --mutants`.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.attacks.mutants import LEFT_BEHIND, changed

ROOT = Path(__file__).resolve().parents[2]
EVENTS = "4000"
SECONDS = 1200
JS = "static/js/"

# what is broken: changes (file, old, new), and a word of what the oracle must say
MUTANTS: dict[str, tuple[list[tuple[str, str, str]], str]] = {
    "a nonce is used again": (
        [
            (
                "chat/browser-ring.js",
                "sealObject(bytes, place(name, n), randomBytes(32))",
                "sealObject(bytes, place(name, n), new Uint8Array(32))",
            )
        ],
        "sealed twice",
    ),
    "a gap is not told": ([("crypto/chain.js", "gap: counter - chain.next };", "gap: 0 };")], "says nothing"),
    "a fork is not noticed": (
        [("crypto/envelope.js", 'check(equal(header.th, epoch.th.subarray(0, TH_BYTES)), "EPOCH_FORK");', "")],
        "does not see the fork",
    ),
    "an older disk goes on": (
        [
            ("chat/unlocked.js", 'await this.trust.block(cid, "STATE_ROLLBACK");', ";"),
            ("chat/message-in.js", 'draft.block("STATE_ROLLBACK");', ""),
        ],
        "older disk",
    ),
    "a message is dropped": (
        [
            (
                "chat/message-in.js",
                "if (known) return putAgain(",
                "if (known || opened.header.counter % 9 === 8) return putAgain(",
            )
        ],
        "transcript",
    ),
}


def main() -> int:
    """Prints caught or SURVIVED for each; 1 when one survived."""
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_BEHIND)
        for name, (changes, word) in MUTANTS.items():
            verdict = outcome(tree, [(JS + file, old, new) for file, old, new in changes], word)
            survivors += verdict != "caught"
            print(f"{name:<28}{verdict}", flush=True)
    return 1 if survivors else 0


def outcome(tree: Path, changes: list[tuple[str, str, str]], word: str) -> str:
    if any((tree / file).read_text("utf-8").count(old) != 1 for file, old, _new in changes):
        return "GONE (the text is not there any more)"
    command = [sys.executable, "-m", "tests.schedules", "--seed", "1", "--events", EVENTS, "--plain"]
    with changed(changes, tree):
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode == 1 and word in done.stdout:
        return "caught"
    return f"SURVIVED\n{done.stdout[-800:]}{done.stderr[-800:]}"
