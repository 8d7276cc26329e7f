"""A WebSocket client that costs almost nothing: asyncio protocol, text frames, mask of zeros. For load only."""

import asyncio
import base64
import os
import struct
from collections.abc import Callable

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Line(asyncio.Protocol):
    """One socket. `on_text` gets each text frame's bytes; `opened` is done when the handshake has succeeded."""

    def __init__(self, headers: dict[str, str], on_text: Callable[[bytes], None]) -> None:
        self._headers, self.on_text = headers, on_text
        self._read = b""
        self._upgraded = False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, port: int, path: str, headers: dict[str, str], on_text: Callable[[bytes], None]) -> "Line":
        _transport, line = await asyncio.get_running_loop().create_connection(
            lambda: cls({"Path": path, **headers}, on_text), "127.0.0.1", port
        )
        await asyncio.wait_for(line.opened, 30)
        return line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        path = self._headers.pop("Path")
        key = base64.b64encode(os.urandom(16)).decode()
        fixed = {"Host": "127.0.0.1", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key}
        headers = {**fixed, "Sec-WebSocket-Version": "13", **self._headers}
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        transport.write("\r\n".join(lines).encode())

    def data_received(self, data: bytes) -> None:
        self._read += data
        if not self._upgraded and not self._take_handshake():
            return
        self._take_frames()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed during the handshake"))

    def send(self, text: bytes) -> None:
        self._transport.write(client_frame(TEXT, text))

    def write(self, frame: bytes) -> None:
        """A frame of `client_frame`, made before."""
        self._transport.write(frame)

    def close(self) -> None:
        self._transport.close()

    def _take_handshake(self) -> bool:
        head, found, rest = self._read.partition(b"\r\n\r\n")
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 101"):
            self.opened.set_exception(ConnectionError(head.split(b"\r\n")[0].decode()))
            self._transport.close()
            return False
        self._read, self._upgraded = rest, True
        self.opened.set_result(None)
        return True

    def _take_frames(self) -> None:
        at, data = 0, self._read
        while len(data) - at >= 2:
            start, length = at + 2, data[at + 1]
            if length == 126:
                start, length = at + 4, int.from_bytes(data[at + 2 : at + 4], "big")
            elif length == 127:
                start, length = at + 10, int.from_bytes(data[at + 2 : at + 10], "big")
            if len(data) < start + length:
                break
            self._take_frame(data[at] & 15, data[start : start + length])
            at = start + length
        self._read = data[at:]

    def _take_frame(self, kind: int, payload: bytes) -> None:
        if kind == TEXT:
            self.on_text(payload)
        elif kind == PING:
            self._transport.write(client_frame(PONG, payload))
        elif kind == CLOSE:
            raise ConnectionError(f"closed with {int.from_bytes(payload[:2], 'big')}")


def client_frame(kind: int, payload: bytes) -> bytes:
    """One whole masked frame; the mask is zero, so that masking costs nothing here."""
    size = len(payload)
    if size < 126:
        head = struct.pack(">BB", 128 | kind, 128 | size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", 128 | kind, 128 | 126, size)
    else:
        head = struct.pack(">BBQ", 128 | kind, 128 | 127, size)
    return head + bytes(4) + payload
