"""From JSON to typed values, or ValueError/TypeError: the fields of the requests under /api/keys/."""

from typing import Any
from uuid import UUID

from chatproject.lib.api import as_text
from chatproject.lib.encoding import from_base64url, from_hex_id
from keys.bundles import MAX_DEVICES
from keys.services import SignedPrekey

MAX_PREKEYS_A_REQUEST = 128
SIG_BYTES = 64


def as_id(value: Any) -> UUID:
    return from_hex_id(as_text(value))


def as_bytes(value: Any) -> bytes:
    return from_base64url(as_text(value))


def as_sig(value: Any) -> bytes:
    sig = as_bytes(value)
    if len(sig) != SIG_BYTES:
        raise ValueError("not a signature")
    return sig


def as_dids(value: Any) -> list[UUID]:
    """1 to 8 different device ids."""
    dids = [as_id(each) for each in _as_list(value, MAX_DEVICES)]
    if not dids or len(set(dids)) != len(dids):
        raise ValueError("not a list of devices")
    return dids


def as_prekeys(value: Any) -> list[SignedPrekey]:
    """Pairs {prekey, sig}; may be empty. keys.errors.Refused for one that is not well formed."""
    return [_as_prekey(each) for each in _as_list(value, MAX_PREKEYS_A_REQUEST)]


def _as_prekey(value: Any) -> SignedPrekey:
    if not isinstance(value, dict) or set(value) != {"prekey", "sig"}:
        raise ValueError("not a prekey")
    return SignedPrekey.read(as_bytes(value["prekey"]), as_sig(value["sig"]))


def _as_list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError("not a list, or too long")
    return value
