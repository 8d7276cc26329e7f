"""The payload of an account's key file: making it, reading it, and whether it belongs to this account (section 10)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reference.bundle import Bundle
from reference.encoding import b64, unb64
from reference.errors import ProtocolError, require
from reference.keyfile import ACCOUNT, open_keyfile, parse_keyfile, stretch
from reference.merkle import root
from reference.primitives import ed25519_public


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


def encode_account(account: Account) -> bytes:
    """The payload; pins stay with the browser that set them, so there are none."""
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
        "pins": [],
        "made": account.made_ms,
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def parse_account(payload: bytes) -> Account:
    """KEYFILE_DAMAGED when the payload is not one of kind 1."""
    try:
        return _account(json.loads(payload))
    except (ValueError, KeyError, TypeError, ProtocolError):
        raise ProtocolError("KEYFILE_DAMAGED") from None


def import_account(data: bytes, passphrase: str, *, uid: bytes, name: str, root_pub: bytes) -> Account:
    """Open a key file for the logged-in account; `root_pub` of its last logged bundle.

    Errors: those of `parse_keyfile` and `open_keyfile`, then KEYFILE_WRONG_ACCOUNT.
    """
    keyfile = parse_keyfile(data)
    require(keyfile.kind == ACCOUNT, "KEYFILE_BAD_FORMAT")
    account = parse_account(open_keyfile(keyfile, stretch(passphrase, keyfile.salt, keyfile.iterations)))
    same = (account.uid, account.name, ed25519_public(account.root_seed)) == (uid, name, root_pub)
    require(same, "KEYFILE_WRONG_ACCOUNT")
    return account


def check_account(account: Account, *, current: Bundle, leaves: Sequence[bytes]) -> None:
    """LOG_SPLIT_VIEW unless the file's log is a prefix of this log; KEYFILE_STALE, a notice, for an old bundle."""
    require(account.log_size <= len(leaves), "LOG_SPLIT_VIEW")
    require(root(leaves[: account.log_size]) == account.log_root, "LOG_SPLIT_VIEW")
    require(account.bundle_version >= current.core.version, "KEYFILE_STALE")


def _account(fields: dict[str, Any]) -> Account:
    require(fields["v"] == 1, "KEYFILE_DAMAGED")
    return Account(
        uid=unb64(fields["uid"]),
        name=str(fields["name"]),
        origin=str(fields["origin"]),
        root_seed=_key(fields["rs"]),
        hk_seeds={int(entry["gen"]): _key(entry["priv"]) for entry in fields["hk"]},
        bundle_version=int(fields["bundle_version"]),
        bundle_hash=_key(fields["bundle_hash"]),
        log_pub=_key(fields["lg_pub"]),
        log_size=int(fields["log"]["size"]),
        log_root=_key(fields["log"]["root"]),
        made_ms=int(fields["made"]),
    )


def _key(text: str) -> bytes:
    data = unb64(text)
    require(len(data) == 32, "KEYFILE_DAMAGED")
    return data
