"""A fault that hangs is told with the place where it hangs, and is over."""

import asyncio
import contextlib
import signal
import sys
import traceback
from collections.abc import Coroutine, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

END_SECONDS = 30.0  # for what was begun to end, once the fault was given up
DEEPEST = 6
T = TypeVar("T")


class Hung(AssertionError):
    """It was not over in time; where it waited."""


def run_bounded(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """What `work` gives. Hung when it takes longer, be it that it waits or that it keeps the event loop busy."""
    with _alarm(seconds + END_SECONDS):
        return asyncio.run(_bounded(work, seconds))


async def _bounded(work: Coroutine[Any, Any, T], seconds: float) -> T:
    task = asyncio.create_task(work)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if done:
        return task.result()
    others = sorted({place for each in asyncio.all_tasks() - {task} if (place := places(each))})
    print("waiting beside it:", *others, sep="\n  ", file=sys.stderr)
    where = places(task)
    task.cancel()
    await asyncio.wait({task}, timeout=END_SECONDS)
    raise Hung(f"not over after {seconds:g} s: {where}")


def places(task: asyncio.Task[Any]) -> str:
    """Where a task waits: the innermost of our own functions first."""
    found: list[str] = []
    waits: Any = task.get_coro()
    while waits is not None:
        frame = getattr(waits, "cr_frame", None) or getattr(waits, "gi_frame", None)
        if frame is not None:
            found.append(_place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        waits = getattr(waits, "cr_await", None) or getattr(waits, "gi_yieldfrom", None)
    return " < ".join(reversed([place for place in found if place][-DEEPEST:]))


def _place(path: str, line: int | None, name: str) -> str:
    """Nothing for what is not ours."""
    return f"{Path(path).name}:{line} {name}" if Path(path).parent.name in ("faults", "reference") else ""


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def cry(number: int, frame: FrameType | None) -> None:
        stack = (_place(each.filename, each.lineno, each.name) for each in reversed(traceback.extract_stack(frame)))
        raise Hung(f"the event loop stood still for {seconds:g} s: {' < '.join(filter(None, stack))}")

    kept = signal.signal(signal.SIGALRM, cry)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, kept)
