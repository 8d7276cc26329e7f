"""Mails on their way to the mail server: sent by threads of their own, so that a server that stands still keeps no
request and no transaction. What waits is bounded, and so is what a program waits for at its end.
"""

import atexit
import logging
from contextvars import Context, copy_context
from queue import Full, Queue
from threading import Lock, Thread
from time import monotonic

from django.conf import settings
from django.core.mail import EmailMessage

THREADS = 2
MAX_WAITING = 200
END_SECONDS = 5.0

logger = logging.getLogger(__name__)


class MailQueue:
    """Its threads begin with the first mail; the program's end waits for what is left, for END_SECONDS at most."""

    def __init__(self, most: int = MAX_WAITING) -> None:
        self._waiting: Queue[tuple[Context, EmailMessage]] = Queue(most)
        self._threads: list[Thread] = []
        self._lock = Lock()

    def put(self, message: EmailMessage) -> None:
        """Never waits: a mail for which there is no room is dropped, and the log says so."""
        self._begin()
        try:
            self._waiting.put_nowait((copy_context(), message))
        except Full:
            logger.error("A mail was dropped: %d wait for the mail server already", self._waiting.maxsize)

    def flush(self, seconds: float) -> int:
        """Waits until all mails are sent, or so long; how many are not."""
        deadline = monotonic() + seconds
        with self._waiting.all_tasks_done:
            while self._waiting.unfinished_tasks and (left := deadline - monotonic()) > 0:
                self._waiting.all_tasks_done.wait(left)
            return self._waiting.unfinished_tasks

    def _begin(self) -> None:
        with self._lock:
            if self._threads:
                return
            self._threads = [Thread(target=self._work, name="mail", daemon=True) for _ in range(THREADS)]
            atexit.register(self._end)
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        while True:
            context, message = self._waiting.get()
            context.run(_send, message)  # the log says in which request the mail was written
            self._waiting.task_done()

    def _end(self) -> None:
        if left := self.flush(END_SECONDS):
            logger.error("%d mails were not sent: the program ended", left)


_queue = MailQueue()


def put(message: EmailMessage) -> None:
    """Hands a mail over; with `settings.BRIDGE_INLINE` (tests) it is sent before this returns."""
    if settings.BRIDGE_INLINE:
        _send(message)
    else:
        _queue.put(message)


def flush(seconds: float) -> int:
    """How many mails are not sent after waiting so long at most."""
    return _queue.flush(seconds)


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except Exception as error:  # its text may quote the address
        logger.error("A mail could not be sent: %s", type(error).__name__)
