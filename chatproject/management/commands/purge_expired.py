"""`manage.py purge_expired`: remove what has had its time. Once a day, from a timer."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from chatproject.lib import jobs
from chatproject.lib.retention import purges


class Command(BaseCommand):
    help = (
        "Removes what has expired: sessions, codes by mail, unused links, one-time prekeys; empties messages of chats "
        "with a timer seven days after it; removes their attachments, and those of no message. Safe to repeat, safe "
        "beside a running server."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one object instead of lines")
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *args: Any, **options: Any) -> None:
        now, dry = timezone.now(), options["dry_run"]
        removed: dict[str, int] = {}
        stuck: list[str] = []
        for app, purge in purges.items():
            if options["verbosity"] > 1:
                self.stderr.write(f"{app} ...")
            try:
                removed.update(purge(now, dry_run=dry))
            except OSError as error:  # the folder or bucket of attachments
                stuck.append(f"{app}: {error}")
        if not dry and not stuck:
            jobs.succeeded("purge_expired")
        lines = [json.dumps(removed)] if options["json"] else [f"{name}: {count}" for name, count in removed.items()]
        for line in lines if options["verbosity"] else []:
            self.stdout.write(line)
        if stuck:
            raise CommandError(f"NOT_ALL_REMOVED: {'; '.join(stuck)}. What is left goes next time.")
