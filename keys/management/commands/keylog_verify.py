"""Replay the key log and report everything that does not fit."""

import sys
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from chatproject.lib import jobs
from chatproject.lib.progress import Progress
from keys import audit

FOUND_SOMETHING = 3


class Command(BaseCommand):
    help = (
        "Replays the whole key log: every leaf, every block of the tree, every bundle behind a leaf, every change of "
        "the log's key and every signed head. Shows how far it is, writes what does not fit, one line each, and ends "
        "with status 3 when there was anything."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="write findings only, no progress")

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        for finding in audit.findings() if options["quiet"] else self._shown():
            count += 1
            self.stdout.write(self.style.ERROR(finding))
        if count:
            sys.exit(FOUND_SOMETHING)
        jobs.succeeded("keylog_verify")
        self.stdout.write(self.style.SUCCESS("The log is whole."))

    def _shown(self) -> Iterator[str]:
        leaves, heads = audit.sizes()
        return audit.findings(Progress(self.stderr, leaves, "leaves"), Progress(self.stderr, heads, "heads"))
