"""Both implementations against vector files: our own generated set, and any other file named in E2C_VECTORS."""

import json
import os
from pathlib import Path

import pytest

from reference.vectors import check
from tests.vectors.generate import generate

OWN = Path(__file__).with_name("own.json")
FILES = [OWN, *(Path(name) for name in os.environ.get("E2C_VECTORS", "").split(os.pathsep) if name)]
CASES = [case for file in FILES for case in json.loads(file.read_text())["cases"]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_reference_agrees(case):
    result = check.check(case)
    assert result["ok"], result["detail"]


def test_a_wrong_expectation_would_fail():
    refused = next(case for case in CASES if case["type"] == "refuse")
    built = next(case for case in CASES if case["type"] == "label")
    assert not check.check({**refused, "error": "STATE_ROLLBACK"})["ok"]
    assert not check.check({**built, "out": {"label": "00"}})["ok"]


def test_the_own_set_is_what_its_seed_gives():
    own = json.loads(OWN.read_text())
    assert generate(1, own["count"]) == own


@pytest.mark.browser
def test_the_browser_agrees():
    from tests.vectors import browser

    failures = [(result["id"], result["detail"]) for result in browser.run(FILES) if not result["ok"]]
    assert not failures
