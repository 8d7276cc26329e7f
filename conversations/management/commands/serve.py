"""`manage.py serve`: the web server of this project, one process or several, ended cleanly by SIGTERM or Ctrl-C."""

import logging
import sys
from argparse import SUPPRESS
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string

from chatproject.lib import metricsport

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Serves pages and sockets until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
        parser.add_argument("--port", default=8000, type=int, help="the port to listen on; 0: any free one")
        parser.add_argument("--processes", default=1, type=int, help="how many processes; more than one need REDIS_URL")
        parser.add_argument("--inherited", nargs=3, type=int, help=SUPPRESS)  # what a foreman hands to its processes

    def handle(self, *args: Any, **options: Any) -> None:
        from chatproject.lib.private import keep_private

        keep_private()
        if options["inherited"]:
            self._serve_for_foreman(*options["inherited"])
        elif options["processes"] > 1:
            self._serve_together(options["host"], options["port"], options["processes"])
        else:
            self._serve_alone(options["host"], options["port"])

    def _serve_alone(self, host: str, port: int) -> None:
        from conversations.server import DrainingServer

        self._open_metrics(0)
        escaped = host.replace(":", "\\:")
        endpoint = f"tcp:port={port}:interface={escaped}"
        server = DrainingServer(application=_application(), endpoint=endpoint, on_ready=self._say_ready)
        server.run()
        if server.failed:
            raise _port_taken(host, port)

    def _serve_together(self, host: str, port: int, count: int) -> None:
        from conversations.foreman import Foreman, listen

        if not settings.REDIS_URL:
            raise CommandError("Several processes need REDIS_URL: they ring each other through it.")
        try:
            listener = listen(host, port)
        except OSError:
            raise _port_taken(host, port) from None
        address = listener.getsockname()
        command = [sys.executable, sys.argv[0], "serve", "--inherited"]
        if not Foreman(listener, count, command, lambda: self._say_ready(address[0], address[1])).run():
            raise CommandError("The server processes did not run or end as they should.")

    def _serve_for_foreman(self, listener: int, lifeline: int, number: int) -> None:
        from conversations.foreman import say_ready
        from conversations.server import DrainingServer

        self._open_metrics(number)
        server = DrainingServer(
            application=_application(), inherited=(listener, lifeline), on_ready=lambda *_address: say_ready(lifeline)
        )
        server.run()

    def _open_metrics(self, number: int) -> None:
        """The first process on the port that is set, the next ones on those that follow."""
        if not settings.METRICS_ADDRESS:
            return
        host, port = settings.METRICS_ADDRESS
        port += number if port else 0
        try:
            taken = metricsport.start(host, port)
        except metricsport.NoPort:
            raise CommandError(f"Cannot listen on {host} port {port} for metrics (METRICS_ADDRESS).") from None
        logger.info("metrics on %s port %s", host, taken)

    def _say_ready(self, host: str, port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        self.stdout.write(f"Ready on http://{shown}:{port}/")
        self.stdout.flush()


def _application() -> Any:
    return import_string(settings.ASGI_APPLICATION)


def _port_taken(host: str, port: int) -> CommandError:
    return CommandError(f"Cannot listen on {host} port {port}.")
