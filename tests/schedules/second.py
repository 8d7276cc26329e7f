"""A member of a schedule that is the reference implementation: its requests go into the page, to the same server."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest import mock
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reference import exchange, keyfile, person, primitives, wire
from reference.client import Changed, Client, Message, Problem
from reference.encoding import unb64
from reference.link import PostRefused
from reference.login import Credentials
from reference.person import Person
from reference.web import HttpRefused
from tests.vectors.browser import Evaluate

ASK = "async ([path, method, body]) => globalThis.world.second.ask(path, method, body)"
ADD = "async (name) => globalThis.world.addSecond(name)"
NOW = "() => globalThis.world.sim.clock.now()"
ORIGIN = "https://chat.test"  # of tests/js_chat/fake-server.js
HEAR_SECONDS = 0.02  # what it heard is there already
OPKS = 20
PASSPHRASE = "abcd-efgh-ijkm-npqr-stuv"
ORDINARY = frozenset(
    {
        "DEVICE_ADDED",
        "DEVICE_REMOVED",
        "RESTART_SUSPECT",
        "NOT_A_MEMBER",
        "KEYFILE_STALE",
        "PREKEY_UNKNOWN",
        "CLOCK_SKEW",
    }
)


class PageWeb:
    """What reference.web.Web is, and on the other side FakeServer."""

    origin = ORIGIN
    cookies = ""

    def __init__(self, evaluate: Evaluate) -> None:
        self._evaluate = evaluate

    def get(self, path: str, **query: Any) -> Any:
        return self.ask("GET", f"{path}?{urlencode(query)}")

    def post(self, path: str, **fields: Any) -> Any:
        return self.ask("POST", path, json.dumps(fields))

    def ask(self, method: str, path: str, body: str | None = None) -> Any:
        told = self._evaluate(ASK, [path, method, body])
        if told["status"] >= 400 and "f" not in told["body"]:
            raise HttpRefused(told["status"], told["body"]["error"])
        return told["body"]


class PageLink:
    """What reference.link.Link is, without a socket: it hears no bell."""

    is_online = True

    def __init__(self, web: PageWeb) -> None:
        self._web = web

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def ack(self, cid: bytes, upto: int) -> None:
        """Nobody waits for it."""

    async def post(self, cid: bytes, client_id: str, kind: str, blob: bytes, *more: Any) -> wire.Accepted:
        frame = wire.post(cid, client_id, kind, blob, *more)
        answer = wire.parse(json.dumps(self._web.ask("POST", f"/api/conversations/{cid.hex()}/events/", frame)))
        if isinstance(answer, wire.Refused):
            raise PostRefused(answer)
        assert isinstance(answer, wire.Accepted)
        return answer

    async def pull(self, cid: bytes, after: int) -> wire.Events:
        path = f"/api/conversations/{cid.hex()}/events/?after={after}&limit=200"
        page = wire.parse(json.dumps(self._web.ask("GET", path)))
        assert isinstance(page, wire.Events)
        return page


class Second:
    """One device of a person in the page's world; `texts` is what it read and wrote, in the order of the server."""

    def __init__(self, evaluate: Evaluate, name: str) -> None:
        self._evaluate = evaluate
        self._loop = asyncio.Runner()
        told = evaluate(ADD, name)
        self._cid = bytes.fromhex(told["cid"])
        web = PageWeb(evaluate)
        self._client = Client(Person(web, Credentials(name, "", b"", [])))  # type: ignore[arg-type]
        self._client.wait_for_next_s = 0  # in the page's time nobody waits for it
        self._client.make_link = lambda *_, **__: PageLink(web)  # type: ignore[assignment,return-value]
        self._texts: dict[int, str] = {}
        self.codes: list[str] = []
        self._loop.run(self._client.restore(unb64(told["file"]), PASSPHRASE, opks=OPKS))

    def say(self, text: str) -> None:
        self._texts[self._loop.run(self._do(self._client.send, self._cid, text))] = text

    def texts(self) -> list[str]:
        """After catching up."""
        self._loop.run(self._do(self._client.catch_up, self._cid))
        return [text for _, text in sorted(self._texts.items())]

    def close(self) -> None:
        self._loop.close()

    async def _do(self, work: Callable[..., Awaitable[Any]], *given: Any) -> Any:
        await self._client.catch_up(self._cid)
        done = await work(*given)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEAR_SECONDS):
                async for event in self._client.events():
                    self._take(event)
        return done

    def _take(self, event: Message | Changed | Problem) -> None:
        if isinstance(event, Message):
            self._texts.setdefault(event.seq, event.text)
        elif isinstance(event, Problem) and event.code not in ORDINARY:
            self.codes.append(f"{event.code} at {event.seq}")


class WatchedGcm:
    """cryptography's AESGCM, which tells under which key and nonce it seals."""

    def __init__(self, pairs: list[tuple[str, str]], key: bytes) -> None:
        self._pairs, self._key, self._gcm = pairs, key, AESGCM(key)

    def encrypt(self, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        self._pairs.append((self._key.hex(), nonce.hex()))
        return self._gcm.encrypt(nonce, plaintext, aad)

    def decrypt(self, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        return self._gcm.decrypt(nonce, ciphertext, aad)


@contextmanager
def simulated(evaluate: Evaluate) -> Iterator[list[tuple[str, str]]]:
    """The reference lives in the page's time and stretches in one round like the page; gives its keys and nonces."""
    pairs: list[tuple[str, str]] = []

    def now_ms() -> int:
        return int(evaluate(NOW))

    def one_round(password: bytes, salt: bytes, _: int) -> bytes:
        return primitives.pbkdf2(password, salt, 1)

    with ExitStack() as patched:
        for module in (person, exchange):
            patched.enter_context(mock.patch.object(module, "now_ms", now_ms))
        patched.enter_context(mock.patch.object(keyfile, "pbkdf2", one_round))
        patched.enter_context(mock.patch.object(primitives, "AESGCM", partial(WatchedGcm, pairs)))
        yield pairs
