"""The usual WebSocket frame, one whole text message (RFC 6455 section 5.2), read and written without detours.

Autobahn spends more on it than everything else a message costs here. Whatever is unusual (fragments, binary, control
frames, wrong masks, lengths or UTF-8) is left to Autobahn, with its refusals.
"""

import asyncio
import time

from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.abstract import FileDescriptor

FINAL_TEXT, MASKED = 0x81, 0x80
TWO_BYTES, EIGHT_BYTES = 126, 127  # of length follow
MASK_BYTES = 4


class QuickSocket(WebSocketProtocol):
    data: bytes  # read and not yet processed

    def connectionMade(self) -> None:
        self.transport.startWriting = EagerWriter(self.transport)
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        self._dataReceived(data)  # Autobahn's own does this after a line for its log, put together always

    def processData(self) -> bool:
        """Whether there is more to process."""
        is_between_messages = self.current_frame is None and not self.inside_message
        found = whole_text(self.data) if is_between_messages and self.state == self.STATE_OPEN else None
        if found is None:
            more: bool = super().processData()
            return more
        text, size = found
        self.data = self.data[size:]
        self.take_text(text)
        return bool(self.data)

    def take_text(self, text: str) -> None:
        """As Daphne's `onMessage`, which decodes and tells its log of each message."""
        if not self.muted:
            self.last_ping = time.time()
            self.application_queue.put_nowait({"type": "websocket.receive", "text": text})

    def serverSend(self, content: str, binary: bool = False) -> None:
        if binary or self.state != self.STATE_OPEN or self.send_queue:
            super().serverSend(content, binary)
        else:
            self.transport.write(text_frame(content.encode()))


class EagerWriter:
    """Takes the place of a transport's `startWriting`: what was written in one turn of the loop is sent at its end.

    Twisted would ask the kernel to tell when the socket can take more, wait for another turn, and take that back. It
    is asked here only when something is left.
    """

    def __init__(self, transport: FileDescriptor) -> None:
        self._transport, self._scheduled = transport, False
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._write)

    def _write(self) -> None:
        self._scheduled, transport = False, self._transport
        if not transport.connected:
            return
        failure = transport.doWrite()  # type: ignore[no-untyped-call]
        if failure is not None or unsent_bytes(
            transport
        ):  # the reactor goes on; after a failure it ends the connection
            FileDescriptor.startWriting(transport)  # type: ignore[no-untyped-call]


def whole_text(data: bytes) -> tuple[str, int] | None:
    """The message of a client's frame at the start, and the frame's size; None when it is not a whole usual one.

    81 | 80+length or FE length(2) | mask(4) | payload
    """
    if len(data) < 2 + MASK_BYTES or data[0] != FINAL_TEXT or not data[1] & MASKED:
        return None
    start, length = 2, data[1] & ~MASKED
    if length == TWO_BYTES:
        start, length = 4, int.from_bytes(data[2:4], "big")
    if length < (TWO_BYTES if start == 4 else 0) or data[1] & ~MASKED == EIGHT_BYTES:
        return None
    size = start + MASK_BYTES + length
    if len(data) < size:
        return None
    payload = _unmasked(data[start + MASK_BYTES : size], data[start : start + MASK_BYTES])
    try:
        return payload.decode(), size
    except UnicodeDecodeError:
        return None


def text_frame(payload: bytes) -> bytes:
    """A server's frame: never masked."""
    length = len(payload)
    if length < TWO_BYTES:
        return bytes((FINAL_TEXT, length)) + payload
    if length < 1 << 16:
        return bytes((FINAL_TEXT, TWO_BYTES)) + length.to_bytes(2, "big") + payload
    return bytes((FINAL_TEXT, EIGHT_BYTES)) + length.to_bytes(8, "big") + payload


def unsent_bytes(transport: FileDescriptor) -> int:
    """What waits in Twisted's transport; it has no public name for it."""
    return len(transport.dataBuffer) + int(transport._tempDataLen)


def _unmasked(masked: bytes, mask: bytes) -> bytes:
    """As one long number: the loop is in C."""
    length = len(masked)
    key = (mask * (length // MASK_BYTES + 1))[:length]
    return (int.from_bytes(masked, "big") ^ int.from_bytes(key, "big")).to_bytes(length, "big")
