"""Each test must be able to fail: one check of the client or the server is taken out at a time, in a copy of the tree.

python -m tests.attacks.mutants [A17...] prints number, file, seconds and verdict of each, with the test that noticed
it and what that test said, and ends with 1 unless all are caught. Before that the same tests run once without any
mutant: what fails then proves nothing and is an ERROR. A change with which nobody can sign in and write any more, or
which is no program, proves nothing either: it is BROKEN.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attacks import mutants_of_client, mutants_of_server
from tests.attacks.__main__ import FOLDER, numbers, tests_by_number
from tests.attacks.forks import Forks
from tests.attacks.guards import GUARDS

ROOT = Path(__file__).resolve().parents[2]
LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv", "var", "data", "static-built", "__pycache__", "*_cache", "docker")
JS = "static/js/"
SECONDS = 480
TOGETHER_SECONDS, UNTOUCHED_SECONDS = 1500, 3600
OUTCOME = re.compile(r"^(FAILED|ERROR|PASSED) .*::test_a(\d+)_", re.MULTILINE)
REASON = re.compile(r"^(FAILED|ERROR) (.*::(test_a(\d+)_\w+)(?:\[[^\]]*\])?)(?: - (.*))?$", re.MULTILINE)
REASON_LENGTH = 150
SPENT = re.compile(r"^(\d+\.\d+)s \w+ +.*::test_a(\d+)_", re.MULTILINE)
ALONE, HANG_SECONDS = {34}, 90  # without its check the page hangs
Change = tuple[str, str, str]  # file from the root of the tree, exact old text, new text


def mutants_of(number: int) -> list[Change]:
    """What is changed for this attack, all at once."""
    if number in mutants_of_server.MUTANTS:
        return [mutants_of_server.MUTANTS[number], *mutants_of_server.ALSO.get(number, [])]
    first = mutants_of_client.MUTANTS.get(number)
    client = [first, *mutants_of_client.ALSO.get(number, [])] if first else []
    return [(JS + file, old, new) for file, old, new in client]


def variants_of(number: int) -> list[list[Change]]:
    """What goes together, one list a run: the attack's mutant, then its further guards, each by itself."""
    more = [[change] for change in mutants_of_server.MORE.get(number, [])]
    more += [[(JS + file, old, new)] for file, old, new in mutants_of_client.MORE.get(number, [])]
    return [mutants_of(number), *more] if mutants_of(number) else []


def missing_texts(number: int) -> list[str]:
    """The texts to change that do not stand in their file exactly once."""
    changes = [change for changes in variants_of(number) for change in changes]
    return [old for file, old, _new in changes if (ROOT / file).read_text("utf-8").count(old) != 1]


def tests_of(number: int) -> list[str]:
    """The tests that must notice it, as pytest names them."""
    wanted = [GUARDS[number]] if number in GUARDS else tests_by_number()[number]
    files = {path.name: path.read_text("utf-8") for path in sorted(FOLDER.glob("test_*.py"))}
    return [f"tests/attacks/{file}::{name}" for file, text in files.items() for name in wanted if f" {name}(" in text]


@contextmanager
def kept(changes: list[Change], tree: Path) -> Iterator[None]:
    """Whatever is done to these files meanwhile, also by a run that is stopped in the middle of a change."""
    texts = {file: (tree / file).read_text("utf-8") for file, _old, _new in changes}
    try:
        yield
    finally:
        for file, text in texts.items():
            (tree / file).write_text(text, "utf-8")


@contextmanager
def changed(changes: list[Change], tree: Path) -> Iterator[None]:
    with kept(changes, tree):
        for file, old, new in changes:
            path = tree / file
            path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
        yield


def outcome(number: int, changes: list[Change], tree: Path, forks: Forks) -> str:
    """caught, SURVIVED, GONE when the text to change is no longer there, or BROKEN."""
    if any((tree / file).read_text("utf-8").count(old) != 1 for file, old, _new in changes):
        return "GONE (the text is not there any more)"
    with changed(changes, tree):
        if fault := no_program([tree / file for file, _old, _new in changes]):
            return f"BROKEN {fault}"
        seconds = HANG_SECONDS if number in ALONE else SECONDS
        code, printed = forks.pytest(["-x", "--attack-sound", *tests_of(number)], seconds)
    if code is None:
        return "caught (it hangs)" if number in ALONE else f"BROKEN took more than {seconds} s"
    if code == 0:
        return "SURVIVED"
    return noticed(printed, number)


