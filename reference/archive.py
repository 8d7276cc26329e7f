"""The export of a conversation: everything needed to verify and read it, sealed for a history key (section 18)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from reference.attachment import FileKeys, check_last_chunk, open_chunks, seal_chunks
from reference.content import parse_json
from reference.encoding import ID_BYTES, ZERO32, Reader, b64, label, u8, u64, unb64, vec
from reference.errors import ProtocolError, require
from reference.padding import padme
from reference.primitives import check_x25519, dh, equal, kdf, private_key, x25519_public

MAGIC = b"E2CX"
VERSION = 1
PREFIX_BYTES = 37
END, ABOUT, LEAF, HEAD, BUNDLE, EVENT = range(6)
RECORD, MESSAGE = 1, 2
SIG_BYTES = 64


@dataclass(frozen=True, slots=True)
class Event:
    """One stored event as the server gave it."""

    seq: int
    is_record: bool
    uid: bytes
    did: bytes
    at_ms: int
    blob: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Archive:
    """What an export holds; `head` with its signature behind it, `uids` and `names` of uid_lo and uid_hi."""

    cid: bytes
    uids: tuple[bytes, bytes]
    names: tuple[str, str]
    origin: str
    log_pub: bytes
    made_ms: int
    leaves: tuple[bytes, ...]
    head: bytes
    bundles: tuple[bytes, ...]
    events: tuple[Event, ...] = field(repr=False)


def encode_archive(archive: Archive) -> bytes:
    """The items in their order, and the end."""
    items: list[tuple[int, Iterable[bytes]]] = [
        (ABOUT, [_encode_about(archive)]),
        (LEAF, archive.leaves),
        (HEAD, [archive.head]),
        (BUNDLE, archive.bundles),
        (EVENT, map(_encode_event, archive.events)),
    ]
    return b"".join(u8(kind) + vec(body) for kind, bodies in items for body in bodies) + u8(END)


def parse_archive(padded: bytes) -> Archive:
    """BAD_ENCODING for anything out of order or shape, BAD_PADDING for what stands behind the end."""
    found, end = _read_items(padded)
    require(len(padded) == padme(end) and not any(padded[end:]), "BAD_PADDING")
    require(len(found[ABOUT]) == 1 and len(found[HEAD]) == 1, "BAD_ENCODING")
    about = _parse_about(found[ABOUT][0])
    events = tuple(_parse_event(body) for body in found[EVENT])
    require(all(before.seq < after.seq for before, after in pairwise(events)), "BAD_ENCODING")
    leaves, bundles = tuple(found[LEAF]), tuple(found[BUNDLE])
    return Archive(**about, leaves=leaves, head=found[HEAD][0], bundles=bundles, events=events)


def seal_archive(items: bytes, *, hk_pub: bytes) -> bytes:
    """E2CX || u8 1 || E_pub || commit || chunks."""
    e_seed = private_key()
    e_pub = x25519_public(e_seed)
    keys = _keys(dh(e_seed, hk_pub), e_pub, hk_pub)
    return MAGIC + u8(VERSION) + e_pub + keys.commit + seal_chunks(items.ljust(padme(len(items)), b"\x00"), keys)


def open_archive(data: bytes, *, hk_seeds: Iterable[bytes]) -> Archive:
    """The archive, with whichever history key opens it.

    Errors: BAD_ENCODING, BAD_VERSION, BAD_KEY, FILE_TRUNCATED, BAD_COMMIT (made for another account), BAD_TAG, then
    those of `parse_archive`.
    """
    reader = Reader(data[: PREFIX_BYTES + 32])
    magic, version, e_pub, commit = reader.take(4), reader.u8(), reader.take(32), reader.take(32)
    require(magic == MAGIC, "BAD_ENCODING")
    require(version == VERSION, "BAD_VERSION")
    check_x25519(e_pub)
    sealed = data[PREFIX_BYTES + 32 :]
    check_last_chunk(len(sealed))
    for seed in hk_seeds:
        keys = _keys(dh(seed, e_pub), e_pub, x25519_public(seed))
        if equal(keys.commit, commit):
            return parse_archive(open_chunks(sealed, keys))
    raise ProtocolError("BAD_COMMIT")


def _keys(shared: bytes, e_pub: bytes, hk_pub: bytes) -> FileKeys:
    okm = kdf(shared, ZERO32, label("export") + e_pub + hk_pub, 76)
    return FileKeys(okm[:32], okm[32:44], okm[44:])


def _encode_about(archive: Archive) -> bytes:
    fields = {
        "v": 1,
        "cid": b64(archive.cid),
        "uids": [b64(uid) for uid in archive.uids],
        "names": list(archive.names),
        "origin": archive.origin,
        "lg_pub": b64(archive.log_pub),
        "made": archive.made_ms,
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def _parse_about(body: bytes) -> dict[str, Any]:
    try:
        fields = parse_json(body)
        (lo, hi), (name_lo, name_hi) = fields["uids"], fields["names"]
        require(fields["v"] == 1, "BAD_ENCODING")
        about: dict[str, Any] = {
            "cid": unb64(fields["cid"]),
            "uids": (unb64(lo), unb64(hi)),
            "names": (str(name_lo), str(name_hi)),
            "origin": str(fields["origin"]),
            "log_pub": unb64(fields["lg_pub"]),
            "made_ms": int(fields["made"]),
        }
    except (ValueError, KeyError, TypeError, ProtocolError):
        raise ProtocolError("BAD_ENCODING") from None
    lengths = len(about["cid"]), len(about["uids"][0]), len(about["uids"][1]), len(about["log_pub"])
    require(lengths == (ID_BYTES, ID_BYTES, ID_BYTES, 32) and about["made_ms"] >= 0, "BAD_ENCODING")
    return about


def _encode_event(event: Event) -> bytes:
    kind = RECORD if event.is_record else MESSAGE
    return u64(event.seq) + u8(kind) + event.uid + event.did + u64(event.at_ms) + event.blob


def _parse_event(body: bytes) -> Event:
    reader = Reader(body)
    seq, kind, uid, did, at_ms = reader.u64(), reader.u8(), reader.take(ID_BYTES), reader.take(ID_BYTES), reader.u64()
    require(kind in (RECORD, MESSAGE), "BAD_ENCODING")
    return Event(seq, kind == RECORD, uid, did, at_ms, body[8 + 1 + 2 * ID_BYTES + 8 :])


def _read_items(padded: bytes) -> tuple[dict[int, list[bytes]], int]:
    """Bodies by kind, and where the items end; kinds never go back."""
    found: dict[int, list[bytes]] = {kind: [] for kind in (ABOUT, LEAF, HEAD, BUNDLE, EVENT)}
    reader, before, at = Reader(padded), ABOUT, 1
    while (kind := reader.u8()) != END:
        require(before <= kind <= EVENT, "BAD_ENCODING")
        body = reader.vec()
        found[kind].append(body)
        before, at = kind, at + 5 + len(body)
    return found, at
