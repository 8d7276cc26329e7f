"""`manage.py rotate_field_keys`: after a new key was put in front of FIELD_KEYS, seal everything with it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import services

PROGRESS_ROWS = 1000


class Command(BaseCommand):
    help = (
        "Seals the seeds of authenticator apps with the newest of FIELD_KEYS. Can be stopped and repeated at any time, "
        "beside a running server. Codes on paper cannot be changed: they need the key that they were made under, so "
        "keep the old key as long as they are to work."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *args: Any, **options: Any) -> None:
        done = lost = 0
        for factor in services.sealed_with_older_keys():
            done += 1
            if not options["dry_run"] and not services.seal_anew(factor):
                lost += 1
            if done % PROGRESS_ROWS == 0:
                self.stderr.write(f"{done} seeds")
        if lost:
            raise CommandError(f"CANNOT_OPEN: {lost} of {done} seeds were sealed with a key that FIELD_KEYS lacks.")
        self.stdout.write(f"{done} seeds {'to seal' if options['dry_run'] else 'sealed'} with the newest key.")
