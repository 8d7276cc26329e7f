"""The transparency log: leaves, signed heads, and what a client checks before it believes one (section 4)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reference.bundle import Bundle
from reference.encoding import Reader, label, u32, u64, vec
from reference.errors import ProtocolError, require
from reference.merkle import root
from reference.primitives import ed25519_public, sha256, sign, verify

DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class BundleLeaf:
    """A leaf that names a bundle version; hashes are 32 bytes."""

    idx: bytes
    uid_hash: bytes
    version: int
    bundle_hash: bytes


@dataclass(frozen=True, slots=True)
class AssetLeaf:
    """A leaf that names a release manifest."""

    build: str
    manifest_hash: bytes


@dataclass(frozen=True, slots=True)
class KeyLeaf:
    """A leaf with which the log goes on under another key; `size` and `root` of the leaves before it."""

    old_pub: bytes
    new_pub: bytes
    size: int
    root: bytes
    sig: bytes

    @property
    def signed(self) -> bytes:
        return label("key-leaf") + self.old_pub + self.new_pub + u64(self.size) + self.root


AnyLeaf = BundleLeaf | AssetLeaf | KeyLeaf


@dataclass(frozen=True, slots=True)
class Head:
    """A tree head as LG signed it."""

    log_id: bytes
    size: int
    root: bytes
    ts_ms: int


def index_of(name: str) -> bytes:
    """The idx of a name: H(LBL("idx") || name)."""
    return sha256(label("idx") + name.encode("ascii"))


def uid_hash_of(uid: bytes) -> bytes:
    return sha256(label("uid") + uid)


def log_id_of(log_pub: bytes) -> bytes:
    return sha256(label("log") + log_pub)


def bundle_leaf(name: str, uid: bytes, version: int, bundle_hash: bytes) -> bytes:
    return label("leaf") + index_of(name) + uid_hash_of(uid) + u32(version) + bundle_hash


def asset_leaf(build: str, manifest_hash: bytes) -> bytes:
    return label("asset-leaf") + vec(build.encode()) + manifest_hash


def leaf_of(bundle: Bundle) -> bytes:
    """The one leaf that stands for this bundle."""
    return bundle_leaf(bundle.core.name, bundle.core.uid, bundle.core.version, bundle.hash)


def key_leaf(leaves: Sequence[bytes], *, old_seed: bytes, new_pub: bytes) -> bytes:
    """The leaf behind these with which their key hands over to `new_pub`."""
    unsigned = KeyLeaf(ed25519_public(old_seed), new_pub, len(leaves), root(leaves), b"")
    return unsigned.signed + sign(old_seed, unsigned.signed)


def parse_leaf(data: bytes) -> AnyLeaf:
    """BAD_ENCODING unless `data` is exactly one leaf."""
    reader = Reader(data)
    if data.startswith(label("asset-leaf")):
        reader.label("asset-leaf")
        asset = AssetLeaf(_utf8(reader.vec()), reader.take(32))
        reader.end()
        return asset
    if data.startswith(label("key-leaf")):
        reader.label("key-leaf")
        change = KeyLeaf(reader.take(32), reader.take(32), reader.u64(), reader.take(32), reader.take(64))
        reader.end()
        require(change.old_pub != change.new_pub, "BAD_ENCODING")
        return change
    reader.label("leaf")
    leaf = BundleLeaf(reader.take(32), reader.take(32), reader.u32(), reader.take(32))
    reader.end()
    return leaf


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ProtocolError("BAD_ENCODING") from None


def encode_head(head: Head) -> bytes:
    return label("sth") + head.log_id + u64(head.size) + head.root + u64(head.ts_ms)


def parse_head(data: bytes) -> Head:
    reader = Reader(data)
    reader.label("sth")
    head = Head(reader.take(32), reader.u64(), reader.take(32), reader.u64())
    reader.end()
    return head


def make_head(leaves: Sequence[bytes], *, log_seed: bytes, log_pub: bytes, ts_ms: int) -> tuple[bytes, bytes]:
    """The head over `leaves` and its signature."""
    head = encode_head(Head(log_id_of(log_pub), len(leaves), root(leaves), ts_ms))
    return head, sign(log_seed, head)


def is_old(ts_ms: int, now_ms: int) -> bool:
    """A head of this time is too old to go by."""
    return now_ms - ts_ms > DAY_MS


class Accepted(NamedTuple):
    """`log_pub`: the key in force at the head's size, to be pinned from now on."""

    head: Head
    leaves: tuple[bytes, ...]
    log_pub: bytes


