"""Runs vector files through the reference implementation: `run(files)` gives one result a case."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reference.errors import ProtocolError
from reference.vectors import build, judge

Case = dict[str, Any]
Result = dict[str, Any]


def run(files: list[Path]) -> list[Result]:
    """Each result is {"id", "type", "ok", "detail"}; the type of accept and refuse cases names their object."""
    return [check(case) for file in files for case in json.loads(file.read_text())["cases"]]


def lines(name: str, results: list[Result]) -> list[str]:
    """One line a case type: `reference  bundle 12 passed, 0 failed`."""
    passed = Counter(result["type"] for result in results if result["ok"])
    failed = Counter(result["type"] for result in results if not result["ok"])
    kinds = dict.fromkeys(result["type"] for result in results)
    return [f"{name:<9}  {kind} {passed[kind]} passed, {failed[kind]} failed" for kind in kinds]


def check(case: Case) -> Result:
    """One case; whatever goes wrong in it becomes the detail."""
    kind = f"{case['type']} {case['object']}" if "object" in case else case["type"]
    try:
        detail = _detail(case)
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
    return {"id": case["id"], "type": kind, "ok": not detail, "detail": detail}


def _detail(case: Case) -> str:
    if case["type"] == "refuse":
        return _refusal(judge.JUDGES[case["object"]], case)
    if case["type"] == "accept":
        judge.JUDGES[case["object"]](case["in"])
        return ""
    return build.difference(case)


def _refusal(judge_object: Callable[[Case], None], case: Case) -> str:
    try:
        judge_object(case["in"])
    except ProtocolError as error:
        return "" if error.code == case["error"] else f"{error.code} instead of {case['error']}"
    return f"accepted instead of {case['error']}"
