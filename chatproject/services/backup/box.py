"""The archive's seal: X25519 to the operator's key, then AES-256-GCM in chunks, so that it streams both ways.

    header  "LLAVE-BACKUP-1\\n" || recipient's public key (32) || ephemeral public key (32)
    key     HKDF-SHA-256(X25519(ephemeral, recipient), salt: both public keys, info: "llave backup 1", 32)
    chunk   AES-256-GCM(65536 bytes, the last one 0 to 65536), nonce: number (11 bytes) || 1 for the last, else 0;
            additional data: the header

A chunk cannot be changed, moved or left out, and a missing end is noticed. The server holds the public key only.
"""

import base64
import binascii
import io
from typing import IO, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chatproject.services.backup.refusal import BackupRefused

MAGIC = b"LLAVE-BACKUP-1\n"
HEADER_BYTES = len(MAGIC) + 64
CHUNK_BYTES, TAG_BYTES = 65536, 16
PRIVATE, PUBLIC = "llave-backup-private:", "llave-backup-public:"


def make_key() -> tuple[str, str]:
    """A new private key and its public key, as texts."""
    key = X25519PrivateKey.generate()
    return PRIVATE + _text(key.private_bytes_raw()), PUBLIC + _text(key.public_key().public_bytes_raw())


def read_private_key(text: str) -> X25519PrivateKey:
    """BackupRefused BAD_KEY."""
    return X25519PrivateKey.from_private_bytes(_bytes(text, PRIVATE))


def read_public_key(text: str) -> X25519PublicKey:
    """BackupRefused BAD_KEY."""
    return X25519PublicKey.from_public_bytes(_bytes(text, PUBLIC))


class Sealing(io.RawIOBase):
    """Takes bytes, writes them sealed for `recipient`; only `close` makes the archive whole."""

    def __init__(self, target: BinaryIO, recipient: X25519PublicKey) -> None:
        ephemeral = X25519PrivateKey.generate()
        self._header = MAGIC + recipient.public_bytes_raw() + ephemeral.public_key().public_bytes_raw()
        self._seal = AESGCM(_key(ephemeral.exchange(recipient), self._header))
        self._target, self._waiting, self._number = target, bytearray(), 0
        target.write(self._header)

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:
            self._put(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def close(self) -> None:
        """The last chunk. Without it nothing can be read back."""
        if not self.closed:
            self._put(bytes(self._waiting), last=True)
        super().close()

    def abandon(self) -> None:
        """Close without the end: what was written so far cannot be taken for a whole archive."""
        super().close()

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._target.write(self._seal.encrypt(_nonce(self._number, last), chunk, self._header))
        self._number += 1


class Opening(io.RawIOBase):
    """Reads what was sealed and gives no byte that was not checked. BackupRefused WRONG_KEY, BAD_ARCHIVE, CUT_SHORT."""

    def __init__(self, source: IO[bytes], key: X25519PrivateKey) -> None:
        self._source, self._number, self._left, self._ended = source, 0, b"", False
        self._header = source.read(HEADER_BYTES)
        if len(self._header) != HEADER_BYTES or not self._header.startswith(MAGIC):
            raise BackupRefused("BAD_ARCHIVE")
        recipient, ephemeral = self._header[len(MAGIC) :][:32], self._header[-32:]
        if recipient != key.public_key().public_bytes_raw():
            raise BackupRefused("WRONG_KEY")
        self._open = AESGCM(_key(_exchange(key, ephemeral), self._header))
        self._next = source.read(CHUNK_BYTES + TAG_BYTES)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left and not self._ended:
            self._left = self._chunk()
        taken = min(len(buffer), len(self._left))
        buffer[:taken], self._left = self._left[:taken], self._left[taken:]
        return taken

    def _chunk(self) -> bytes:
        sealed, self._next = self._next, self._source.read(CHUNK_BYTES + TAG_BYTES)
        self._ended = not self._next
        try:
            chunk = self._open.decrypt(_nonce(self._number, self._ended), sealed, self._header)
        except InvalidTag:
            raise BackupRefused("CUT_SHORT" if self._is_cut(sealed) else "BAD_ARCHIVE") from None
        self._number += 1
        return chunk

    def _is_cut(self, sealed: bytes) -> bool:
        """Whether this is the last chunk there is, and was cut, or was followed by more when it was written."""
        if not self._ended or len(sealed) < CHUNK_BYTES + TAG_BYTES:
            return self._ended
        try:
            self._open.decrypt(_nonce(self._number, False), sealed, self._header)
        except InvalidTag:
            return False
        return True


def _exchange(key: X25519PrivateKey, ephemeral: bytes) -> bytes:
    try:
        return key.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    except ValueError:
        raise BackupRefused("BAD_ARCHIVE") from None


def _key(shared: bytes, header: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=header[len(MAGIC) :], info=b"llave backup 1").derive(shared)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _bytes(text: str, prefix: str) -> bytes:
    value = text.strip()
    try:
        key = base64.b64decode(value.removeprefix(prefix) + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not value.startswith(prefix) or len(key) != 32:
        raise BackupRefused("BAD_KEY", f"it begins with {prefix}")
    return key
