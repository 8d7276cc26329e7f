"""Several at once of what only waits for another machine, never more than a few, in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

AT_ONCE = 16

T = TypeVar("T")
R = TypeVar("R")


def in_order(fn: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """`fn` of each; at most AT_ONCE run or wait to be taken. When one fails, or nobody takes more, none runs on."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="together") as pool:
        running: deque[Future[R]] = deque()
        try:
            for item in items:
                if len(running) == AT_ONCE:
                    yield running.popleft().result()
                running.append(pool.submit(fn, item))
            while running:
                yield running.popleft().result()
        finally:
            for each in running:
                each.cancel()
