"""How bytes and identifiers stand in JSON and addresses: canonical base64url without padding, 32 hex characters for
an identifier.
"""

import base64
import binascii
import re
import uuid

_HEX_ID = re.compile(r"[0-9a-f]{32}")


def to_base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode("ascii").rstrip("=")


def from_base64url(value: str) -> bytes:
    """Bytes of the canonical form only; ValueError for anything else."""
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
    if to_base64url(raw) != value:
        raise ValueError("not canonical base64url")
    return raw


def to_hex_id(value: uuid.UUID) -> str:
    return value.hex


def from_hex_id(value: str) -> uuid.UUID:
    """The identifier of 32 lower-case hex characters; ValueError for anything else."""
    if not _HEX_ID.fullmatch(value):
        raise ValueError("not an identifier")
    return uuid.UUID(hex=value)
