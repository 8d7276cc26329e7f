"""The two ends of the job at the servers of `bench.naive`, `bench.shape` and `bench.echo`: frames of plain JSON.

{"to", "id", "body"}          what a sender writes
{"id", ...}                   to the sender: it is stored
{"id", "body", ...}           to the receiver
"""

import base64
import json
import os
from hashlib import sha256
from typing import Any
from uuid import uuid4

from bench.lines import TEXT, Line, client_frame
from bench.pairs import OnDone, Pair, Sealed

BODY_BYTES = 1024 * 3 // 4  # as base64: 1,024 characters


class PlainPair(Pair):
    def __init__(self, crowd: dict[str, Any], number: int, on_done: OnDone) -> None:
        super().__init__(on_done)
        self._sender, self._receiver = crowd["people"][2 * number], crowd["people"][2 * number + 1]
        self._path = f"/ws/chat/{number}/"

    async def open(self, port: int, origin: str) -> None:
        self._from = await Line.open(port, self._path, _headers(origin, self._sender), self._sender_hears)
        self._to = await Line.open(port, self._path, _headers(origin, self._receiver), self._receiver_hears)

    def seal(self) -> Sealed:
        body, key = base64.b64encode(os.urandom(BODY_BYTES)), str(uuid4())
        text = json.dumps({"to": self._receiver["name"], "id": key, "body": body.decode()})
        return Sealed(client_frame(TEXT, text.encode()), key, sha256(body).digest())

    def write(self, frame: bytes) -> None:
        self._from.write(frame)

    def _sender_hears(self, text: bytes) -> None:
        self.accepted(json.loads(text)["id"])

    def _receiver_hears(self, text: bytes) -> None:
        frame = json.loads(text)
        self.delivered(frame["id"], sha256(frame["body"].encode()).digest())


class EchoPair(PlainPair):
    """One line: what comes back was stored nowhere."""

    async def open(self, port: int, origin: str) -> None:
        self._from = await Line.open(port, "/", {}, self._hears)

    def _hears(self, text: bytes) -> None:
        self._sender_hears(text)
        self._receiver_hears(text)


async def open_idle(crowd: dict[str, Any], number: int, port: int, origin: str) -> Line:
    people = crowd["people"]
    person = people[len(people) - 1 - number % len(people)]
    return await Line.open(port, f"/ws/chat/idle{number}/", _headers(origin, person), lambda _text: None)


def _headers(origin: str, person: dict[str, Any]) -> dict[str, str]:
    return {"Origin": origin, "Cookie": f"sessionid={person['session']}"}
