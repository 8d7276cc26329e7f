"""The only module that holds the log key LG. It never signs two histories.

What it has signed last stands in the table of heads. It signs a head only when the tree still has that root at that
size and the new root grows out of it; the last head's own signature is checked too, so that a row written by others
counts as damage.
"""

import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from keys import formats, tree
from keys.errors import Refused
from keys.models import LogHead


class SignerRefused(Exception):
    """The log would contradict a head that was signed before. Somebody has to look at the database."""


def public_key() -> bytes:
    """LG_pub, 32 bytes."""
    return _key().public_key().public_bytes_raw()


def signed_head(size: int) -> LogHead:
    """A head over the first `size` leaves, not saved yet. The caller holds the log's lock. SignerRefused."""
    last = LogHead.objects.order_by("-pk").first()
    if last is None:
        root = _roots(0, size)[1]
        return _sign(size, root, _now_ms())
    if not is_own(last):
        raise SignerRefused("the last head was not signed with this log key")
    if size < last.size:
        raise SignerRefused("smaller than the last signed head")
    old_root, root = _roots(last.size, size)
    if old_root != bytes(last.root):
        raise SignerRefused("not the history of the last signed head")
    return _sign(size, root, max(_now_ms(), last.ts_ms))


def sign_note(text: bytes) -> bytes:
    """The signature of a checkpoint's text over a head that was signed before; its first line can be no label."""
    if text[:1] < b" ":
        raise SignerRefused("not a note")
    return _key().sign(text)


def is_own(row: LogHead) -> bool:
    """Whether this stored head was signed with the log key in use."""
    try:
        formats.check_head(as_head(row), sig=bytes(row.sig), log_pub=public_key())
    except Refused:
        return False
    return True


def as_head(row: LogHead) -> formats.Head:
    return formats.Head(formats.log_id_of(public_key()), row.size, bytes(row.root), row.ts_ms)


def _roots(old_size: int, size: int) -> tuple[bytes, bytes]:
    try:
        return tree.roots(old_size, size)
    except KeyError:
        raise SignerRefused("blocks of the tree are missing") from None


def _sign(size: int, root: bytes, ts_ms: int) -> LogHead:
    head = LogHead(size=size, root=root, ts_ms=ts_ms)
    head.sig = _key().sign(as_head(head).encode())
    return head


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(settings.LOG_KEY_SEED)
