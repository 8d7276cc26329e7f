"""Something to be done later, which can be called off."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol


class Timer(Protocol):
    def cancel(self) -> None: ...


def call_later(seconds: float, work: Callable[..., None], *args: Any) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, work, *args)
