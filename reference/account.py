"""The payload of an account's key file: making it, reading it, and whether it belongs to this account (section 10)."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from reference.bundle import Bundle
from reference.content import parse_json
from reference.encoding import ID_BYTES, b64, unb64
from reference.errors import ProtocolError, require
from reference.keyfile import ACCOUNT, open_keyfile, parse_keyfile, stretch
from reference.log import check_last
from reference.merkle import root
from reference.primitives import ed25519_public

T = TypeVar("T")
PAYLOAD_DEPTH = 3  # the object, a list, its entries


@dataclass(frozen=True, slots=True)
class Pin:
    """The root key under which a person was known; `verified`: the two had compared it (section 11)."""

    uid: bytes
    root_pub: bytes
    verified: bool


@dataclass(frozen=True, slots=True)
class Account:
    """Payload kind 1; `hk_seeds`: hk_gen -> private history key; `made_ms` in milliseconds."""

    uid: bytes
    name: str
    origin: str
    root_seed: bytes = field(repr=False)
    hk_seeds: dict[int, bytes] = field(repr=False)
    bundle_version: int
    bundle_hash: bytes
    log_pub: bytes
    log_size: int
    log_root: bytes
    made_ms: int
    pins: tuple[Pin, ...] = ()


def encode_account(account: Account) -> bytes:
    """The payload."""
    fields = {
        "v": 1,
        "uid": b64(account.uid),
        "name": account.name,
        "origin": account.origin,
        "rs": b64(account.root_seed),
        "hk": [{"gen": gen, "priv": b64(seed)} for gen, seed in sorted(account.hk_seeds.items())],
        "bundle_version": account.bundle_version,
        "bundle_hash": b64(account.bundle_hash),
        "lg_pub": b64(account.log_pub),
        "log": {"size": account.log_size, "root": b64(account.log_root)},
        "pins": [{"uid": b64(pin.uid), "rs_pub": b64(pin.root_pub), "verified": pin.verified} for pin in account.pins],
        "made": account.made_ms,
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def parse_account(payload: bytes) -> Account:
    """KEYFILE_DAMAGED when the payload is not one of kind 1."""
    try:
        return _account(parse_json(payload, depth=PAYLOAD_DEPTH))
    except (KeyError, TypeError, ProtocolError):
        raise ProtocolError("KEYFILE_DAMAGED") from None


def open_account(data: bytes, passphrase: str) -> Account:
    """What an account's key file holds, whoever's it is. Errors: those of `parse_keyfile` and `open_keyfile`."""
    keyfile = parse_keyfile(data)
    require(keyfile.kind == ACCOUNT, "KEYFILE_BAD_FORMAT")
    return parse_account(open_keyfile(keyfile, stretch(passphrase, keyfile.salt, keyfile.iterations)))


def check_owner(account: Account, *, uid: bytes, name: str, roots: Collection[bytes]) -> None:
    """KEYFILE_WRONG_ACCOUNT unless it is the logged-in account's; `roots` of its bundles: none, no file fits.

    A file of a former root is for `check_account` to judge.
    """
    known = account.uid == uid and account.name == name
    require(known and ed25519_public(account.root_seed) in roots, "KEYFILE_WRONG_ACCOUNT")


def import_account(data: bytes, passphrase: str, *, uid: bytes, name: str, root_pub: bytes) -> Account:
    """Both, for an account that has had one root."""
    account = open_account(data, passphrase)
    check_owner(account, uid=uid, name=name, roots=[root_pub])
    return account


def check_account(account: Account, *, current: Bundle, leaves: Sequence[bytes]) -> tuple[str, ...]:
    """The file against a log that its `log_pub` leads to; `current`: the account's last bundle.

    Errors, in this order: BUNDLE_NOT_IN_LOG, LOG_SPLIT_VIEW unless the file's log is a prefix, KEYFILE_STALE for a
    former root of the account. The notice KEYFILE_STALE for an old bundle.
    """
    check_last(current, leaves)
    require(account.log_size <= len(leaves), "LOG_SPLIT_VIEW")
    require(root(leaves[: account.log_size]) == account.log_root, "LOG_SPLIT_VIEW")
    require(ed25519_public(account.root_seed) == current.core.root_pub, "KEYFILE_STALE")
    return ("KEYFILE_STALE",) if account.bundle_version < current.core.version else ()


def _account(fields: dict[str, Any]) -> Account:
    require(_count(fields["v"]) == 1, "KEYFILE_DAMAGED")
    return Account(
        uid=_bytes(fields["uid"], ID_BYTES),
        name=_only(str, fields["name"]),
        origin=_only(str, fields["origin"]),
        root_seed=_bytes(fields["rs"]),
        hk_seeds={_count(entry["gen"]): _bytes(entry["priv"]) for entry in _only(list, fields["hk"])},
        bundle_version=_count(fields["bundle_version"]),
        bundle_hash=_bytes(fields["bundle_hash"]),
        log_pub=_bytes(fields["lg_pub"]),
        log_size=_count(fields["log"]["size"]),
        log_root=_bytes(fields["log"]["root"]),
        made_ms=_count(fields["made"]),
        pins=tuple(_pin(entry) for entry in _only(list, fields["pins"])),
    )


def _pin(entry: dict[str, Any]) -> Pin:
    return Pin(_bytes(entry["uid"], ID_BYTES), _bytes(entry["rs_pub"]), entry.get("verified") is True)


def _bytes(value: str, length: int = 32) -> bytes:
    data = unb64(value)
    require(len(data) == length, "KEYFILE_DAMAGED")
    return data


def _count(value: object) -> int:
    count = _only(int, value)
    require(count >= 0, "KEYFILE_DAMAGED")
    return count


def _only(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        raise ProtocolError("KEYFILE_DAMAGED")
    return value
