"""Pairs that remember what they were told; the checker of `tests/faults` judges it (invariants I1 to I8)."""

import asyncio
from collections.abc import Iterable, Iterator
from hashlib import sha256
from struct import Struct
from typing import Any

from bench.llave import LlavePair, unb64
from bench.pairs import Pair
from reference import wire
from tests.faults.history import History, Page, Stored, Violation
from tests.faults.history import check as judge

PAGE, PAGE_SECONDS = 200, 30.0
AT_ONCE = 4  # conversations that are read and judged together
SENDER, RECEIVER = "the sender", "the receiver"
Line = tuple[int, str, bytes]  # sequence, client id, hash
LINE = Struct("=q36s32s")


class Lines:
    """What was told, a line behind the other in one piece of memory: millions of small objects slow down whoever has
    them, and that would be measured as the server's.
    """

    def __init__(self) -> None:
        self._kept = bytearray()

    def add(self, seq: int, client_id: str, digest: bytes) -> None:
        self._kept += LINE.pack(seq, client_id.encode(), digest)

    def __iter__(self) -> Iterator[Line]:
        return ((seq, client_id.decode(), digest) for seq, client_id, digest in LINE.iter_unpack(self._kept))


class WitnessPair(LlavePair):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._posted, self._told, self._heard = Lines(), Lines(), Lines()
        self._page: asyncio.Future[list[Line]] | None = None

    def send(self, *, fresh: bool = False) -> bool:
        if not super().send(fresh=fresh):
            return False
        key = self._to_come[-1]
        self._posted.add(0, key, self._waiting[key].digest)
        return True

    def sender_hears(self, frame: dict[str, Any]) -> None:
        if frame["f"] == "accepted":
            self._told.add(frame["seq"], frame["client_id"], unb64(frame["sha256"]))
        super().sender_hears(frame)

    def receiver_hears(self, frame: dict[str, Any]) -> None:
        if self._page and frame["f"] == "events":
            self._page.set_result([_line(item) for item in frame["items"]])
            self._page = None
            return
        items = [frame] if frame["f"] == "event" else frame.get("items", [])
        for item in items:
            if item["seq"] > self._cursor:
                self._heard.add(*_line(item))
        super().receiver_hears(frame)

    async def history(self) -> History:
        """All of it, and what the server has now, by pulls from the start."""
        history, cid = History(), bytes.fromhex(self.cid)
        history.members[cid] = {SENDER, RECEIVER}
        history.posted = {key: (cid, digest) for _seq, key, digest in self._posted}
        history.typed = [(SENDER, cid, key) for key in history.posted]
        history.accepted = [(cid, _stored(line)) for line in self._told]
        history.ticked = {key: seq for seq, key, _digest in self._told}
        shown = [(seq, key) for seq, key, _digest in self._heard if key in history.posted]
        history.shown[RECEIVER, cid] = shown
        history.pages = [Page(RECEIVER, cid, line[0] - 1, (_stored(line),)) for line in self._heard]
        history.audit[cid] = tuple(map(_stored, await self._everything(cid)))
        history.cursors[RECEIVER, cid] = self._cursor
        history.cursors[SENDER, cid] = max((seq for seq, _key, _digest in self._told), default=0)
        return history

    async def _everything(self, cid: bytes) -> list[Line]:
        found: list[Line] = []
        while True:
            self._page = page = asyncio.get_running_loop().create_future()
            self._to.send(wire.pull(cid, len(found), PAGE).encode())
            items = await asyncio.wait_for(page, PAGE_SECONDS)
            if not items:
                return found
            found += items


async def check(pairs: Iterable[Pair]) -> dict[str, Any]:
    """A few conversations at a time, so that not all of it has to fit at once."""
    events, violations = 0, list[Violation]()
    all_of_them = [pair for pair in pairs if isinstance(pair, WitnessPair)]
    for start in range(0, len(all_of_them), AT_ONCE):
        for history in await asyncio.gather(*(pair.history() for pair in all_of_them[start : start + AT_ONCE])):
            events += sum(map(len, history.audit.values()))
            violations += judge(history)
    return {"events": events, "violations": [str(each) for each in violations]}


def _line(item: dict[str, Any]) -> Line:
    """Of a frame; the hash is that of the bytes that came."""
    return item["seq"], item["client_id"], sha256(unb64(item["blob"])).digest()


def _stored(line: Line) -> Stored:
    return Stored(*line)
