"""The numbers and names of the attacks: 104 lines of which each must have a test or a reason."""

import re
from pathlib import Path

NAMES: dict[int, str] = {}
for _line in (Path(__file__).parent / "catalogue.txt").read_text("utf-8").splitlines():
    _number, _, _name = _line.partition(" ")
    NAMES[int(_number[1:])] = _name
_TEST = re.compile(r"^test_a(\d{2,3})_")


def number_of(test_name: str) -> int | None:
    """The attack that a test tries, from its name."""
    found = _TEST.match(test_name)
    return int(found[1]) if found and int(found[1]) in NAMES else None
