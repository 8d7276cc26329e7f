"""Requests that wait for something to happen, by their own wish: meanwhile they hold no thread and no turn, their
deadline stands still, and it is no time that they take.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from asgiref.sync import SyncToAsync

_deadline: ContextVar[asyncio.Timeout | None] = ContextVar("deadline", default=None)
_give_turn_back: ContextVar[Callable[[], None]] = ContextVar("give_turn_back", default=lambda: None)


@dataclass(slots=True)
class Waited:
    """How long a request has waited so far."""

    seconds: float = 0.0


_waited: ContextVar[Waited | None] = ContextVar("waited", default=None)


@contextmanager
def under(deadline: asyncio.Timeout) -> Iterator[None]:
    """Around a request that has this deadline (see `chatproject.deadline`)."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


@contextmanager
def in_turn(give_back: Callable[[], None]) -> Iterator[None]:
    """Around a request whose turn it is (see `chatproject.turns`). `give_back` may be called again and again."""
    token = _give_turn_back.set(give_back)
    try:
        yield
    finally:
        _give_turn_back.reset(token)


@contextmanager
def counted() -> Iterator[Waited]:
    """Around a request whose time is taken (see `chatproject.observed`)."""
    waited = Waited()
    token = _waited.set(waited)
    try:
        yield waited
    finally:
        _waited.reset(token)


@contextmanager
def waiting() -> Iterator[None]:
    """Around a wait that has an end of its own, in an asynchronous view."""
    _let_thread_go()
    _give_turn_back.get()()
    waited, deadline = _waited.get() or Waited(), _deadline.get()
    ends = deadline.when() if deadline else None
    if deadline:
        deadline.reschedule(None)
    began = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - began
        waited.seconds += seconds
        if deadline and ends is not None:
            deadline.reschedule(ends + seconds)


def _let_thread_go() -> None:
    """asgiref keeps a thread for each request until its answer is sent; what this one has to do afterwards gets
    another. `bridge.give_back` has emptied it of connections.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.pop(context, None) if context else None
    if executor:
        executor.shutdown(wait=False)
