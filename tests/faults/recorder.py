"""What goes over one line, frame by frame, into the history: of the reference's client and of a page alike."""

import hashlib
from collections import defaultdict, deque

from reference import wire
from tests.faults.history import History, Page, Stored

CUT_BYTES = 512 * 1024 - 72 * 1024  # of a page: with one more event it might be larger than the server makes one


class Recorder:
    """The frames of `who`. Nothing is done but writing them down."""

    def __init__(self, history: History, who: str) -> None:
        self.history, self._who = history, who
        self._waiting: dict[tuple[bytes, int], deque[tuple[int, int]]] = defaultdict(deque)

    def begins(self) -> None:
        """Another socket: what the one before did not answer is asked again."""
        self._waiting.clear()

    def posts(self, cid: bytes, client_id: str, blob: bytes) -> None:
        self.history.posted.setdefault(client_id, (cid, hashlib.sha256(blob).digest()))

    def pulls(self, cid: bytes, after: int, limit: int, known: int) -> None:
        """`known`: what was known to be accepted there before the pull went out."""
        self._waiting[cid, after].append((known, limit))

    def hears(self, frame: wire.ServerFrame) -> None:
        match frame:
            case wire.Accepted() if frame.client_id in self.history.posted:
                cid, _sha256 = self.history.posted[frame.client_id]
                self.history.accept(cid, Stored(frame.seq, frame.client_id, frame.sha256))
                self.history.repeated += frame.dup
            case wire.Refused():
                self.history.refused[frame.code] += 1
            case wire.Events():
                self.history.pages.append(self._page(frame))
            case wire.Handed():
                self.history.pages.append(Page(self._who, frame.cid, frame.item.seq - 1, (stored_of(frame.item),)))

    def _page(self, frame: wire.Events) -> Page:
        """The answer to the oldest of those that ask for the same, for a line answers in order."""
        after, items = frame.first - 1, tuple(map(stored_of, frame.items))
        waiting = self._waiting[frame.cid, after]
        known, limit = waiting.popleft() if waiting else (0, 0)
        cut = len(items) >= limit or sum(len(item.blob) for item in frame.items) > CUT_BYTES
        return Page(self._who, frame.cid, after, items, known, cut)


def stored_of(item: wire.Item) -> Stored:
    return Stored(item.seq, item.client_id, hashlib.sha256(item.blob).digest())
