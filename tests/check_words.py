"""Has every sentence a Spanish twin? `python -m tests.check_words`: collects the sentences anew, in a copy, and lists
what is missing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("accounts", "chatproject", "conversations", "keys", "templates", "locale", "tests")


def missing() -> list[str]:
    """Sentences without a translation, or with a doubtful one, as they stand in the sources now."""
    with tempfile.TemporaryDirectory() as folder:
        for part in PARTS:
            shutil.copytree(ROOT / part, Path(folder, part), ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "manage.py", folder)
        _collect(Path(folder))
        words = polib.pofile(str(Path(folder, "locale/es/LC_MESSAGES/django.po")))
    return [entry.msgid for entry in words if not entry.obsolete and (entry.fuzzy or not entry.translated())]


def _collect(folder: Path) -> None:
    options = ["-l", "es", "--no-location", "--no-obsolete", "-v0", "-i", "tests"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    subprocess.run([sys.executable, "manage.py", "makemessages", *options], cwd=folder, check=True, env=environment)


def main() -> int:
    found = missing()
    for sentence in found:
        print(f"no Spanish for: {sentence!r}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
