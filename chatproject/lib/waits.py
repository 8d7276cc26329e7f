"""Requests that wait for something to happen, by their own wish: meanwhile they hold no thread, and their deadline
stands still.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from asgiref.sync import SyncToAsync

_deadline: ContextVar[asyncio.Timeout | None] = ContextVar("deadline", default=None)


@contextmanager
def under(deadline: asyncio.Timeout) -> Iterator[None]:
    """Around a request that has this deadline (see `chatproject.deadline`)."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


@contextmanager
def waiting() -> Iterator[None]:
    """Around a wait that has an end of its own, in an asynchronous view."""
    _let_thread_go()
    deadline, began = _deadline.get(), asyncio.get_running_loop().time()
    ends = deadline.when() if deadline else None
    if deadline is None or ends is None:
        yield
        return
    deadline.reschedule(None)
    try:
        yield
    finally:
        deadline.reschedule(ends + asyncio.get_running_loop().time() - began)


def _let_thread_go() -> None:
    """asgiref keeps a thread for each request until its answer is sent; what this one has to do afterwards gets
    another. `bridge.give_back` has emptied it of connections.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.pop(context, None) if context else None
    if executor:
        executor.shutdown(wait=False)
