"""`manage.py setup_link`: prints the one-time address where the first administrator signs up."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from accounts import services

MOST_HOURS = 24 * 7


class Command(BaseCommand):
    help = "Print a one-time link with which the first administrator signs up. Nothing on stdout when there is one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--hours", type=int, default=24, help="how long the link works (default 24)")

    def handle(self, *args: Any, **options: Any) -> None:
        hours = options["hours"]
        if not 1 <= hours <= MOST_HOURS:
            raise CommandError(f"--hours must be 1 to {MOST_HOURS}.")
        token = services.make_setup_link(hours=hours)
        if token is None:
            self.stderr.write("There is an administrator already: no link is needed.")
            return
        self.stdout.write(settings.SITE_URL + reverse("accounts:administrator", args=[token]))
