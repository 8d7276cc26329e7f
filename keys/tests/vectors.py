"""The shared test values, by type (docs/protocol.md, section 15)."""

import functools
import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[2] / "tests" / "vectors" / "own.json"


@functools.cache
def _cases() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(FILE.read_text())["cases"]
    return cases


def of_type(kind: str, *objects: str) -> list[dict[str, Any]]:
    """Cases of one type; of `accept` and `refuse` only those about the named objects."""
    return [case for case in _cases() if case["type"] == kind and (not objects or case["object"] in objects)]
