"""Are the hashed requirements made from the lists as they stand? `python -m tests.check_requirements [--write]`.

The first line of each `.txt` carries the SHA-256 of its `.in`; every package is pinned with hashes, and no address
stands anywhere. A list made on one Python serves all of them: what a package asks for on another one is pinned too.
"""

import hashlib
import re
import sys
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).resolve().parent.parent / "requirements"
PYTHONS = ("3.11.0", "3.11.2", "3.11.3", "3.12.0", "3.13.0", "3.14.0")
LINUX = {"platform_system": "Linux", "sys_platform": "linux", "os_name": "posix", "extra": ""}
MARK = "# made by bin/lock from the list with sha256 "


def findings(name: str) -> list[str]:
    """What is wrong with requirements/NAME.txt; empty when it is fresh."""
    lines = (FOLDER / f"{name}.txt").read_text().splitlines()
    pins = [line for line in lines if re.match(r"[a-z0-9]", line)]
    wrong = [] if lines[0] == MARK + _digest(name) else [f"{name}.txt is older than {name}.in: run bin/lock"]
    wrong += [f"not pinned: {pin}" for pin in pins if "==" not in pin]
    wrong += [f"no hash: {pin}" for pin in pins if not pin.endswith("\\")]
    return wrong + [f"an address: {line}" for line in lines if "://" in line or line.startswith("-")]


def unpinned(name: str) -> list[str]:
    """What an installed package of requirements/NAME.txt asks for on some Python, and the list does not pin."""
    pinned = {line.split("==")[0] for line in (FOLDER / f"{name}.txt").read_text().splitlines() if "==" in line}
    installed = {canonicalize_name(found.metadata["Name"]): found for found in distributions()}
    wished = {Requirement(wish) for pin in pinned & installed.keys() for wish in installed[pin].requires or []}
    missing = sorted(str(wish) for wish in wished if canonicalize_name(wish.name) not in pinned and _is_asked(wish))
    return [f"not pinned for every Python: {wish}" for wish in missing]


def _is_asked(wish: Requirement) -> bool:
    return wish.marker is None or any(wish.marker.evaluate(_environment(full)) for full in PYTHONS)


def _environment(full: str) -> dict[str, str]:
    return {**LINUX, "python_full_version": full, "python_version": full.rpartition(".")[0]}


def write(name: str) -> None:
    path = FOLDER / f"{name}.txt"
    body = [line for line in path.read_text().splitlines() if not line.startswith(MARK)]
    path.write_text("\n".join([MARK + _digest(name), *body]) + "\n")


def _digest(name: str) -> str:
    return hashlib.sha256((FOLDER / f"{name}.in").read_bytes()).hexdigest()


def main() -> int:
    if "--write" in sys.argv:
        for name in ("base", "s3", "dev"):
            write(name)
    wrong = [one for name in ("base", "s3", "dev") for one in findings(name) + unpinned(name)]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