def no_program(files: list[Path]) -> str:
    """What makes a changed file of Python no program, or one that names what is not there."""
    sources = [str(file) for file in files if file.suffix == ".py"]
    if not sources:
        return ""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--quiet", "--select", "E9,F821", *sources]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.partition("\n")[0]


def noticed(printed: str, number: int) -> str:
    """What the failure of a run says: caught by an assertion, or BROKEN when not even the ground for it was there.

    A test that failed had its ground: an ERROR of the same test is what it left behind, told by its fixtures.
    """
    found = [each for each in REASON.findall(printed) if int(each[3]) == number]
    failed = {test for word, test, *_rest in found if word == "FAILED"}
    counted = [(word, name, why) for word, test, name, _number, why in found if word == "FAILED" or test not in failed]
    if not counted:
        return f"BROKEN no test ran: {printed.strip()[-REASON_LENGTH:]}"
    word, name, reason = next((each for each in counted if each[0] == "ERROR"), counted[0])
    return f"{'BROKEN' if word == 'ERROR' else 'caught by'} {name}: {reason[:REASON_LENGTH]}"


def in_one_page(number: int) -> bool:
    """A change of the client that tests of the bench notice: they need no more than the page anew."""
    if number in ALONE or not all(file.startswith(JS) for file, _old, _new in mutants_of(number)):
        return False
    texts = {path.name: path.read_text("utf-8") for path in FOLDER.glob("test_*.py")}
    ids = [test.rpartition("/")[2].split("::") for test in tests_of(number)]
    return all(f"def {name}(bench" in texts[file] for file, name in ids)


def outcomes_together(wanted: list[int], tree: Path, forks: Forks) -> dict[int, tuple[float, str]]:
    """Of changes that one page can be given in turn: seconds and verdict; what could not be judged is left out."""
    named = [test for number in wanted for test in tests_of(number)]
    with kept([change for number in wanted for change in mutants_of(number)], tree):
        _code, printed = forks.pytest(["--attack-changed", "-rA", "-vv", "--durations=0", *named], TOGETHER_SECONDS)
    failed, passed, ended = (numbers_of(printed, word) for word in ("FAILED", "PASSED", "ERROR"))
    spent: dict[int, float] = defaultdict(float)
    for seconds, number in SPENT.findall(printed):
        spent[int(number)] += float(seconds)
    return {
        number: (spent[number], noticed(printed, number) if number in failed else "SURVIVED")
        for number in (failed | passed) - ended
    }


def numbers_of(printed: str, *words: str) -> set[int]:
    """The attacks of which a test came to this."""
    return {int(number) for word, number in OUTCOME.findall(printed) if word in words}


def red_already(wanted: list[int], forks: Forks) -> dict[int, str]:
    """Whose tests fail in the copy without any mutant, and what they say."""
    named = [test for number in wanted for test in tests_of(number)]
    code, printed = forks.pytest(named, UNTOUCHED_SECONDS)
    if code not in {0, 1}:
        raise SystemExit(f"The tests could not run without a mutant.\n{printed[-3000:]}")
    return {number: noticed(printed, number) for number in numbers_of(printed, "FAILED", "ERROR")}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.mutants", description=__doc__)
    parser.add_argument("attacks", nargs="*", help="A17 ...; all without any")
    parser.add_argument("--trust", action="store_true", help="do not run the tests without a mutant first")
    options = parser.parse_args(arguments)
    wanted = [number for number in numbers(options.attacks) if mutants_of(number)]
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_BEHIND)
        with Forks(tree) as forks:
            red = {} if options.trust else red_already(wanted, forks)
            quick = [one for one in wanted if one not in red and not missing_texts(one) and in_one_page(one)]
            known = outcomes_together(quick, tree, forks) if quick else {}
            for number in wanted:
                for place, changes in enumerate(variants_of(number)):
                    began = time.monotonic()
                    if number in red:
                        seconds, verdict = 0.0, f"ERROR (fails without it) {red[number]}"
                    elif number in known and place == 0:
                        seconds, verdict = known[number]
                    else:
                        verdict = outcome(number, changes, tree, forks)
                        seconds = time.monotonic() - began
                    outcomes.append(verdict)
                    print(f"A{number:<4}{changes[0][0]:<38}{seconds:6.1f} s  {verdict}", flush=True)
    caught = sum(one.startswith("caught") for one in outcomes)
    print(f"{caught} of {len(outcomes)} caught")
    return 0 if caught == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
