"""The two ends of the job at this product: a sender with its chain, a receiver that keeps order and acknowledges."""

import base64
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from bench.lines import TEXT, Line, client_frame
from reference import wire
from reference.chain import Chain
from reference.content import MAX_CONTENT_BYTES
from reference.envelope import seal_message

BODY_BYTES = 1000 - 120  # as a content of about 1,000 bytes, padded to 1,024
OnDone = Callable[["Sent"], None]


@dataclass(slots=True)
class Sent:
    """One message on its way; times of the monotonic clock, in seconds."""

    pair: "Pair"
    sha256: str
    sent_at: float = 0.0
    accepted_at: float = 0.0
    delivered_at: float = 0.0

    @property
    def is_done(self) -> bool:
        return bool(self.accepted_at and self.delivered_at)


@dataclass
class Pair:
    """A sender, a receiver, and what is between them. `on_done` is called when a message is delivered and accepted."""

    cid: str
    th: bytes
    sender: dict[str, Any]
    receiver: dict[str, Any]
    on_done: OnDone
    chain: Chain = field(default_factory=lambda: Chain(os.urandom(32)), repr=False)
    sealed: list[tuple[bytes, str, str]] = field(default_factory=list, repr=False)
    waiting: dict[str, Sent] = field(default_factory=dict, repr=False)
    wrong: int = 0
    _cursor: int = 0
    _pulling: bool = False
    _head: int = 0

    async def open(self, port: int, origin: str) -> None:
        self._from = await open_line(port, origin, self.sender, self._sender_hears)
        self._to = await open_line(port, origin, self.receiver, self._receiver_hears)

    def seal(self, count: int) -> None:
        """Make so many posts ready: frame, client id, hash."""
        ids = {"cid": bytes.fromhex(self.cid), "uid": bytes.fromhex(self.sender["uid"])}
        for _ in range(count):
            body = base64.b64encode(os.urandom(BODY_BYTES * 3 // 4)).decode()
            content = {"v": 1, "t": "text", "id": str(uuid4()), "ts": time.time_ns() // 10**6, "ack": {}, "body": body}
            data = json.dumps(content, separators=(",", ":")).encode()
            assert len(data) <= MAX_CONTENT_BYTES
            envelope, self.chain = seal_message(
                data, chain=self.chain, epoch=0, th=self.th, did=bytes.fromhex(self.sender["did"]), salt=os.urandom(32),
                **ids,
            )  # fmt: skip
            self.chain = Chain(self.chain.head, self.chain.next_counter)  # a sender needs not know what it sent
            client_id = str(uuid4())
            text = wire.post(ids["cid"], client_id, wire.MESSAGE, envelope).encode()
            self.sealed.append((client_frame(TEXT, text), client_id, _b64(sha256(envelope).digest())))
        self.sealed.reverse()

    def send(self) -> bool:
        """The next sealed post; False when there is none."""
        if not self.sealed:
            return False
        frame, client_id, digest = self.sealed.pop()
        self.waiting[client_id] = Sent(self, digest, time.monotonic())
        self._from.write(frame)
        return True

    def _sender_hears(self, text: bytes) -> None:
        frame = json.loads(text)
        if frame["f"] == "accepted":
            sent = self.waiting[frame["client_id"]]
            sent.accepted_at = time.monotonic()
            self.wrong += sent.sha256 != frame["sha256"] or frame["dup"]
            self._settle(frame["client_id"], sent)
        elif frame["f"] not in ("welcome", "bell"):
            raise RuntimeError(f"the sender was told {frame}")

    def _receiver_hears(self, text: bytes) -> None:
        frame = json.loads(text)
        match frame["f"]:
            case "welcome":
                self._cursor = self._head = frame["heads"].get(self.cid, 0)
            case "event":
                self._take([frame])
            case "events":
                self._pulling = False
                self._take(frame["items"])
                self._pull()
            case "bell":
                self._head = max(self._head, frame["seq"])
                self._pull()
            case _:
                raise RuntimeError(f"the receiver was told {frame}")

    def _pull(self) -> None:
        if self._cursor < self._head and not self._pulling:
            self._pulling = True
            self._to.send(wire.pull(bytes.fromhex(self.cid), self._cursor, 200).encode())

    def _take(self, items: list[dict[str, Any]]) -> None:
        now = time.monotonic()
        for item in items:
            if item["seq"] <= self._cursor:
                continue
            self.wrong += item["seq"] != self._cursor + 1
            self._cursor, self._head = item["seq"], max(self._head, item["seq"])
            sent = self.waiting[item["client_id"]]
            sent.delivered_at = now
            self.wrong += _b64(sha256(_unb64(item["blob"])).digest()) != sent.sha256
            self._settle(item["client_id"], sent)
        self._to.send(wire.ack(bytes.fromhex(self.cid), self._cursor).encode())

    def _settle(self, client_id: str, sent: Sent) -> None:
        if sent.is_done:
            del self.waiting[client_id]
            self.on_done(sent)


async def open_line(port: int, origin: str, who: dict[str, Any], on_text: Callable[[bytes], None]) -> Line:
    """A socket that has said hello."""
    headers = {"Origin": origin, "Cookie": f"session={who['session']}"}
    line = await Line.open(port, "/ws/", headers, on_text)
    line.send(wire.hello(bytes.fromhex(who["did"]), {}, None).encode())
    return line


def device(person: dict[str, Any], number: int = 0) -> dict[str, Any]:
    """One browser of a person of `bench.crowd`."""
    return {"uid": person["uid"], "did": UUID(person["dids"][number]).hex, "session": person["sessions"][number]}


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
