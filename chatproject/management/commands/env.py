"""`manage.py env`: every setting as this process sees it, without secrets; `manage.py env NAME`: one, for scripts."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from chatproject import env

OPEN = ("SITE_NAME", "SITE_URL", "DATA_DIR", "ADMIN_PATH", "REGISTRATION", "MESSAGES_ALIAS")


class Command(BaseCommand):
    help = (
        "Lists every setting with its value and where it comes from. Of a secret it says only whether there is one; of "
        "an address with a password, all but that. With NAME: the value alone."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", choices=OPEN, help="one of these, for scripts")
        parser.add_argument("--json", action="store_true", help="one object instead of lines")

    def handle(self, *args: Any, **options: Any) -> str:
        if options["name"]:
            return str(getattr(settings, options["name"]))
        found = env.effective()
        if options["json"]:
            return json.dumps({name: {"value": value, "source": source} for name, (value, source) in found.items()})
        return "\n".join(f"{name}={value}    ({source})" for name, (value, source) in found.items())
