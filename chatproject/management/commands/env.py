"""`manage.py env NAME`: one setting that is no secret, for scripts."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

OPEN = ("SITE_NAME", "SITE_URL", "DATA_DIR", "ADMIN_PATH", "REGISTRATION", "MESSAGES_ALIAS")


class Command(BaseCommand):
    help = "Print the value of one setting that is no secret."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=OPEN)

    def handle(self, *args: Any, **options: Any) -> str:
        return str(getattr(settings, options["name"]))
