"""`manage.py verify_backup FILE --key KEYFILE`: can this archive be restored? Touches no database."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chatproject.services import backup

UNHEALTHY = 3


class Command(BaseCommand):
    help = (
        "Reads a whole archive with the private key: every piece is checked, the rows are counted. Ends with status 3 "
        "when it cannot be restored. Touches no database."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the archive; - for standard input")
        parser.add_argument("--key", required=True, help="the file with the private key")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key = backup.read_private_key(Path(options["key"]).read_text(encoding="ascii"))
            summary = self._verify(options["file"], key)
        except OSError as error:
            raise CommandError(f"CANNOT_READ: {error.filename}: {error.strerror}.") from None
        except backup.BackupRefused as refused:
            raise CommandError(str(refused), returncode=UNHEALTHY) from None
        made = summary.manifest
        for table, rows in summary.rows.items():
            self.stdout.write(f"{table}: {rows}")
        self.stdout.write(f"Whole: version {made.version}, {made.made_at}, log of keys at {made.log.get('size', 0)}.")

    def _verify(self, file: str, key: Any) -> backup.Summary:
        if file == "-":
            return backup.verify(sys.stdin.buffer, key, self._tell)
        with Path(file).open("rb") as source:
            return backup.verify(source, key, self._tell)

    def _tell(self, table: str, rows: int) -> None:
        self.stderr.write(f"{table}: {rows}")
