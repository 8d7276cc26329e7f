"""The commands that the guides tell people to type: lines of indented blocks, and first columns of tables.

`python -m tests.guides WORDS` prints the one command that is or holds WORDS, for checks that run what the guides say.
"""

import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from tests.sources import ROOT

GUIDES = ("self-hosting", "operations", "development", "kubernetes", "aws")
FILES = ("README.md", *(f"docs/{name}.md" for name in GUIDES))
REMARK = re.compile(r"\s{3,}\S.*$")  # what a line says behind its command
CELL = re.compile(r"^\| `((?:llave|bin/)[^`]*)` \|", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Command:
    """One command with its continuation lines joined; `file` tells it."""

    file: str
    text: str


def commands() -> list[Command]:
    found = []
    for file in FILES:
        text = (ROOT / file).read_text(encoding="utf-8")
        lines = [*(line for block in blocks(text) for line in joined(block)), *CELL.findall(text)]
        found += [Command(file, line) for line in dict.fromkeys(lines)]
    return found


def blocks(text: str) -> Iterator[str]:
    """Indented by four or more, behind an empty line; inside a list by four more than its text."""
    kept: list[str] = []
    before_is_empty = True
    for line in [*text.splitlines(), "end"]:
        inside = line.startswith("    ") and (kept or before_is_empty)
        if inside or (kept and not line.strip()):
            kept.append(line)
        elif kept:
            yield textwrap.dedent("\n".join(kept)).strip("\n")
            kept = []
        before_is_empty = not line.strip()


def joined(block: str) -> Iterator[str]:
    """A command a line; loops of the shell stay together."""
    whole = re.sub(r"\\\n\s*", "", block)
    whole = re.sub(r"^for .*?^done$", lambda loop: " ".join(loop[0].split()), whole, flags=re.MULTILINE | re.DOTALL)
    for line in whole.splitlines():
        if line.strip():
            yield REMARK.sub("", line.rstrip()) if not line.startswith(" ") else line.strip()


def the_one(words: str) -> str:
    """The command that is just these words, or the one that holds them. ValueError when none does, or several do."""
    known = {command.text for command in commands()}
    (found,) = known & {words} or {text for text in known if words in text}
    return found


if __name__ == "__main__":
    print(the_one(" ".join(sys.argv[1:])))
