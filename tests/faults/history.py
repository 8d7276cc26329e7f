"""What happened, as each device saw it, and the one checker of the invariants I1 to I8 (docs/delivery.md).

A text is its own content id: every text that is typed is different. The checker knows nothing of faults.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

Place = tuple[bytes, int]  # conversation, sequence


@dataclass(frozen=True, slots=True)
class Violation:
    invariant: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.what}"


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as some answer of the server carried it."""

    seq: int
    client_id: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to one pull: everything after `after`, up to the last item.

    `known`: the highest sequence that anybody had been told was accepted there when the pull went out, 0: not known.
    `cut`: the server may have more, for the page is as long or as large as one gets.
    """

    who: str
    cid: bytes
    after: int
    items: tuple[Stored, ...]
    known: int = 0
    cut: bool = False

    @property
    def end(self) -> int:
        return self.after + len(self.items)


@dataclass(slots=True)
class History:
    """Filled by the recorded clients while faults happen; `audit` at the end, by pulls of everything from the start.

    `copies`: who shows which text as a copy of what a restored database lost, in no place of the server's. `wanted`:
    codes that this fault is to be told by, of which `told` says to whom; any other is a trouble.
    """

    members: dict[bytes, set[str]] = field(default_factory=lambda: defaultdict(set))
    absent: set[str] = field(default_factory=set)
    typed: list[tuple[str, bytes, str]] = field(default_factory=list)
    ticked: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    posted: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    accepted: list[tuple[bytes, Stored]] = field(default_factory=list)
    repeated: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    pages: list[Page] = field(default_factory=list)
    shown: dict[tuple[str, bytes], list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    copies: set[tuple[str, str]] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)
    told: set[tuple[str, str]] = field(default_factory=set)
    troubles: list[tuple[str, str]] = field(default_factory=list)
    audit: dict[bytes, tuple[Stored, ...]] = field(default_factory=dict)
    cursors: dict[tuple[str, bytes], int] = field(default_factory=dict)
    typed_at: dict[str, float] = field(default_factory=dict)
    sent_seconds: list[float] = field(default_factory=list)
    shown_seconds: list[float] = field(default_factory=list)
    _heads: Counter[bytes] = field(default_factory=Counter)

    def known(self, cid: bytes) -> int:
        """The highest sequence of a conversation that anybody was told is accepted."""
        return self._heads[cid]

    def accept(self, cid: bytes, told: Stored) -> None:
        self.accepted.append((cid, told))
        self._heads[cid] = max(self._heads[cid], told.seq)

    def rewind(self, cid: bytes, seq: int) -> None:
        """The database is an older one, as after a restored backup: what it had told of the places beyond `seq` counts
        no more. The texts do.
        """
        self.accepted = [(at, told) for at, told in self.accepted if at != cid or told.seq <= seq]
        self.pages = [page for page in self.pages if page.cid != cid or page.end <= seq]
        here = {text for _who, at, text in self.typed if at == cid}
        self.ticked = {text: at for text, at in self.ticked.items() if text not in here or at <= seq}
        self._heads[cid] = min(self._heads[cid], seq)

    def present(self, cid: bytes) -> set[str]:
        """The devices that must have everything: those that were not removed."""
        return self.members[cid] - self.absent


def check(history: History) -> list[Violation]:
    """Every violation there is, in the order of the invariants."""
    checks = (_stays, _gapless, _once, _ordered, _tick_is_true, _nothing_lost, _unchanged, _equal)
    return [violation for each in checks for violation in each(history)]


def _stays(history: History) -> Iterator[Violation]:
    """I1: what was accepted stands in every later pull at its sequence, with its hash."""
    stored = _stored(history)
    for cid, told in history.accepted:
        found = stored.get((cid, told.seq))
        if found is None or (found.sha256, found.client_id) != (told.sha256, told.client_id):
            yield Violation("I1", f"accepted at {told.seq}, and {'another event' if found else 'nothing'} is there")
    for page in history.pages:
        if page.end < page.known and not page.cut:
            yield Violation("I1", f"{page.who} got events up to {page.end} when {page.known} was accepted before")


def _gapless(history: History) -> Iterator[Violation]:
    """I2: sequences are 1 to n, without hole or repeat, in what is stored and in each page."""
    for items in history.audit.values():
        if [item.seq for item in items] != list(range(1, len(items) + 1)):
            yield Violation("I2", f"sequences {_short([item.seq for item in items])}")
        if len({item.client_id for item in items}) != len(items):
            yield Violation("I2", "one client id at two sequences")
    for page in history.pages:
        if [item.seq for item in page.items] != list(range(page.after + 1, page.after + 1 + len(page.items))):
            yield Violation("I2", f"{page.who} got {_short([item.seq for item in page.items])} after {page.after}")


def _once(history: History) -> Iterator[Violation]:
    """I3: no text is shown twice at a device. (That it is shown at all is I6 and I8.)"""
    for (who, _cid), lines in history.shown.items():
        for text, times in Counter(text for _seq, text in lines).items():
            if times > 1:
                yield Violation("I3", f"{who} shows {text} {times} times")


def _ordered(history: History) -> Iterator[Violation]:
    """I4: each device shows what others wrote in the server's order, and the same text at the same place."""
    at: dict[Place, str] = {
        (cid, history.ticked[text]): text for _, cid, text in history.typed if text in history.ticked
    }
    for (who, cid), everything in history.shown.items():
        lines = [(seq, text) for seq, text in everything if (who, text) not in history.copies]
        seqs = [seq for seq, _text in lines]
        if seqs != sorted(seqs):
            yield Violation("I4", f"{who} shows {_short(seqs)}")
        for seq, text in lines:
            if at.setdefault((cid, seq), text) != text:
                yield Violation("I4", f"{who} shows {text} at {seq}, others {at[(cid, seq)]}")


