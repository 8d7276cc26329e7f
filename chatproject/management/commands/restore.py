"""`manage.py restore FILE --key KEYFILE`: fill empty databases from an archive, before the server starts."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from chatproject.importmap import import_map, is_gathered
from chatproject.lib.private import keep_private
from chatproject.services import backup


class Command(BaseCommand):
    help = (
        "Fills empty databases from an archive, whatever database it came from, brings them up to date, gives them a "
        "new incarnation (browsers notice and offer what is missing), checks the log of keys and puts the release that "
        "is served into it. Refuses, and changes nothing, when there is anything in them but what `migrate` makes."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the archive; - for standard input")
        parser.add_argument("--key", required=True, help="the file with the private key")
        parser.add_argument("--other-secrets", action="store_true", help="although LOG_KEY_SEED or FIELD_KEYS differ")

    def handle(self, *args: Any, **options: Any) -> None:
        keep_private()
        try:
            key = backup.read_private_key(Path(options["key"]).read_text(encoding="ascii"))
            summary = self._restore(options["file"], key, other_secrets=options["other_secrets"])
        except OSError as error:
            raise CommandError(f"CANNOT_READ: {error.filename}: {error.strerror}.") from None
        except backup.BackupRefused as refused:
            raise CommandError(str(refused)) from None
        for alias in settings.DATABASES:
            call_command("migrate", database=alias, interactive=False, verbosity=0)
        call_command("renew_incarnation", stdout=self.stderr)
        call_command("keylog_verify", quiet=True, stdout=self.stderr)
        if is_gathered():  # else `prepare` logs it once it has gathered them
            call_command("keylog_assets", import_map().manifest_hash, stdout=self.stderr)
        self.stdout.write(f"Restored {sum(summary.rows.values())} rows of {summary.manifest.made_at}.")

    def _restore(self, file: str, key: Any, *, other_secrets: bool) -> backup.Summary:
        if file == "-":
            return backup.restore(sys.stdin.buffer, key, self._tell, other_secrets=other_secrets)
        with Path(file).open("rb") as source:
            return backup.restore(source, key, self._tell, other_secrets=other_secrets)

    def _tell(self, table: str, rows: int) -> None:
        self.stderr.write(f"{table}: {rows}")
