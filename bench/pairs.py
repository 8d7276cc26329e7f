"""Two people who talk: what is on its way between them, and whether it came whole, once and in order."""

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

OnDone = Callable[["Sent"], None]


@dataclass(slots=True)
class Sealed:
    """A message that is ready to be written to the line. `digest`: what the receiver has to find in it."""

    frame: bytes
    key: str
    digest: bytes


@dataclass(slots=True)
class Sent:
    """One message on its way; times of the monotonic clock, in seconds."""

    pair: "Pair"
    digest: bytes
    sent_at: float
    accepted_at: float = 0.0
    delivered_at: float = 0.0


class Pair(ABC):
    """A subclass says how to open the two lines and how to make a message, and calls `accepted` and `delivered`."""

    def __init__(self, on_done: OnDone) -> None:
        self._on_done = on_done
        self._sealed: deque[Sealed] = deque()
        self._waiting: dict[str, Sent] = {}
        self._to_come: deque[str] = deque()
        self.wrong = 0

    @abstractmethod
    async def open(self, port: int, origin: str) -> None: ...

    @abstractmethod
    def seal(self) -> Sealed: ...

    @abstractmethod
    def write(self, frame: bytes) -> None: ...

    def ready(self, count: int) -> None:
        """Have so many messages ready."""
        while len(self._sealed) < count:
            self._sealed.append(self.seal())

    def send(self, *, fresh: bool = False) -> bool:
        """The next message; False when none is ready. `fresh`: then it is made now."""
        if not self._sealed and not fresh:
            return False
        sealed = self._sealed.popleft() if self._sealed else self.seal()
        self._waiting[sealed.key] = Sent(self, sealed.digest, time.monotonic())
        self._to_come.append(sealed.key)
        self.write(sealed.frame)
        return True

    def accepted(self, key: str, *, digest: bytes | None = None) -> None:
        """The sender was told that it is stored."""
        sent = self._waiting[key]
        sent.accepted_at = time.monotonic()
        self.wrong += digest is not None and digest != sent.digest
        self._settle(key, sent)

    def delivered(self, key: str, digest: bytes) -> None:
        sent = self._waiting[key]
        sent.delivered_at = time.monotonic()
        self.wrong += self._to_come.popleft() != key or digest != sent.digest
        self._settle(key, sent)

    def _settle(self, key: str, sent: Sent) -> None:
        if sent.accepted_at and sent.delivered_at:
            del self._waiting[key]
            self._on_done(sent)
