"""Messages that disappear (section 7, mode 1): what is shown of them goes when their time is over."""

import time
from collections.abc import Callable

from reference.later import Timer, call_later

TICK_SECONDS = 60.0  # a wall clock that is put forward is noticed by then


class Ephemeral:
    """`forget(mid)` once the time is over by a clock that only goes forward or by the wall clock: the first counts."""

    def __init__(
        self,
        forget: Callable[[bytes], None],
        *,
        wall_ms: Callable[[], int],
        forward_s: Callable[[], float] = time.monotonic,
        later: Callable[..., Timer] = call_later,
    ) -> None:
        self._forget, self._wall_ms, self._forward_s, self._later = forget, wall_ms, forward_s, later
        self._ends: dict[bytes, tuple[float, int]] = {}  # mid -> by the one clock and by the other
        self._timer: Timer | None = None

    def begin(self, mid: bytes, timer_s: int) -> None:
        """It was opened just now."""
        self._ends[mid] = self._forward_s() + timer_s, self._wall_ms() + timer_s * 1000
        self._arm()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def sweep(self) -> None:
        over = [mid for mid, end in self._ends.items() if self._left_s(*end) <= 0]
        for mid in over:
            del self._ends[mid]
            self._forget(mid)
        self._arm()

    def _left_s(self, forward_s: float, wall_ms: int) -> float:
        return min(forward_s - self._forward_s(), (wall_ms - self._wall_ms()) / 1000)

    def _arm(self) -> None:
        self.stop()
        self._timer = None
        if self._ends:
            soonest = min(self._left_s(*end) for end in self._ends.values())
            self._timer = self._later(max(0.0, min(TICK_SECONDS, soonest)), self.sweep)
