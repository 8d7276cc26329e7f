"""The two ends of the job at an XMPP server, on raw TCP: SASL PLAIN, a resource, acknowledgements of XEP-0198.

A message counts as accepted when the server's `<a h=.../>` covers it.
"""

import asyncio
import base64
import os
import re
from collections import deque
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import uuid4

from bench.pairs import OnDone, Pair, Sealed

DOMAIN, PASSWORD = "localhost", "a bench password"
BODY_BYTES = 1024 * 3 // 4
STEP_SECONDS = 30.0
STREAM = (
    f"<stream:stream to='{DOMAIN}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
)
BIND = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{}</resource></bind></iq>"
SM = "xmlns='urn:xmpp:sm:3'"
ASK = f"<r {SM}/>".encode()
WHOLE = re.compile(rb"<message[ >].*?</message>|<presence[ >].*?</presence>|<iq[ >].*?</iq>|<[rah] [^>]*/>", re.DOTALL)
HANDLED = re.compile(rb"h=['\"](\d+)")
ID = re.compile(rb"<message[^>]* id=['\"]([^'\"]+)")
BODY = re.compile(rb"<body>(.*?)</body>")


class Stream(asyncio.Protocol):
    """One client's stream. `on_stanza` gets the text of each whole stanza after `open`."""

    def __init__(self, on_stanza: Callable[[bytes], None]) -> None:
        self._on_stanza = on_stanza
        self._read, self._wanted = b"", b""
        self._found: asyncio.Future[None] | None = None
        self._handled = 0
        self._is_open = False

    @classmethod
    async def open(cls, port: int, user: str, resource: str, on_stanza: Callable[[bytes], None]) -> "Stream":
        loop = asyncio.get_running_loop()
        _transport, stream = await loop.create_connection(lambda: cls(on_stanza), "127.0.0.1", port)
        await stream._log_in(user, resource)
        return stream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._found and not self._found.done():
            self._found.set_exception(ConnectionError(f"closed after {self._read[-200:]!r}"))
        elif self._is_open:
            raise ConnectionError(f"the server closed a stream: {self._read[-200:]!r}")

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self) -> None:
        self._is_open = False
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._read += data
        if self._is_open:
            self._take_stanzas()
        elif self._found and not self._found.done() and self._wanted in self._read:
            self._found.set_result(None)

    async def _log_in(self, user: str, resource: str) -> None:
        secret = base64.b64encode(f"\0{user}\0{PASSWORD}".encode()).decode()
        auth = f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>"
        await self._say(STREAM, "</stream:features>")
        await self._say(auth, "<success")
        await self._say(STREAM, "</stream:features>")
        await self._say(BIND.format(resource), "</iq>")
        await self._say(f"<presence/><enable {SM}/>", "<enabled")
        self._read, self._is_open = b"", True

    async def _say(self, text: str, answer: str) -> None:
        self._read, self._wanted = b"", answer.encode()
        self._found = asyncio.get_running_loop().create_future()
        self.write(text.encode())
        await asyncio.wait_for(self._found, STEP_SECONDS)

    def _take_stanzas(self) -> None:
        end = 0
        for found in WHOLE.finditer(self._read):
            end, stanza = found.end(), found.group()
            if stanza.startswith(b"<r "):
                self.write(f"<a {SM} h='{self._handled}'/>".encode())
                continue
            self._handled += not stanza.startswith(b"<a ")
            self._on_stanza(stanza)
        self._read = self._read[end:]


class XmppPair(Pair):
    def __init__(self, crowd: dict[str, Any], number: int, on_done: OnDone) -> None:
        super().__init__(on_done)
        self._sender, self._receiver = f"person{2 * number}", f"person{2 * number + 1}"
        self._unanswered: deque[str] = deque()
        self._answered = 0

    async def open(self, port: int, origin: str) -> None:
        self._from = await Stream.open(port, self._sender, "bench", self._sender_hears)
        self._to = await Stream.open(port, self._receiver, "bench", self._receiver_hears)

    def seal(self) -> Sealed:
        body, key = base64.b64encode(os.urandom(BODY_BYTES)), str(uuid4())
        head = f"<message to='{self._receiver}@{DOMAIN}/bench' type='chat' id='{key}'>"
        frame = head.encode() + b"<body>" + body + b"</body></message>" + ASK
        return Sealed(frame, key, sha256(body).digest())

    def write(self, frame: bytes) -> None:
        self._unanswered.append(self._to_come[-1])
        self._from.write(frame)

    def _sender_hears(self, stanza: bytes) -> None:
        found = HANDLED.search(stanza) if stanza.startswith(b"<a ") else None
        while found and self._answered < int(found.group(1)):
            self._answered += 1
            self.accepted(self._unanswered.popleft())

    def _receiver_hears(self, stanza: bytes) -> None:
        key, body = ID.search(stanza), BODY.search(stanza)
        if key and body:
            self.delivered(key.group(1).decode(), sha256(body.group(1)).digest())
        elif stanza.startswith(b"<message"):
            raise RuntimeError(f"the receiver was told {stanza!r}")


async def open_idle(crowd: dict[str, Any], number: int, port: int, origin: str) -> Stream:
    return await Stream.open(port, f"idle{number}", "bench", lambda _stanza: None)
