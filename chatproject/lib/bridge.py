"""The only place where database work leaves the event loop.

Outside an HTTP request Django's and Channels' bridges share one thread for all sockets of the process, so that one
slow query makes every other socket wait. Here the work goes to a bounded pool of our own, sized to what the database
may hold open. What waits is bounded, too: whoever would wait too long is told at once or in time that the database
cannot.
"""

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import OperationalError, close_old_connections

MOST_SECONDS = 6.0  # a socket's handler has 10
MAX_WAITING = 2_000
P = ParamSpec("P")
R = TypeVar("R")


async def run(fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a synchronous function that may use the database; its result or its exception comes back.

    OperationalError when too much waits for a thread, or when it takes longer than MOST_SECONDS: what was begun still
    runs to its end in its thread and gives its connection back, as when the awaiter is cancelled; what was not begun
    never is. Context variables are copied. With `settings.BRIDGE_INLINE` (tests) the work shares asgiref's one thread
    with the rest of Django.
    """
    return await _run(_executor(), fn, *args, **kwargs)


async def run_beside(fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The same for what waits for a storage as well: in threads of its own, so that one that stands still keeps nobody
    else from the database.
    """
    return await _run(_executor_beside(), fn, *args, **kwargs)


async def give_back() -> None:
    """What the request asked the database with so far goes back to the pool: else as many requests at once as the pool
    has connections would each hold one and wait for another.
    """
    if not settings.BRIDGE_INLINE:
        await sync_to_async(close_old_connections)()


async def _run(executor: ThreadPoolExecutor, fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    if settings.BRIDGE_INLINE:
        return await sync_to_async(fn, thread_sensitive=True)(*args, **kwargs)
    if executor._work_queue.qsize() >= MAX_WAITING:
        raise OperationalError("too much waits for the database")
    work = functools.partial(_with_clean_connections, fn, *args, **kwargs)
    context = contextvars.copy_context()
    running = asyncio.get_running_loop().run_in_executor(executor, context.run, work)
    try:
        async with asyncio.timeout(MOST_SECONDS):
            return await running
    except TimeoutError:
        raise OperationalError("the database does not answer in time") from None


def waiting() -> int:
    """How much work waits for a thread."""
    return _executor()._work_queue.qsize()


def _with_clean_connections(fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    close_old_connections()
    try:
        return fn(*args, **kwargs)
    finally:
        close_old_connections()


@functools.cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.DATABASE_THREADS, thread_name_prefix="database")


@functools.cache
def _executor_beside() -> ThreadPoolExecutor:
    return ThreadPoolExecutor((settings.DATABASE_THREADS + 1) // 2, thread_name_prefix="storage")
