"""`manage.py serve`: the web server of this project, one process, ended cleanly by SIGTERM or Ctrl-C."""

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string

from chatproject.lib import metricsport

logger = logging.getLogger(__name__)


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
        if settings.METRICS_ADDRESS:
            self._open_metrics(*settings.METRICS_ADDRESS)
        host = options["host"].replace(":", "\\:")
        server = DrainingServer(
            application=import_string(settings.ASGI_APPLICATION),
            endpoint=f"tcp:port={options['port']}:interface={host}",
            on_ready=self._say_ready,
        )
        server.run()
        if server.failed:
            raise CommandError(f"Cannot listen on {options['host']} port {options['port']}.")

    def _open_metrics(self, host: str, port: int) -> None:
        try:
            taken = metricsport.start(host, port)
        except metricsport.NoPort:
            raise CommandError(f"Cannot listen on {host} port {port} for metrics (METRICS_ADDRESS).") from None
        logger.info("metrics on %s port %s", host, taken)

    def _say_ready(self, host: str, port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        self.stdout.write(f"Ready on http://{shown}:{port}/")
        self.stdout.flush()
