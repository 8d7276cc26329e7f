"""Asking again while the server cannot answer, for what may be asked twice; and waiting for what may not be left."""

import asyncio
import random
from collections.abc import Callable
from http.client import HTTPException
from typing import ParamSpec, TypeVar

from reference.web import HttpRefused

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
PASSING_STATUSES = frozenset({429, 502, 503, 504})
P = ParamSpec("P")
R = TypeVar("R")


async def to_its_end(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What blocking `work` returns, in a thread; whoever is cancelled meanwhile waits until it is over."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.gather(running, return_exceptions=True)
        raise


async def patiently(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What blocking `work` returns, in a thread; as often as it takes while the server is away, busy or restarting."""
    return await patiently_telling(lambda: None, work, *args, **kwargs)


async def patiently_telling(in_vain: Callable[[], None], work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The same; `in_vain` is called after each time that was none."""
    longest = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except HttpRefused as refused:
            if refused.status not in PASSING_STATUSES:
                raise
        except (OSError, HTTPException):
            pass
        in_vain()
        await asyncio.sleep(random.uniform(0, longest))  # noqa: S311  no secret
        longest = min(LONGEST_PAUSE_SECONDS, longest * 2)
