"""`manage.py check_setup`: asks every part of a running installation, and says what to do about what it finds."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from chatproject.services.peopleprobe import people_can_write
from chatproject.services.setup import LOOKS, Finding
from chatproject.services.siteprobe import site_is_reached

UNHEALTHY = 3


class Command(BaseCommand):
    help = (
        "Looks at settings, databases, counters, bells, mail, files, backups, jobs, the log, and the site as a browser "
        "reaches it. One line a part, and for each finding what to do. Ends with status 3 when the chat does not work, "
        "or not safely. Changes nothing, except with --probe: two throw-away people write to each other at the end."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--no-site", action="store_true", help="do not visit SITE_URL, which this machine may not reach"
        )
        parser.add_argument(
            "--probe",
            action="store_true",
            help="at the end let two new accounts write to each other; they are switched off, their log entries stay",
        )
        parser.add_argument("--json", action="store_true", help="one object instead of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        looks = dict(LOOKS) if options["no_site"] else {**LOOKS, "site": site_is_reached}
        if options["probe"] and not options["no_site"]:
            looks["people"] = people_can_write
        found: dict[str, list[Finding]] = {}
        for part, look in looks.items():
            self.stderr.write(f"{part} ...")
            found[part] = list(look())
        self._tell(found, as_json=options["json"])
        if any(finding.serious for findings in found.values() for finding in findings):
            sys.exit(UNHEALTHY)

    def _tell(self, found: dict[str, list[Finding]], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(
                json.dumps({part: [asdict(each) for each in findings] for part, findings in found.items()})
            )
            return
        for part, findings in found.items():
            self.stdout.write(f"{part}: {'to do' if findings else 'well'}")
            for each in findings:
                self.stdout.write(f"  {'!!' if each.serious else '--'} {each.code}: {each.says} To do: {each.fix}")
