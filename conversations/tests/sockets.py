"""Sockets of the test's people, as their pages open them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore

from chatproject.lib import bridge
from chatproject.lib.encoding import to_base64url
from conversations.routing import application_for_websockets
from conversations.tests import blobs
from conversations.tests.world import Person, World

PATIENCE_SECONDS = 30  # a commit waits for a disk that others use, too


class PatientCommunicator(WebsocketCommunicator):
    """Waits long for what has to come; that nothing comes is looked at for a moment, as ever."""

    async def receive_output(self, seconds: float = PATIENCE_SECONDS) -> Any:
        return await super().receive_output(max(seconds, PATIENCE_SECONDS))


async def log_in(person: Person, *, full: bool = True, bound: bool = True) -> str:
    def save() -> str:
        session = SessionStore()
        session.update({"uid": person.uid.hex, "full": full, "did": person.did.hex if bound else ""})
        session.save()
        return str(session.session_key)

    return await bridge.run(save)


def socket(key: str = "", *, origin: str | None = None, path: str = "/ws/") -> PatientCommunicator:
    headers = [(b"cookie", f"x=1; {settings.SESSION_COOKIE_NAME}={key}".encode())] if key else []
    if origin != "none":
        headers.append((b"origin", (origin or settings.ALLOWED_ORIGINS[0]).encode()))
    return PatientCommunicator(application_for_websockets(), path, headers=headers)


@asynccontextmanager
async def connected(person: Person, *, hello: bool = True, **session: bool) -> AsyncIterator[WebsocketCommunicator]:
    line = socket(await log_in(person, **session))
    assert (await line.connect())[0]
    if hello:
        await line.send_json_to({"f": "hello", "did": person.did.hex, "cursors": {}, "incarnation": None})
        assert (await line.receive_json_from())["f"] == "welcome"
    yield line
    await line.disconnect()


async def close_code(line: WebsocketCommunicator) -> int:
    while True:
        message = await line.receive_output()
        if message["type"] == "websocket.close":
            return int(message["code"])


def post_frame(person: Person, cid: UUID, counter: int = 0, client_id: UUID | None = None) -> dict[str, Any]:
    blob = blobs.envelope(cid=cid, uid=person.uid, did=person.did, counter=counter)
    ids = {"cid": cid.hex, "client_id": str(client_id or uuid4())}
    return {"f": "post", **ids, "kind": "message", "blob": to_base64url(blob)}


async def started(world: World) -> UUID:
    def work() -> UUID:
        cid = world.talk()
        world.start(cid)
        return cid

    return await bridge.run(work)