def _tick_is_true(history: History) -> Iterator[Violation]:
    """I5: a tick only for what is stored: the tick's sequence was accepted and is there."""
    stored = _stored(history)
    for who, cid, text in history.typed:
        if text not in history.ticked:
            continue
        found = stored.get((cid, history.ticked[text]))
        if found is None or history.posted.get(found.client_id, (b"", b""))[1] != found.sha256:
            yield Violation("I5", f"{who} sees {text} as sent, and it is not stored")


def _nothing_lost(history: History) -> Iterator[Violation]:
    """I6: each typed text is shown at every other device, or failed visibly at its sender: one of the two."""
    shown = {place: {text for _seq, text in lines} for place, lines in history.shown.items()}
    for who, cid, text in history.typed:
        readers = history.present(cid) - {who}
        missing = sorted(one for one in readers if text not in shown.get((one, cid), ()))
        if text in history.failed:
            if text in history.ticked or len(missing) < len(readers):
                yield Violation("I6", f"{text} failed at {who} and is shown all the same")
        elif missing:
            yield Violation("I6", f"{text} of {who} is not shown at {', '.join(missing)}")
    for who, code in history.troubles:
        yield Violation("I6", f"{who} could not show an event: {code}")


def _unchanged(history: History) -> Iterator[Violation]:
    """I7: what any answer carried at a place never comes back changed."""
    first: dict[Place, Stored] = {}
    audits = (Page("the audit", cid, 0, items) for cid, items in history.audit.items())
    for page in (*history.pages, *audits):
        for item in page.items:
            if first.setdefault((page.cid, item.seq), item) != item:
                yield Violation("I7", f"{page.who} got another event at {item.seq} than was there before")
    for items in history.audit.values():
        for item in items:
            if item.client_id in history.posted and history.posted[item.client_id][1] != item.sha256:
                yield Violation("I7", f"at {item.seq} other bytes are stored than were posted first")


def _equal(history: History) -> Iterator[Violation]:
    """I8: when faults have stopped, every device has applied everything that is stored."""
    for cid, items in history.audit.items():
        for who in sorted(history.present(cid)):
            cursor = history.cursors.get((who, cid), 0)
            if cursor != len(items):
                yield Violation("I8", f"{who} stands at {cursor} of {len(items)}")


def _stored(history: History) -> dict[Place, Stored]:
    """What the audit found at each place; the first of two, for which I2 cries."""
    found: dict[Place, Stored] = {}
    for cid, items in history.audit.items():
        for item in items:
            found.setdefault((cid, item.seq), item)
    return found


def _short(seqs: list[int]) -> str:
    """The first place where a list of sequences is not what it should be, and its neighbours."""
    odd = next((i for i in range(1, len(seqs)) if seqs[i] != seqs[i - 1] + 1), 0)
    return f"…{seqs[max(0, odd - 2) : odd + 3]}…"
