"""`manage.py renew_incarnation`: to be run after a backup was restored, before the server starts."""

from typing import Any

from django.core.management.base import BaseCommand

from conversations import services


class Command(BaseCommand):
    help = "Names this database anew, so that browsers notice that a backup was restored and offer what it lacks."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"The incarnation is now {services.renew_incarnation()}.")
