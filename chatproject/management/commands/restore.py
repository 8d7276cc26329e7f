"""`manage.py restore FILE --key KEYFILE`: fill empty databases from an archive, before the server starts."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from chatproject.importmap import import_map, is_gathered
from chatproject.lib.private import keep_private
from chatproject.management import archives
from chatproject.services import backup


class Command(BaseCommand):
    help = (
        "Fills empty databases from an archive, whatever database it came from, under a new incarnation (browsers "
        "notice and offer what is missing), brings them up to date, checks the log of keys and puts the release that "
        "is served into it. Refuses, and changes nothing, when there is anything in them but what `migrate` makes."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        archives.add_arguments(parser)
        parser.add_argument("--other-secrets", action="store_true", help="although LOG_KEY_SEED or FIELD_KEYS differ")

    def handle(self, *args: Any, **options: Any) -> None:
        keep_private()
        with archives.given(options) as (source, key):
            summary = backup.restore(source, key, self._tell, other_secrets=options["other_secrets"])
        for alias in settings.DATABASES:
            call_command("migrate", database=alias, interactive=False, verbosity=0)
        call_command("keylog_verify", quiet=True, stdout=self.stderr)
        if is_gathered():  # else `prepare` logs it once it has gathered them
            call_command("keylog_assets", import_map().manifest_hash, stdout=self.stderr)
        self.stdout.write(f"Restored {sum(summary.rows.values())} rows of {summary.manifest.made_at}.")

    def _tell(self, table: str, rows: int) -> None:
        self.stderr.write(f"{table}: {rows}")
