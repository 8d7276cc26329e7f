"""`manage.py verify_backup FILE --key KEYFILE`: can this archive be restored? Touches no database."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from chatproject.management import archives
from chatproject.services import backup

UNHEALTHY = 3


class Command(BaseCommand):
    help = (
        "Reads a whole archive with the private key: every piece is checked, the rows are counted. Ends with status 3 "
        "when it cannot be restored. Touches no database."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        archives.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        with archives.given(options, returncode=UNHEALTHY) as (source, key):
            summary = backup.verify(source, key, self._tell)
        made = summary.manifest
        for table, rows in summary.rows.items():
            self.stdout.write(f"{table}: {rows}")
        self.stdout.write(f"Whole: version {made.version}, {made.made_at}, log of keys at {made.log.get('size', 0)}.")

    def _tell(self, table: str, rows: int) -> None:
        self.stderr.write(f"{table}: {rows}")
