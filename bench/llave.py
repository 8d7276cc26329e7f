"""The two ends of the job at this product: a sender with its chain, a receiver that keeps order and acknowledges."""

import asyncio
import base64
import json
import os
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any, ClassVar
from uuid import UUID, uuid4

from bench.lines import TEXT, Line, client_frame
from bench.pairs import OnDone, Pair, Sealed
from reference import wire
from reference.chain import Chain
from reference.content import MAX_CONTENT_BYTES
from reference.envelope import seal_message

ACK_SECONDS = 1.0
BODY_BYTES = 1000 - 120  # as a content of about 1,000 bytes, padded to 1,024
ANSWER_SECONDS = 30.0


class LlavePair(Pair):
    def __init__(self, crowd: dict[str, Any], number: int, on_done: OnDone) -> None:
        super().__init__(on_done)
        talk = crowd["conversations"][number]
        self.cid, self._th = talk["cid"], bytes.fromhex(talk["th"])
        self._sender, self._receiver = (_device(crowd["people"][talk[end]], 0) for end in ("from", "to"))
        self._chain = Chain(os.urandom(32))
        self._cursor = self._head = 0
        self._pulling = self._has_acked = False

    async def open(self, port: int, origin: str) -> None:
        self._from = await _open_line(port, origin, self._sender, lambda text: self.sender_hears(json.loads(text)))
        self._to = await _open_line(port, origin, self._receiver, lambda text: self.receiver_hears(json.loads(text)))

    def seal(self) -> Sealed:
        cid, uid, did = (bytes.fromhex(text) for text in (self.cid, self._sender["uid"], self._sender["did"]))
        body = base64.b64encode(os.urandom(BODY_BYTES * 3 // 4)).decode()
        content = {"v": 1, "t": "text", "id": str(uuid4()), "ts": time.time_ns() // 10**6, "ack": {}, "body": body}
        data = json.dumps(content, separators=(",", ":")).encode()
        assert len(data) <= MAX_CONTENT_BYTES
        envelope, chain = seal_message(
            data, chain=self._chain, cid=cid, epoch=0, th=self._th, uid=uid, did=did, salt=os.urandom(32)
        )
        self._chain = Chain(chain.head, chain.next_counter)  # a sender needs not know what it sent
        key = str(uuid4())
        text = wire.post(cid, key, wire.MESSAGE, envelope).encode()
        return Sealed(client_frame(TEXT, text), key, sha256(envelope).digest())

    def write(self, frame: bytes) -> None:
        self._from.write(frame)

    def sender_hears(self, frame: dict[str, Any]) -> None:
        if frame["f"] == "accepted":
            self.wrong += frame["dup"]
            self.accepted(frame["client_id"], digest=unb64(frame["sha256"]))
        elif frame["f"] not in ("welcome", "bell"):
            raise RuntimeError(f"the sender was told {frame}")

    def receiver_hears(self, frame: dict[str, Any]) -> None:
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
        for item in items:
            if item["seq"] <= self._cursor:
                continue
            self.wrong += item["seq"] != self._cursor + 1
            self._cursor, self._head = item["seq"], max(self._head, item["seq"])
            self.delivered(item["client_id"], sha256(unb64(item["blob"])).digest())
        self._ack()

    def _ack(self) -> None:
        """As the page: one a second, the first at once."""
        if not self._has_acked:
            self._has_acked = True
            self._to.send(wire.ack(bytes.fromhex(self.cid), self._cursor).encode())
            asyncio.get_running_loop().call_later(ACK_SECONDS, self._ack_on, self._cursor)

    def _ack_on(self, told: int) -> None:
        self._has_acked = False
        if self._cursor > told:
            self._ack()


class MeshPair(LlavePair):
    """One of many conversations of few people: each person has one line for all of them."""

    _lines: ClassVar[dict[str, Line]] = {}
    _talks: ClassVar[dict[str, "MeshPair"]] = {}

    async def open(self, port: int, origin: str) -> None:
        self._talks[self.cid] = self
        self._from, self._to = [await self._line(port, origin, who) for who in (self._sender, self._receiver)]

    async def _line(self, port: int, origin: str, who: dict[str, Any]) -> Line:
        if who["did"] not in self._lines:
            self._lines[who["did"]] = await _open_line(port, origin, who, self._hear)
        return self._lines[who["did"]]

    def _hear(self, text: bytes) -> None:
        frame = json.loads(text)
        if frame["f"] != "welcome":  # nobody has said anything before
            talk = self._talks[frame["cid"]]
            (talk.sender_hears if frame["f"] == "accepted" else talk.receiver_hears)(frame)


class Idle:
    """A socket that says hello and, when it is told to, asks for the heads as the page's heartbeat does."""

    def __init__(self) -> None:
        self._answered = asyncio.Event()

    async def open(self, port: int, origin: str, who: dict[str, Any]) -> None:
        self._line = await _open_line(port, origin, who, lambda _text: self._answered.set())
        await asyncio.wait_for(self._answered.wait(), ANSWER_SECONDS)

    async def beat(self) -> None:
        self._answered.clear()
        self._line.send(wire.ask_heads().encode())
        await asyncio.wait_for(self._answered.wait(), ANSWER_SECONDS)

    def close(self) -> None:
        self._line.close()


async def open_idle(crowd: dict[str, Any], number: int, port: int, origin: str) -> Idle:
    idle = Idle()
    await idle.open(port, origin, idle_browser(crowd, number))
    return idle


def idle_browser(crowd: dict[str, Any], number: int) -> dict[str, Any]:
    """One of somebody who talks to nobody: a further browser of one of the pairs would be told of every message."""
    people = crowd["people"][2 * len(crowd["conversations"]) :]
    return _device(people[number % len(people)], number // len(people))


async def _open_line(port: int, origin: str, who: dict[str, Any], on_text: Callable[[bytes], None]) -> Line:
    """A socket that has said hello."""
    headers = {"Origin": origin, "Cookie": f"session={who['session']}"}
    line = await Line.open(port, "/ws/", headers, on_text)
    line.send(wire.hello(bytes.fromhex(who["did"]), {}, None).encode())
    return line


def _device(person: dict[str, Any], number: int) -> dict[str, Any]:
    """One browser of a person of `bench.crowd`."""
    return {"uid": person["uid"], "did": UUID(person["dids"][number]).hex, "session": person["sessions"][number]}


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
