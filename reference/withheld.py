"""What was jumped over and does not come for a minute, while the line is up, is said to be held back (section 7)."""

from collections.abc import Callable

from reference.later import Timer, call_later
from reference.talk import Talk

WAIT_SECONDS = 60.0
Missing = tuple[tuple[int, bytes], int]  # the chain's epoch and device, the counter


class Withheld:
    """`tell()` once for all that is due. A chain that has ended is asked for nothing: its late messages are refused."""

    def __init__(
        self,
        talk: Talk,
        *,
        is_online: Callable[[], bool],
        tell: Callable[[], None],
        later: Callable[..., Timer] = call_later,
    ) -> None:
        self._talk, self._is_online, self._tell, self._later = talk, is_online, tell, later
        self._told: set[Missing] = set()
        self._timer: Timer | None = None

    def consider(self) -> None:
        """After a gap."""
        missing = self._missing()
        self._told &= missing
        if missing - self._told and self._timer is None:
            self._timer = self._later(WAIT_SECONDS, self._due, missing - self._told)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _due(self, waited: set[Missing]) -> None:
        self._timer = None
        missing = waited & self._missing()
        if missing and self._is_online():
            self._told |= missing
            self._tell()
        self.consider()

    def _missing(self) -> set[Missing]:
        return {(key, counter) for key, chain in self._talk.chains.items() for counter in chain.skipped}
