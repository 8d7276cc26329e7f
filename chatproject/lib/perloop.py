"""An object for each event loop, for what waits in one loop must never be touched by another."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Calling it gives the object of the running event loop, made when that loop first asks. Those of closed loops are
    dropped when the next one is made or all are listed: weak references would not do, for most of them hold their loop.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._kept: dict[asyncio.AbstractEventLoop, T] = {}

    def __call__(self) -> T:
        """RuntimeError where no loop runs."""
        loop = asyncio.get_running_loop()
        if loop not in self._kept:
            self._drop_closed()
            self._kept[loop] = self._make()
        return self._kept[loop]

    def living(self) -> list[tuple[asyncio.AbstractEventLoop, T]]:
        """Each loop that is not closed, with its object. From any thread, so that one may be closed a moment later."""
        self._drop_closed()
        return list(self._kept.items())

    def _drop_closed(self) -> None:
        for loop in list(self._kept):
            if loop.is_closed():
                self._kept.pop(loop, None)
