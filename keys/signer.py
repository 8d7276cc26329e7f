"""The only module that holds the log key LG. It never signs two histories.

What it has signed last stands in the table of heads. It signs a head only when the tree still has that root at that
size and the new root grows out of it; the last head's own signature is checked too, so that a row written by others
counts as damage. Which of LOG_KEY_SEED signs is told by the log itself: the key of its last key leaf, before any the
oldest of the setting, so that all processes change over in one commit.
"""

import time
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from keys import formats, tree
from keys.errors import Refused
from keys.models import KeyChange, LogHead


class SignerRefused(Exception):
    """The log would contradict a head that was signed before. Somebody has to look at the database."""


def public_key(size: int | None = None) -> bytes:
    """LG_pub, 32 bytes: the key in force for a head of this size, or for the next head."""
    changes = list(KeyChange.objects.order_by("leaf_id").values_list("leaf_id", "old_pub", "new_pub"))
    before = [change for change in changes if size is None or change[0] < size]
    if before:
        return bytes(before[-1][2])
    return bytes(changes[0][1]) if changes else _public(_seeds()[-1])


def newest_key() -> bytes:
    """The public half of the first of LOG_KEY_SEED."""
    return _public(_seeds()[0])


def key_leaf(size: int) -> formats.KeyLeaf:
    """The statement, signed by the key in force over the first `size` leaves, that the newest key follows it.

    The caller holds the log's lock. SignerRefused, also when there is nothing to change to.
    """
    old, new = public_key(), newest_key()
    if new == old:
        raise SignerRefused("the first key of LOG_KEY_SEED is in force already")
    if new in _former():
        raise SignerRefused("the first key of LOG_KEY_SEED was in force before")
    root = _root_after_last(size)
    unsigned = formats.KeyLeaf(old, new, size, root, b"")
    return replace(unsigned, sig=_private(old).sign(unsigned.signed()))


def signed_head(size: int) -> LogHead:
    """A head over the first `size` leaves, not saved yet. The caller holds the log's lock. SignerRefused."""
    last = LogHead.objects.order_by("-pk").first()
    return _sign(size, _root_after(last, size), max(_now_ms(), last.ts_ms if last else 0))


def _root_after_last(size: int) -> bytes:
    return _root_after(LogHead.objects.order_by("-pk").first(), size)


def _root_after(last: LogHead | None, size: int) -> bytes:
    """The root at this size, when it grows out of the last head. SignerRefused."""
    if last is None:
        return _roots(0, size)[1]
    if not is_own(last):
        raise SignerRefused("the last head was not signed with this log key")
    if size < last.size:
        raise SignerRefused("smaller than the last signed head")
    old_root, root = _roots(last.size, size)
    if old_root != bytes(last.root):
        raise SignerRefused("not the history of the last signed head")
    return root


def sign_note(text: bytes) -> bytes:
    """The signature of a checkpoint's text over a head that was signed before; its first line can be no label."""
    if text[:1] < b" ":
        raise SignerRefused("not a note")
    return _private(public_key()).sign(text)


def is_own(row: LogHead) -> bool:
    """Whether this stored head was signed with the log key in force at its size."""
    log_pub = public_key(row.size)
    try:
        formats.check_head(as_head(row, log_pub), sig=bytes(row.sig), log_pub=log_pub)
    except Refused:
        return False
    return True


def can_sign() -> bool:
    """Whether LOG_KEY_SEED holds the key in force."""
    return public_key() in map(_public, _seeds())


def as_head(row: LogHead, log_pub: bytes | None = None) -> formats.Head:
    """`log_pub`: public_key(row.size), for who knows it."""
    return formats.Head(formats.log_id_of(log_pub or public_key(row.size)), row.size, bytes(row.root), row.ts_ms)


def _roots(old_size: int, size: int) -> tuple[bytes, bytes]:
    try:
        return tree.roots(old_size, size)
    except KeyError:
        raise SignerRefused("blocks of the tree are missing") from None


def _sign(size: int, root: bytes, ts_ms: int) -> LogHead:
    head = LogHead(size=size, root=root, ts_ms=ts_ms)
    log_pub = public_key(size)
    head.sig = _private(log_pub).sign(as_head(head, log_pub).encode())
    return head


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _former() -> set[bytes]:
    return {bytes(pub) for pub in KeyChange.objects.values_list("old_pub", flat=True)}


def _private(pub: bytes) -> Ed25519PrivateKey:
    for seed in _seeds():
        if _public(seed) == pub:
            return Ed25519PrivateKey.from_private_bytes(seed)
    raise SignerRefused("the log key in force is not in LOG_KEY_SEED")


def _public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _seeds() -> list[bytes]:
    """The newest first."""
    seeds: list[bytes] = settings.LOG_KEY_SEEDS
    return seeds
