"""`manage.py prepare`: everything between new code and a server that can start. Safe to repeat."""

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from chatproject.importmap import import_map
from chatproject.lib.private import keep_private


class Command(BaseCommand):
    help = (
        "Migrate every database, compile the translations, gather the static files under their hashed names, log them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-static", action="store_true", help="leave the static files as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        verbosity = options["verbosity"]
        before = keep_private()
        for alias in settings.DATABASES:
            call_command("migrate", database=alias, interactive=False, verbosity=verbosity)
        os.umask(before)  # another server may hand out the static files
        call_command("compile_words")
        if not options["no_static"]:
            call_command("collectstatic", interactive=False, verbosity=0)
        import_map.cache_clear()
        call_command("keylog_assets", import_map().manifest_hash, verbosity=verbosity)
