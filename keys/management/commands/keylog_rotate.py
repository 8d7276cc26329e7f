"""Let the log of keys go on under another key."""

import base64
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from keys import services
from keys.signer import SignerRefused


class Command(BaseCommand):
    help = (
        "Lets the log of keys go on under the first key of LOG_KEY_SEED. Put a new key in front of the old one, with a "
        "comma between, restart every server process, then run this once: the old key signs into the log that the new "
        "one follows, browsers check that and tell it in a line. Afterwards take the old key out and restart."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        dry = options["dry_run"]
        try:
            done = services.planned_rotation() if dry else services.rotate_log_key()
        except SignerRefused as refused:
            raise CommandError(f"Not rotated: {refused}.") from None
        verb = "would sign" if dry else "signs"
        self.stdout.write(f"{_text(done.new_pub)} {verb} from leaf {done.size} on, after {_text(done.old_pub)}")


def _text(pub: bytes) -> str:
    return base64.urlsafe_b64encode(pub).decode().rstrip("=")
