"""The only place in accounts that uses the field keys: sealing what must be read again, digesting what only is
compared.

Box of a sealed value: key id (8) || nonce (12) || AES-256-GCM ciphertext and tag. FIELD_KEYS has the newest key first.
"""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

KEY_ID_BYTES = 8
NONCE_BYTES = 12


class CannotOpen(Exception):
    """The value was sealed with a key that is not configured, for something else, or was changed."""


def seal(plaintext: bytes, *, context: bytes) -> bytes:
    """Encrypts under the newest key; `context` says whose and what it is and must be the same when opening."""
    key = _keys()[0]
    nonce = os.urandom(NONCE_BYTES)
    return _key_id(key) + nonce + AESGCM(key).encrypt(nonce, plaintext, context)


def open_sealed(box: bytes, *, context: bytes) -> bytes:
    """The plaintext; CannotOpen otherwise."""
    box = bytes(box)
    key_id, nonce, ciphertext = box[:KEY_ID_BYTES], box[KEY_ID_BYTES:][:NONCE_BYTES], box[KEY_ID_BYTES + NONCE_BYTES :]
    for key in _keys():
        if hmac.compare_digest(_key_id(key), key_id):
            try:
                return AESGCM(key).decrypt(nonce, ciphertext, context)
            except InvalidTag:
                raise CannotOpen from None
    raise CannotOpen


def is_sealed_with_newest(box: bytes) -> bool:
    return bytes(box)[:KEY_ID_BYTES] == _key_id(_keys()[0])


def digest(purpose: str, *parts: str) -> str:
    """HMAC-SHA-256 under the newest key, in hex; each purpose has a key of its own."""
    return _digest(_keys()[0], purpose, parts)


def digests(purpose: str, *parts: str) -> list[str]:
    """The digest under every configured key, so that what was stored before a new key is still recognised."""
    return [_digest(key, purpose, parts) for key in _keys()]


def _digest(key: bytes, purpose: str, parts: tuple[str, ...]) -> str:
    purpose_key = hmac.digest(key, b"digest:" + purpose.encode(), "sha256")
    return hmac.new(purpose_key, "\0".join(parts).encode(), "sha256").hexdigest()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"field-key-id:" + key).digest()[:KEY_ID_BYTES]


def _keys() -> list[bytes]:
    return list(settings.FIELD_KEYS)
