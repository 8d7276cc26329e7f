"""How bytes and identifiers stand in JSON and addresses: canonical base64url without padding, 32 hex characters for
an identifier.
"""

import binascii
import re
import uuid
from functools import lru_cache

_HEX_ID = re.compile(r"[0-9a-f]{32}")
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/***")  # a * is no base64


def to_base64url(value: bytes) -> str:
    return binascii.b2a_base64(value, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def from_base64url(value: str) -> bytes:
    """Bytes of the canonical form only; ValueError for anything else."""
    try:
        standard = value.encode("ascii").translate(_FROM_URL)
        raw = binascii.a2b_base64(standard + b"=" * (-len(value) % 4), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
    rest = len(raw) % 3  # bytes whose characters have bits to spare
    if rest and not value.endswith(to_base64url(raw[-rest:])):
        raise ValueError("not canonical base64url")
    return raw


def to_hex_id(value: uuid.UUID) -> str:
    return value.hex


@lru_cache(maxsize=10_000)  # those of the conversations come with every frame
def from_hex_id(value: str) -> uuid.UUID:
    """The identifier of 32 lower-case hex characters; ValueError for anything else."""
    if not _HEX_ID.fullmatch(value):
        raise ValueError("not an identifier")
    return uuid.UUID(hex=value)