def accept_head(
    data: bytes,
    sig: bytes,
    *,
    log_pub: bytes,
    own_leaves: Sequence[bytes],
    new_leaves: Sequence[bytes],
    now_ms: int,
    my_name: str,
    my_bundle_hashes: Collection[bytes],
    pinned_size: int | None = None,
) -> Accepted:
    """Grow the own tree to a head: returns the head, all leaves and the key that signed it.

    `log_pub` was pinned at `pinned_size` leaves, by default the own ones. Errors: BAD_ENCODING, LOG_BAD_HEAD,
    LOG_ROLLBACK, LOG_SPLIT_VIEW, LOG_SELF_FORGED, BUNDLE_CHAIN_BROKEN, NAME_REBOUND, LOG_STALE.
    """
    head = parse_head(data)
    parsed = [parse_leaf(leaf) for leaf in new_leaves]
    pinned = len(own_leaves) if pinned_size is None else pinned_size
    log_pub = follow_keys(parsed, len(own_leaves), log_pub=log_pub, pinned_size=pinned)
    _check_signature(head, data, sig, log_pub)
    leaves = (*own_leaves, *new_leaves)
    require(head.size >= len(own_leaves), "LOG_ROLLBACK")
    require(head.size == len(leaves) and head.root == root(leaves), "LOG_SPLIT_VIEW")
    for at, leaf in enumerate(parsed, len(own_leaves)):
        if isinstance(leaf, KeyLeaf):
            require((leaf.size, leaf.root) == (at, root(leaves[:at])), "LOG_SPLIT_VIEW")
    _check_steps([parse_leaf(leaf) for leaf in own_leaves], parsed, index_of(my_name), my_bundle_hashes)
    require(not is_old(head.ts_ms, now_ms), "LOG_STALE")
    return Accepted(head, leaves, log_pub)


def follow_keys(new: Sequence[AnyLeaf], start: int, *, log_pub: bytes, pinned_size: int) -> bytes:
    """The key in force behind the leaves from `start` on; LOG_BAD_HEAD unless they lead to `log_pub` and on from it.

    What was pinned before `start` is judged there.
    """
    key: bytes | None = None
    pinned_at = max(start, min(pinned_size, start + len(new)))
    for at, leaf in enumerate((*new, None), start):
        if at == pinned_at:
            require(key is None or key == log_pub, "LOG_BAD_HEAD")
            key = log_pub
        if isinstance(leaf, KeyLeaf):
            require(key is None or key == leaf.old_pub, "LOG_BAD_HEAD")
            _check_by_log_key(leaf.old_pub, leaf.signed, leaf.sig)
            key = leaf.new_pub
    return key or log_pub


def last_leaf(leaves: Sequence[bytes], idx: bytes) -> BundleLeaf | None:
    """The newest leaf of an idx."""
    parsed = (parse_leaf(leaf) for leaf in reversed(leaves))
    return next((leaf for leaf in parsed if isinstance(leaf, BundleLeaf) and leaf.idx == idx), None)


def check_last(bundle: Bundle, leaves: Sequence[bytes]) -> None:
    """BUNDLE_NOT_IN_LOG unless the bundle is the last leaf of its idx."""
    require(_is_last(bundle, leaves), "BUNDLE_NOT_IN_LOG")


def check_usable(bundle: Bundle, leaves: Sequence[bytes]) -> None:
    """The same, but STALE_BUNDLE when it is an earlier leaf of its idx."""
    require(leaf_of(bundle) in leaves, "BUNDLE_NOT_IN_LOG")
    require(_is_last(bundle, leaves), "STALE_BUNDLE")


def _is_last(bundle: Bundle, leaves: Sequence[bytes]) -> bool:
    newest = last_leaf(leaves, index_of(bundle.core.name))
    return newest is not None and newest == parse_leaf(leaf_of(bundle))


def _check_signature(head: Head, data: bytes, sig: bytes, log_pub: bytes) -> None:
    _check_by_log_key(log_pub, data, sig)
    require(head.log_id == log_id_of(log_pub), "LOG_BAD_HEAD")


def _check_by_log_key(log_pub: bytes, data: bytes, sig: bytes) -> None:
    try:
        verify(log_pub, data, sig)
    except ProtocolError:
        raise ProtocolError("LOG_BAD_HEAD") from None


def _check_steps(
    own: Sequence[AnyLeaf],
    new: Sequence[AnyLeaf],
    my_idx: bytes,
    my_bundle_hashes: Collection[bytes],
) -> None:
    last = {leaf.idx: leaf for leaf in own if isinstance(leaf, BundleLeaf)}
    for leaf in new:
        if isinstance(leaf, BundleLeaf):
            require(leaf.idx != my_idx or leaf.bundle_hash in my_bundle_hashes, "LOG_SELF_FORGED")
            before = last.get(leaf.idx)
            require(leaf.version == (before.version if before else 0) + 1, "BUNDLE_CHAIN_BROKEN")
            require(before is None or before.uid_hash == leaf.uid_hash, "NAME_REBOUND")
            last[leaf.idx] = leaf
