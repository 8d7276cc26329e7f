"""Envelopes sealed ahead of their posting, as an outbox holds them."""

import asyncio
import uuid
from dataclasses import dataclass, field

from reference import wire
from tests.faults.people import Device


@dataclass(frozen=True, slots=True)
class SealedPost:
    text: str
    client_id: str
    blob: bytes = field(repr=False)


async def seal(device: Device, cid: bytes, texts: list[str]) -> list[SealedPost]:
    """Typed and sealed in the present epoch, one counter each; nothing is sent."""
    exchange = device.client.exchanges[cid]
    async with exchange.lock:
        await exchange.catch_up()
        await exchange.settle()
        return [_seal_one(device, cid, text) for text in texts]


async def post_all(device: Device, cid: bytes, posts: list[SealedPost]) -> list[float]:
    """All at once down one socket, in the order of their counters; the seconds until each answer."""
    loop, link = asyncio.get_running_loop(), device.client.linked()
    began = loop.time()

    async def post(one: SealedPost) -> float:
        accepted = await link.post(cid, one.client_id, wire.MESSAGE, one.blob)
        device.history.ticked[one.text] = accepted.seq
        return loop.time() - began

    seconds = await asyncio.gather(*(post(one) for one in posts))
    await device.client.catch_up(cid)
    return list(seconds)


def _seal_one(device: Device, cid: bytes, text: str) -> SealedPost:
    _content, envelope = device.client.exchanges[cid].seal({"t": "text", "body": text}, str(uuid.uuid4()))
    device.type(cid, text)
    return SealedPost(text, str(uuid.uuid4()), envelope)
