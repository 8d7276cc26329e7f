"""Looks for secrets in what was stored or sent, in every form that bytes take on their way."""

import base64
import json
import re
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

SHORTEST_BYTES = 6
# Hashes and numbers of things: six digits in a row come by chance in there.
HEXADECIMAL = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{12,}")


@dataclass
class Heap:
    """Pieces of evidence, each with the place it was found in."""

    pieces: list[tuple[str, bytes]] = field(default_factory=list)

    def add(self, place: str, content: bytes | str) -> None:
        self.pieces.append((place, content.encode() if isinstance(content, str) else bytes(content)))

    def places_of(self, secret: bytes) -> set[str]:
        """Every place where the secret occurs in any form."""
        needles = forms(secret)
        return {place for place, content in self.pieces if any(_holds(content, needle) for needle in needles)}

    @property
    def size(self) -> int:
        return sum(len(content) for _, content in self.pieces)


def forms(secret: bytes) -> set[bytes]:
    """Raw, hex, base64 and base64url in all three alignments, UTF-16, as JSON text, as part of an address."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode(), *_base64_forms(secret)}
    with suppress(UnicodeDecodeError):
        text = secret.decode()
        found |= {text.encode("utf-16-le"), text.encode("utf-16-be"), json.dumps(text)[1:-1].encode()}
        found |= {quote(text).encode(), quote(text, safe="").encode(), quote(text).replace("%20", "+").encode()}
        found.add(text.encode("utf-16-le").hex().encode())
    return found


def _base64_forms(secret: bytes) -> Iterable[bytes]:
    """What of the secret shows in base64, whatever stands before and behind it."""
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + secret)
        first = -(-shift * 8 // 6) if shift else 0
        last = (shift + len(secret)) * 8 // 6
        inner = encoded[first:last]
        if len(inner) >= SHORTEST_BYTES + 2:
            yield inner
            yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def _holds(content: bytes, needle: bytes) -> bool:
    if not needle.isdigit():
        return needle in content
    found = [match.start() for match in re.finditer(rb"(?<![\d.])" + needle + rb"(?!\d)", content)]
    if found and len(needle) < 12:
        chance = [match.span() for match in HEXADECIMAL.finditer(content) if not match[0].isdigit()]
        found = [at for at in found if not any(start <= at < end for start, end in chance)]
    return bool(found)


class RedisMonitor(threading.Thread):
    """Everything that Redis is told while this runs."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        address = urlsplit(url)
        self._socket = socket.create_connection((address.hostname, address.port), timeout=10)
        self._socket.sendall(b"MONITOR\r\n")
        self._seen = bytearray()
        self.start()

    def run(self) -> None:
        self._socket.settimeout(None)
        with suppress(OSError):
            while part := self._socket.recv(65536):
                self._seen += part

    def stop(self) -> bytes:
        """The commands as printed, followed by the same with their escapes undone."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.join(timeout=10)
        self._socket.close()
        plain = re.sub(rb'\\x([0-9a-f]{2})|\\(["\\])', _unescaped, bytes(self._seen))
        return bytes(self._seen) + b"\n" + plain


def _unescaped(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)]) if match[1] else match[2]
