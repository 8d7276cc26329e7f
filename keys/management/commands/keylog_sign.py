"""Sign a fresh head of the key log when the last one is older than 30 minutes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from keys import services
from keys.signer import SignerRefused


class Command(BaseCommand):
    help = (
        "Signs a fresh head of the key log when the last one is older than 30 minutes. Run it hourly on a server that "
        "nobody visits; reading the log signs too."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            head = services.sign_fresh_head()
        except SignerRefused as refused:
            raise CommandError(f"Not signed: {refused}. Run keylog_verify.", returncode=3) from None
        self.stdout.write(f"size {head.size}, signed at {head.ts_ms} ms")
