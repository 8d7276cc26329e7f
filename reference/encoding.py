"""Bytes of section 1: integers, labels, vectors, base64url, and the strict reader of all of them."""

import base64
import binascii
from collections.abc import Sequence
from itertools import pairwise

from reference.errors import ProtocolError, require

ZERO32 = bytes(32)
ID_BYTES = 16


def u8(number: int) -> bytes:
    return number.to_bytes(1, "big")


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def label(text: str) -> bytes:
    """LBL(s) = u8(len) || "e2c/1/" || s; len counts the prefix."""
    full = b"e2c/1/" + text.encode("ascii")
    return u8(len(full)) + full


def vec(data: bytes) -> bytes:
    """vec(b) = u32(len) || b."""
    return u32(len(data)) + data


def strictly_ascending(keys: Sequence[bytes]) -> bool:
    """True when each key is larger than the one before it, bytewise."""
    return all(before < after for before, after in pairwise(keys))


class Reader:
    """Reads an object from its first byte to its last; anything missing or left over is BAD_ENCODING."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, length: int) -> bytes:
        end = self._at + length
        require(end <= len(self._data), "BAD_ENCODING")
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def u8(self) -> int:
        return self.take(1)[0]

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def u64(self) -> int:
        return int.from_bytes(self.take(8), "big")

    def vec(self) -> bytes:
        return self.take(self.u32())

    def label(self, text: str) -> None:
        expected = label(text)
        require(self.take(len(expected)) == expected, "BAD_ENCODING")

    def end(self) -> None:
        require(self._at == len(self._data), "BAD_ENCODING")


def b64(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64(text: str) -> bytes:
    """The bytes of a base64url text in its one canonical form; anything else is BAD_ENCODING."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise ProtocolError("BAD_ENCODING") from None
    require(b64(data) == text, "BAD_ENCODING")
    return data
