"""Alice and Bob talk; one of them has no socket and waits for news over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from django.test import AsyncClient

from chatproject.lib import bridge
from conversations import delivery, longpoll, services
from conversations.tests import blobs
from conversations.tests.outfit import Visitor, make_visitor, start_record
from conversations.tests.sockets import PATIENCE_SECONDS

HEADS = "/api/conversations/heads/"


class Talk:
    """A conversation of Alice and Bob at epoch 0."""

    def __init__(self, alice: Visitor, bob: Visitor) -> None:
        self.alice, self.bob = alice, bob
        self.id = services.open_conversation(uid=alice.uid, other=bob.uid).cid
        self.cid, self._counter = self.id.hex, -1
        self._post("record", start_record(self.id, alice, bob))

    def _post(self, kind: str, blob: bytes) -> int:
        ids = {"uid": self.alice.uid, "did": self.alice.did, "cid": self.id, "client_id": uuid4()}
        return services.post(**ids, kind=kind, blob=blob).accepted.seq

    def next_blob(self) -> bytes:
        self._counter += 1
        return blobs.envelope(cid=self.id, uid=self.alice.uid, did=self.alice.did, counter=self._counter)

    async def say(self) -> int:
        """Alice's next message is stored; no bell rings for it. Its number."""
        return await bridge.run(self._post, "message", self.next_blob())

    async def ring(self, seq: int) -> None:
        """Another process has stored it and says so."""
        uids = [self.alice.uid.hex, self.bob.uid.hex]
        delivery._desk().switchboard.hear({"type": "event", "uids": uids, "cid": self.cid, "seq": seq})


async def poll(visitor: Visitor, since: str = "", *, via: str = "192.0.2.1") -> tuple[int, dict[str, Any]]:
    client = AsyncClient()
    client.cookies = visitor.client.cookies
    async with asyncio.timeout(PATIENCE_SECONDS):
        answer = await client.get(HEADS, {"since": since} if since else {}, headers={"X-Forwarded-For": via})
    return answer.status_code, {**answer.json(), "Retry-After": answer.headers.get("Retry-After")}


async def known(visitor: Visitor) -> str:
    """The mark of all that there is."""
    status, frame = await poll(visitor)
    assert (status, frame["f"]) == (200, "welcome")
    return str(frame["since"])


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not claim():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def listeners_of(visitor: Visitor) -> list[Any]:
    mine = [each for each in delivery.everybody() if each.uid == visitor.uid]
    return [each for each in mine if isinstance(each, longpoll.Listener)]


def waiting(visitor: Visitor) -> int:
    """How many of their requests have read everything and wait for a call."""
    return sum(len(each._called._waiters) for each in listeners_of(visitor))


@asynccontextmanager
async def waits_for_news(visitor: Visitor, *, count: int = 1) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Requests of somebody who knows all there is."""
    since = await known(visitor)
    asked = [asyncio.create_task(poll(visitor, since)) for _ in range(count)]
    await until(lambda: waiting(visitor) == count or all(each.done() for each in asked))
    yield asked
    for each in asked:
        each.cancel()
    await asyncio.gather(*asked, return_exceptions=True)


async def begin_talk() -> Talk:
    alice, bob = await bridge.run(make_visitor, "alice"), await bridge.run(make_visitor, "bob")
    return await bridge.run(Talk, alice, bob)
