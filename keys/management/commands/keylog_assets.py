"""Put the release that this installation serves into the key log."""

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from keys import services
from keys.signer import SignerRefused

SHA256_HEX = re.compile(r"[0-9a-f]{64}")


class Command(BaseCommand):
    help = (
        "Puts a release of the page's program into the key log, so that every browser can see which programs this site "
        "has ever served. `manage.py prepare` runs it; by hand it is needed only after a log was lost."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("manifest_hash", help="SHA-256 of the page's import map, 64 hex digits")

    def handle(self, *args: Any, **options: Any) -> None:
        given: str = options["manifest_hash"]
        if not SHA256_HEX.fullmatch(given):
            raise CommandError("The hash needs 64 lower-case hex digits.", returncode=2)
        try:
            is_new = services.log_release(manifest_hash=bytes.fromhex(given))
        except SignerRefused as refused:
            raise CommandError(f"Not logged: {refused}. Run keylog_verify.", returncode=3) from None
        if options["verbosity"]:
            self.stdout.write(f"build {given[:16]} {'is now in the log' if is_new else 'was in the log'}")
