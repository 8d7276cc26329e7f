"""Are the hashed requirements made from the lists as they stand? `python -m tests.check_requirements [--write]`.

The first line of each `.txt` carries the SHA-256 of its `.in`; every package is pinned with hashes, and no address
stands anywhere.
"""

import hashlib
import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "requirements"
MARK = "# made by bin/lock from the list with sha256 "


def findings(name: str) -> list[str]:
    """What is wrong with requirements/NAME.txt; empty when it is fresh."""
    lines = (FOLDER / f"{name}.txt").read_text().splitlines()
    pins = [line for line in lines if re.match(r"[a-z0-9]", line)]
    wrong = [] if lines[0] == MARK + _digest(name) else [f"{name}.txt is older than {name}.in: run bin/lock"]
    wrong += [f"not pinned: {pin}" for pin in pins if "==" not in pin]
    wrong += [f"no hash: {pin}" for pin in pins if not pin.endswith("\\")]
    return wrong + [f"an address: {line}" for line in lines if "://" in line or line.startswith("-")]


def write(name: str) -> None:
    path = FOLDER / f"{name}.txt"
    body = [line for line in path.read_text().splitlines() if not line.startswith(MARK)]
    path.write_text("\n".join([MARK + _digest(name), *body]) + "\n")


def _digest(name: str) -> str:
    return hashlib.sha256((FOLDER / f"{name}.in").read_bytes()).hexdigest()


def main() -> int:
    if "--write" in sys.argv:
        for name in ("base", "dev"):
            write(name)
    wrong = findings("base") + findings("dev")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
