"""Would a test cry? Takes one security check out of a copy of the server at a time and runs the tests that guard it.

    python -m tests.mutants_server               every mutant
    python -m tests.mutants_server NAME...       these only
    python -m tests.mutants_server --list        names, and what each takes away

Prints `name caught|SURVIVED seconds`; ends with 1 when a mutant survived, 2 when one no longer fits the source or
the tests fail without any. The working tree is never changed. Not part of pytest.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutants import Mutant, doors, installation, lines, mail, operation, people, public_keys, second

ROOT = Path(__file__).resolve().parent.parent
COPIED = (
    "accounts",
    "keys",
    "conversations",
    "chatproject",
    "reference",
    "templates",
    "static",
    "locale",
    "requirements",
    "docs",
)
FILES = ("conftest.py", "manage.py", "pyproject.toml")
TESTS = (
    "__init__.py",
    "settings.py",
    "bucket.py",
    "clocks.py",
    "services.py",
    "server.py",
    "sources.py",
    "test_headers.py",
    "test_architecture.py",
)
MUTANTS = [
    *doors.MUTANTS,
    *people.MUTANTS,
    *installation.MUTANTS,
    *public_keys.MUTANTS,
    *mail.MUTANTS,
    *operation.MUTANTS,
    *lines.MUTANTS,
    *second.MUTANTS,
]


def run(mutant: Mutant, copy: Path) -> bool:
    """Whether a test failed. The copy is as before afterwards."""
    path = copy / mutant.file
    source = path.read_text(encoding="utf-8")
    path.write_text(source.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        return not passes(mutant.tests, copy)
    finally:
        path.write_text(source, encoding="utf-8")


def passes(tests: Sequence[str], copy: Path) -> bool:
    """Whether these tests pass in the copy; the programme ends where they cannot even run."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=copy, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"The tests could not run: {' '.join(tests)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 0


def misfits(mutants: list[Mutant]) -> list[str]:
    """Mutants whose text does not stand exactly once in its file."""
    return [each.name for each in mutants if (ROOT / each.file).read_text(encoding="utf-8").count(each.old) != 1]


def make_copy(folder: Path) -> None:
    """What the tests of the server need, and nothing else."""
    unwanted = shutil.ignore_patterns("__pycache__", "*.sqlite3*")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    for name in FILES:
        shutil.copy2(ROOT / name, folder / name)
    (folder / "tests").mkdir()
    for name in TESTS:
        shutil.copy2(ROOT / "tests" / name, folder / "tests" / name)


def _environment() -> dict[str, str]:
    """Tests of the copy import the copy, write no byte code and use SQLite unless told otherwise."""
    unwanted = {"PYTHONPATH", "DATA_DIR", "DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1"}


def _check_all(mutants: list[Mutant]) -> int:
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "copy"
        copy.mkdir()
        make_copy(copy)
        if not passes(sorted({test for mutant in mutants for test in mutant.tests}), copy):
            print("The tests fail without any mutant: mend them first.", file=sys.stderr)
            return 2
        for mutant in mutants:
            began = time.monotonic()
            caught = run(mutant, copy)
            survivors += not caught
            print(f"{mutant.name} {'caught' if caught else 'SURVIVED'} {time.monotonic() - began:.1f}", flush=True)
        print(f"{len(mutants) - survivors} of {len(mutants)} caught")
    return 1 if survivors else 0


def main(arguments: list[str]) -> int:
    if "--help" in arguments or "-h" in arguments:
        print(__doc__)
        return 0
    if arguments == ["--list"]:
        print("\n".join(f"{each.name}: {each.file}" for each in MUTANTS))
        return 0
    known = {each.name: each for each in MUTANTS}
    if unknown := [name for name in arguments if name not in known]:
        print(f"There is no mutant {', '.join(unknown)}: see --list.", file=sys.stderr)
        return 2
    chosen = [known[name] for name in arguments] or list(MUTANTS)
    if odd := misfits(chosen):
        print(f"No longer fits its source: {', '.join(odd)}.", file=sys.stderr)
        return 2
    return _check_all(chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
