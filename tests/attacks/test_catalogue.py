"""The catalogue is whole: each attack has a test or a reason, each test its mutant, each claim its test."""

import re

from tests.attacks import __main__ as table
from tests.attacks import mutants
from tests.attacks.catalogue import NAMES
from tests.attacks.guards import GUARDS
from tests.attacks.open import BROKEN, NO_MUTANT, NOT_AUTOMATED, PARTLY
from tests.sources import ROOT

NAMED = re.compile(r"`(test_\w+)`")
DEFINED = re.compile(r"^\s*(?:async )?def (test_\w+)\(", re.MULTILINE)
FOLDERS = ("accounts", "chatproject", "conversations", "keys", "reference", "tests")


def all_tests() -> set[str]:
    """The names of all test functions of the tree."""
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("test_*.py"))
    return {name for path in files for name in DEFINED.findall(path.read_text("utf-8"))}


def test_each_attack_has_a_test_or_a_reason():
    tests = table.tests_by_number()
    assert [number for number in NAMES if not tests[number] and number not in NOT_AUTOMATED] == []
    assert set(NOT_AUTOMATED) | set(PARTLY) | set(NO_MUTANT) <= set(NAMES)
    assert set(BROKEN) <= all_tests()


def test_each_attack_with_a_test_has_a_mutant_or_a_reason():
    tests = table.tests_by_number()
    without = {number for number in NAMES if tests[number] and not mutants.mutants_of(number)}
    assert without <= set(NO_MUTANT)


def test_what_a_mutant_changes_stands_in_its_file_once():
    assert {number: texts for number in NAMES if (texts := mutants.missing_texts(number))} == {}


def test_the_tests_that_guard_are_tests_of_their_attack():
    tests = table.tests_by_number()
    assert {number for number, name in GUARDS.items() if name not in tests[number]} == set()


def test_only_what_a_test_says_catches_a_change():
    failed = "FAILED tests/attacks/test_x.py::test_a39_shown_once[a b] - Failed: shown twice\n"
    ended = "ERROR tests/attacks/test_x.py::test_a39_shown_once[c] - SyntaxError: (\n"
    other = "FAILED tests/attacks/test_x.py::test_a03_refused - Failed: taken\n"
    assert mutants.noticed(other + failed, 39) == "caught by test_a39_shown_once: Failed: shown twice"
    assert mutants.noticed(failed + ended, 39).startswith("BROKEN test_a39_shown_once: SyntaxError")
    assert mutants.noticed(other, 39).startswith("BROKEN no test ran")


def test_what_a_failed_test_leaves_behind_takes_nothing_from_it():
    failed = "FAILED tests/attacks/test_x.py::test_a39_shown_once[c] - Failed: shown twice\n"
    left = "ERROR tests/attacks/test_x.py::test_a39_shown_once[c] - AssertionError: complaints\n"
    for printed in (failed + left, left + failed):
        assert mutants.noticed(printed, 39) == "caught by test_a39_shown_once: Failed: shown twice"
    assert mutants.noticed(left, 39) == "BROKEN test_a39_shown_once: AssertionError: complaints"


def test_no_program_is_told(tmp_path):
    sources = {"sound.py": "a = 1\n", "open.py": "a = (\n", "unnamed.py": "a = b\n", "page.js": "a = (\n"}
    for name, text in sources.items():
        (tmp_path / name).write_text(text)
    faults = {name: bool(mutants.no_program([tmp_path / name])) for name in sources}
    assert faults == {"sound.py": False, "open.py": True, "unnamed.py": True, "page.js": False}


def test_every_claim_of_the_threat_model_has_its_test():
    text = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    rows = [line for line in text.partition("## What holds this")[2].splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 15
    assert [row for row in rows if not NAMED.findall(row)] == [], "without a test"
    assert set(NAMED.findall(text)) - all_tests() == set(), "names that no test has"
    letters = [row.split("|")[1].strip() for row in rows]
    table = text.partition("## Who may learn what")[2].partition("## Honest limits")[0]
    used = set(re.findall(r"\(([A-Z])(?::[^)]*)?\)", table))
    assert used == set(letters), "the letters of both tables"
