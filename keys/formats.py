"""Byte formats of protocol sections 1, 4, 5 and 11: strict parsers and encoders, pure. The bundle has `bundles.py`.

The only place on the server that knows how a label is made. Every parser refuses with the code and in the order that
the protocol gives; what it returns has passed all the checks that need no other knowledge.
"""

import hashlib
import struct
from dataclasses import dataclass

from keys.curves import check_x25519, verify
from keys.errors import Refused

SPK, OPK = 1, 2


def label(text: str) -> bytes:
    """LBL(text) of section 1."""
    prefixed = b"e2c/1/" + text.encode("ascii")
    return bytes([len(prefixed)]) + prefixed


def vec(data: bytes) -> bytes:
    """u32(len) || data."""
    return struct.pack(">I", len(data)) + data


def H(data: bytes) -> bytes:
    """SHA-256, 32 bytes."""
    return hashlib.sha256(data).digest()


class Reader:
    """Takes an object apart from the left; too short or a wrong label is BAD_ENCODING."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        if len(self._data) - self._at < count:
            raise Refused("BAD_ENCODING")
        self._at += count
        return self._data[self._at - count : self._at]

    def uint(self, octets: int) -> int:
        return int.from_bytes(self.take(octets), "big")

    def vec(self) -> bytes:
        return self.take(self.uint(4))

    def label(self, text: str) -> None:
        expected = label(text)
        if self.take(len(expected)) != expected:
            raise Refused("BAD_ENCODING")

    def end(self) -> None:
        if self._at != len(self._data):
            raise Refused("BAD_ENCODING")


@dataclass(frozen=True, slots=True)
class Prekey:
    kind: int
    uid: bytes
    did: bytes
    id: int
    pub: bytes
    not_after_ms: int

    def encode(self) -> bytes:
        return (
            label("prekey")
            + bytes([self.kind])
            + self.uid
            + self.did
            + struct.pack(">I", self.id)
            + self.pub
            + struct.pack(">Q", self.not_after_ms)
        )


def parse_prekey(data: bytes) -> Prekey:
    """A well-formed prekey; its key and signature are not judged yet. Refuses BAD_ENCODING."""
    reader = Reader(data)
    reader.label("prekey")
    kind, uid, did, number = reader.uint(1), reader.take(16), reader.take(16), reader.uint(4)
    pub, not_after_ms = reader.take(32), reader.uint(8)
    reader.end()
    if kind not in (SPK, OPK) or number < 1:
        raise Refused("BAD_ENCODING")
    return Prekey(kind, uid, did, number, pub, not_after_ms)


def check_prekey(prekey: Prekey, *, sig: bytes, uid: bytes, did: bytes, ds_pub: bytes, now_ms: int) -> None:
    """Refuse unless it is this device's, signed by it, good and not expired (section 5).

    BAD_SIG (BAD_KEY for the device's own key), BAD_KEY, PREKEY_EXPIRED in that order.
    """
    if prekey.uid != uid or prekey.did != did:
        raise Refused("BAD_SIG")
    verify(pub=ds_pub, message=prekey.encode(), sig=sig)
    check_x25519(prekey.pub)
    if now_ms > prekey.not_after_ms:
        raise Refused("PREKEY_EXPIRED")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A log leaf of a bundle version; names and uids stand in it as hashes."""

    idx: bytes
    uid_hash: bytes
    version: int
    bundle_hash: bytes

    def encode(self) -> bytes:
        return label("leaf") + self.idx + self.uid_hash + struct.pack(">I", self.version) + self.bundle_hash


@dataclass(frozen=True, slots=True)
class AssetLeaf:
    """A log leaf of a release manifest."""

    build: bytes
    manifest_hash: bytes

    def encode(self) -> bytes:
        return label("asset-leaf") + vec(self.build) + self.manifest_hash


@dataclass(frozen=True, slots=True)
class KeyLeaf:
    """A log leaf of a new log key; `size` and `root` of the leaves before it, `sig` by the old key over the rest."""

    old_pub: bytes
    new_pub: bytes
    size: int
    root: bytes
    sig: bytes

    def signed(self) -> bytes:
        return label("key-leaf") + self.old_pub + self.new_pub + struct.pack(">Q", self.size) + self.root

    def encode(self) -> bytes:
        return self.signed() + self.sig


AnyLeaf = Leaf | AssetLeaf | KeyLeaf


def leaf_of(*, name: str, uid: bytes, version: int, bundle_hash: bytes) -> Leaf:
    idx = H(label("idx") + name.encode("ascii"))
    return Leaf(idx, H(label("uid") + uid), version, bundle_hash)


def parse_leaf(data: bytes) -> AnyLeaf:
    """Any kind of leaf; the signature of a key leaf is not judged yet. Refuses BAD_ENCODING."""
    reader = Reader(data)
    leaf: AnyLeaf
    if data.startswith(label("asset-leaf")):
        reader.label("asset-leaf")
        leaf = AssetLeaf(reader.vec(), reader.take(32))
    elif data.startswith(label("key-leaf")):
        leaf = _read_key_leaf(reader)
    else:
        reader.label("leaf")
        leaf = Leaf(reader.take(32), reader.take(32), reader.uint(4), reader.take(32))
    reader.end()
    return leaf


def _read_key_leaf(reader: Reader) -> KeyLeaf:
    reader.label("key-leaf")
    leaf = KeyLeaf(reader.take(32), reader.take(32), reader.uint(8), reader.take(32), reader.take(64))
    if leaf.old_pub == leaf.new_pub:
        raise Refused("BAD_ENCODING")
    return leaf


def check_key_leaf(leaf: KeyLeaf) -> None:
    """Refuse (LOG_BAD_HEAD) one that its old key did not sign."""
    try:
        verify(pub=leaf.old_pub, message=leaf.signed(), sig=leaf.sig)
    except Refused:
        raise Refused("LOG_BAD_HEAD") from None


@dataclass(frozen=True, slots=True)
class Head:
    log_id: bytes
    size: int
    root: bytes
    ts_ms: int

    def encode(self) -> bytes:
        return label("sth") + self.log_id + struct.pack(">Q", self.size) + self.root + struct.pack(">Q", self.ts_ms)


def log_id_of(log_pub: bytes) -> bytes:
    return H(label("log") + log_pub)


def parse_head(data: bytes) -> Head:
    """A well-formed head; its signature is not judged yet. Refuses BAD_ENCODING."""
    reader = Reader(data)
    reader.label("sth")
    head = Head(reader.take(32), reader.uint(8), reader.take(32), reader.uint(8))
    reader.end()
    return head


def check_head(head: Head, *, sig: bytes, log_pub: bytes) -> None:
    """Refuse (LOG_BAD_HEAD) a head of another log or with a signature that is bad for any reason."""
    try:
        verify(pub=log_pub, message=head.encode(), sig=sig)
    except Refused:
        raise Refused("LOG_BAD_HEAD") from None
    if head.log_id != log_id_of(log_pub):
        raise Refused("LOG_BAD_HEAD")


def session_proof(*, origin: str, nonce: bytes, uid: bytes, did: bytes) -> bytes:
    """What a device signs to bind a web session to itself (section 11)."""
    return label("session") + vec(origin.encode()) + nonce + uid + did
