"""Calls made at the same moment, each on a connection of its own."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

from keys.errors import Refused


def together(calls: list[Callable[[], Any]]) -> list[Any]:
    """What each call returned, or the code with which it was refused."""
    outcomes: list[Any] = []
    start = threading.Barrier(len(calls))

    def work(call: Callable[[], Any]) -> None:
        start.wait()
        try:
            outcomes.append(call())
        except Refused as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
