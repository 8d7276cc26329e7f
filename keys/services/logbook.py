"""The transparency log (protocol section 4): appending, signing, reading."""

import time
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from keys import log, signer, tree
from keys.models import Bundle, LogHead, LogLeaf, LogNode, LogState

FRESH_MS = 30 * 60 * 1000
PAGE_LEAVES = 2000


@dataclass(frozen=True, slots=True)
class LogPage:
    leaves: list[bytes]
    size: int
    head: bytes
    sig: bytes
    log_pub: bytes


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def log_size() -> int:
    """How many leaves the newest signed head covers."""
    newest = LogHead.objects.order_by("-pk").values_list("size", flat=True).first()
    return newest or 0


def current_head() -> LogHead:
    """The newest head, at most 30 minutes old; signed anew when the last is older."""
    newest = LogHead.objects.order_by("-pk").first()
    return newest if newest and _is_fresh(newest) else sign_fresh_head()


def sign_fresh_head() -> LogHead:
    """A head signed within the last 30 minutes; of many who ask together one signs. SignerRefused."""
    with transaction.atomic():
        size = lock_log()
        newest = LogHead.objects.order_by("-pk").first()
        return newest if newest and _is_fresh(newest) else sign_head(size)


def log_page(*, start: int) -> LogPage:
    """Leaves from index `start` on, at most 2000 and never beyond the head that comes with them."""
    head = current_head()
    rows = LogLeaf.objects.filter(index__gte=start, index__lt=min(head.size, start + PAGE_LEAVES)).order_by("index")
    leaves = [bytes(leaf) for leaf in rows.values_list("leaf", flat=True)]
    log_pub = signer.public_key(head.size)
    return LogPage(leaves, head.size, signer.as_head(head, log_pub).encode(), bytes(head.sig), log_pub)


def hash_page(*, start: int) -> tuple[list[bytes], int]:
    """Leaf hashes from index `start` on, at most 2000, and the size of the newest head that they lead to."""
    size = current_head().size
    rows = LogLeaf.objects.filter(index__gte=start, index__lt=min(size, start + PAGE_LEAVES)).order_by("index")
    return [bytes(value) for value in rows.values_list("leaf_hash", flat=True)], size


def lock_log() -> int:
    """Take the log's one lock until the transaction ends; the number of leaves. An UPDATE locks on every database."""
    own_row = LogState.objects.filter(pk=LogState.ONLY)
    if not own_row.update(size=F("size")):
        LogState.objects.get_or_create(pk=LogState.ONLY)
        own_row.update(size=F("size"))
    return own_row.values_list("size", flat=True).get()


def append(*, size: int, leaf: bytes, bundle: Bundle | None) -> int:
    """Add a leaf at index `size`; the new size. The caller holds the lock."""
    value = log.leaf_hash(leaf)
    made = log.new_blocks(size, value, tree.values(log.blocks(0, size)))
    LogLeaf.objects.create(index=size, leaf=leaf, leaf_hash=value, bundle=bundle)
    LogNode.objects.bulk_create(LogNode(level=level, index=index, value=value) for (level, index), value in made)
    LogState.objects.filter(pk=LogState.ONLY).update(size=size + 1)
    return size + 1


def sign_head(size: int) -> LogHead:
    """Sign and keep a head over all leaves. The caller holds the lock."""
    head = signer.signed_head(size)
    head.save(force_insert=True)
    return head


def _is_fresh(head: LogHead) -> bool:
    return now_ms() - head.ts_ms < FRESH_MS
