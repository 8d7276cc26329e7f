"""Runs the catalogue and prints what became of each attack: `python -m tests.attacks [--list] [--open] [A17...]`."""

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.attacks.catalogue import NAMES, number_of
from tests.attacks.open import BROKEN, NOT_AUTOMATED, PARTLY

FOLDER = Path(__file__).parent
DEFINED = re.compile(r"^(?:async )?def (test_a\d+_\w+)\(", re.MULTILINE)


class Verdicts:
    """A pytest plugin that keeps the outcome and the seconds of every test, by attack."""

    def __init__(self) -> None:
        self.seconds: dict[int, float] = defaultdict(float)
        self.failed: dict[int, list[str]] = defaultdict(list)
        self.passed: dict[int, int] = defaultdict(int)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.rpartition("::")[2]
        number = number_of(name)
        if number is None:
            return
        self.seconds[number] += report.duration if report.when == "call" else 0
        if report.failed:
            self.failed[number].append(name)
        elif report.when == "call":
            self.passed[number] += 1


def tests_by_number() -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for path in sorted(FOLDER.glob("test_*.py")):
        for name in DEFINED.findall(path.read_text("utf-8")):
            found[number_of(name) or 0].append(name)
    return found


def verdict(number: int, run: Verdicts, tests: list[str]) -> str:
    """held; OPEN with the reason; BROKEN with the test that failed unexpectedly."""
    if run.failed[number]:
        return f"BROKEN {run.failed[number][0]}"
    open_tests = [name for name in tests if name in BROKEN]
    reasons = [BROKEN[name] for name in open_tests]
    if number in NOT_AUTOMATED:
        reasons.append(NOT_AUTOMATED[number])
    if reasons:
        kept = f"{run.passed[number]} of its tests hold; " if run.passed[number] else ""
        return f"OPEN {kept}{'; '.join(reasons)}"
    if not run.passed[number]:
        return "OPEN no test"
    return f"held ({PARTLY[number]})" if number in PARTLY else "held"


def numbers(words: list[str]) -> list[int]:
    return [int(word.upper().removeprefix("A")) for word in words] or list(NAMES)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attacks")
    parser.add_argument("attacks", nargs="*", help="A17 ...; all without any")
    parser.add_argument("--list", action="store_true", help="only say which attack has which tests")
    parser.add_argument("--open", action="store_true", help="run the tests of known faults as well")
    options = parser.parse_args(arguments)
    wanted, tests = numbers(options.attacks), tests_by_number()
    if options.list:
        for number in wanted:
            print(f"A{number:02d} {NAMES[number]}: {', '.join(tests[number]) or NOT_AUTOMATED.get(number, 'no test')}")
        return 0
    run = Verdicts()
    chosen = " or ".join(f"test_a{number:02d}_" for number in wanted)
    extra = ["--attack-full", *(["--attack-open"] if options.open else [])]
    code = pytest.main([str(FOLDER), "-q", "--tb=short", "-k", chosen, "-p", "no:cacheprovider", *extra], plugins=[run])
    print_table(wanted, run, tests)
    return 1 if code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED} else 0


def print_table(wanted: list[int], run: Verdicts, tests: dict[int, list[str]]) -> None:
    verdicts = {number: verdict(number, run, tests[number]) for number in wanted}
    for number, text in verdicts.items():
        print(f"A{number:<4}{NAMES[number][:44]:<46}{run.seconds[number]:6.1f} s  {text}")
    words = [text.split()[0] for text in verdicts.values()]
    print(f"{words.count('held')} held, {words.count('OPEN')} OPEN, {words.count('BROKEN')} BROKEN of {len(words)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
