"""What CHANGELOG.md says of releases: their headings and the line `Upgrade:` below each.

A heading is `## VERSION (DATE)` or `## VERSION (unreleased)`; a release is tagged `vVERSION`. The line `Upgrade:` says
what the release takes, and ends with `Runs beside REF.`: the tag of the release whose code may still run on its tables,
before the first one a commit that stands for it.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.sources import ROOT

HEADING = re.compile(r"^## (\d+\.\d+\.\d+) \((unreleased|\d{4}-\d\d-\d\d)\)$", re.MULTILINE)
UPGRADE = re.compile(r"^Upgrade: (.+?) Runs beside `([\w.]+)`\.$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Release:
    """`takes`: what an operator does; `beside`: the tag or commit whose code runs on the same tables."""

    version: str
    is_out: bool
    takes: str
    beside: str


def releases(text: str) -> list[Release]:
    """The newest first. ValueError when one has no line `Upgrade:`."""
    found = []
    headings = list(HEADING.finditer(text))
    for heading, after in zip(headings, [*headings[1:], None], strict=True):
        upgrade = UPGRADE.search(text, heading.end(), after.start() if after else len(text))
        if upgrade is None:
            raise ValueError(f"CHANGELOG.md does not say what {heading[1]} takes: Upgrade: ... Runs beside `REF`.")
        found.append(Release(heading[1], heading[2] != "unreleased", " ".join(upgrade[1].split()), upgrade[2]))
    return found


def current() -> list[Release]:
    return releases((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


def unpack(ref: str, folder: Path) -> Path:
    """The tree of a tag or commit, in a new folder. RuntimeError where the history does not reach so far."""
    done = subprocess.run(["git", "archive", ref], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"This checkout lacks {ref}: `git fetch --unshallow --tags`. {done.stderr.decode().strip()}")
    subprocess.run(["tar", "-x", "-C", folder], input=done.stdout, check=True)
    return folder
