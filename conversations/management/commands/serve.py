"""`manage.py serve`: the web server of this project, one process, ended cleanly by SIGTERM or Ctrl-C."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string


class Command(BaseCommand):
    help = "Serves pages and sockets until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
        parser.add_argument("--port", default=8000, type=int, help="the port to listen on; 0: any free one")

    def handle(self, *args: Any, **options: Any) -> None:
        from django.conf import settings

        from chatproject.lib.private import keep_private
        from conversations.server import DrainingServer

        keep_private()
        host = options["host"].replace(":", "\\:")
        server = DrainingServer(
            application=import_string(settings.ASGI_APPLICATION),
            endpoint=f"tcp:port={options['port']}:interface={host}",
            on_ready=self._say_ready,
        )
        server.run()
        if server.failed:
            raise CommandError(f"Cannot listen on {options['host']} port {options['port']}.")

    def _say_ready(self, host: str, port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        self.stdout.write(f"Ready on http://{shown}:{port}/")
        self.stdout.flush()
