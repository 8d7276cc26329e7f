"""`manage.py account_disable NAME...`: these people cannot log in any more, and are logged out now. Can be undone."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import services
from accounts.models import User
from accounts.names import fold_name


class Command(BaseCommand):
    help = (
        "Switches accounts off: they cannot log in, and their sessions end. Their messages and keys stay, and so does "
        "the name. --enable switches them on again. Stands in the log of events."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="+", help="user names")
        parser.add_argument("--enable", action="store_true", help="switch on instead")
        parser.add_argument("--dry-run", action="store_true", help="only say how many would change")

    def handle(self, *args: Any, **options: Any) -> None:
        people = [User.objects.get_queryset().filter(name=fold_name(name)).first() for name in options["names"]]
        unknown = [name for name, user in zip(options["names"], people, strict=True) if user is None]
        if unknown:
            raise CommandError(f"NOT_FOUND: nobody is called {', '.join(unknown)}; nothing was changed.")
        wanted = [user for user in people if user is not None and user.is_active != options["enable"]]
        for user in [] if options["dry_run"] else wanted:
            services.set_active(user=user, active=options["enable"])
        self.stdout.write(f"{len(wanted)} {'on' if options['enable'] else 'off'}.")
