"""Replays the whole log from its rows: leaves, blocks, bundles and heads must tell one history. Reads only.

The server may go on meanwhile: what is looked at ends with the newest head, or a leaf that it does not cover, as they
were at the beginning. All up to there was committed before it or with it, and is never changed.
"""

from collections.abc import Callable, Iterator

from keys import bundles, formats, log, signer
from keys.errors import Refused
from keys.keychain import KeyChain
from keys.models import Bundle, KeyChange, LogHead, LogLeaf, LogNode
from keys.replay import Replay

CHUNK_ROWS = 1000

Progress = Callable[[int], None]


def sizes() -> tuple[int, int]:
    """How many leaves and how many heads there are to look at."""
    return LogLeaf.objects.count(), LogHead.objects.count()


def silent(done: int) -> None:
    """For who wants to see no progress."""


def findings(of_leaves: Progress = silent, of_heads: Progress = silent) -> Iterator[str]:
    """Each thing that is wrong, as a sentence without content; both hear how many were looked at."""
    audit = _Audit(of_leaves, of_heads)
    yield from audit.leaves()
    yield from audit.key_changes()
    yield from audit.heads()
    yield from audit.bundles_without_leaf()


class _Audit:
    def __init__(self, of_leaves: Progress, of_heads: Progress) -> None:
        self._of_leaves, self._of_heads = of_leaves, of_heads
        self._keys = KeyChain()
        self._replay = Replay()
        self._previous: dict[bytes, bundles.Bundle] = {}
        self._size = 0
        self._peaks: dict[log.Block, bytes] = {}
        leaves = _leaves_now()
        newest = LogHead.objects.order_by("-pk").first()  # read after them: a leaf is committed with the head over it
        size, number = (newest.size, newest.pk) if newest else (0, 0)
        self._end = max(leaves, size)
        self._heads = LogHead.objects.filter(pk__lte=number)
        self._signed_sizes = set(self._heads.values_list("size", flat=True))
        self._roots = {0: log.EMPTY_ROOT}

    def leaves(self) -> Iterator[str]:
        while chunk := self._next_chunk():
            stored = _stored_blocks(self._size, self._size + len(chunk))
            for row in chunk:
                if row.index != self._size:
                    yield f"leaf {self._size}: missing"
                    return
                yield from (f"leaf {row.index}: {what}" for what in self._leaf(row, stored))
            self._of_leaves(self._size)

    def key_changes(self) -> Iterator[str]:
        """The server signs by these rows, browsers judge by the leaves."""
        changes = KeyChange.objects.filter(leaf_id__lt=self._end).order_by("leaf_id")
        rows = changes.values_list("leaf_id", "old_pub", "new_pub")
        if [(index, bytes(old), bytes(new)) for index, old, new in rows] != self._keys.changes:
            yield "key changes: other rows than the leaves tell"

    def heads(self) -> Iterator[str]:
        largest, first_key = 0, signer.public_key(0)
        for number, row in enumerate(self._heads.order_by("pk").iterator(CHUNK_ROWS), 1):
            if not self._keys.signed(row, first_key):
                yield f"head {row.pk}: not signed with the log key"
            if row.size < largest:
                yield f"head {row.pk}: smaller than one before"
            if self._roots.get(row.size) != bytes(row.root):
                yield f"head {row.pk}: another root than the leaves give at size {row.size}"
            largest = max(largest, row.size)
            self._of_heads(number)
        if largest < self._size:
            yield f"leaf {largest}: no signed head covers it"

    def bundles_without_leaf(self) -> Iterator[str]:
        for pk in Bundle.objects.filter(leaf=None).values_list("pk", flat=True):
            yield f"bundle {pk}: not in the log"

    def _next_chunk(self) -> list[LogLeaf]:
        rows = LogLeaf.objects.filter(index__gte=self._size, index__lt=self._end).select_related("bundle")
        return list(rows.order_by("index")[:CHUNK_ROWS])

    def _leaf(self, row: LogLeaf, stored: dict[log.Block, bytes]) -> Iterator[str]:
        leaf, value = bytes(row.leaf), log.leaf_hash(bytes(row.leaf))
        root_before = log.root(self._peaks.items())
        if bytes(row.leaf_hash) != value:
            yield "its stored hash is another"
        yield from self._grow(value, stored)
        try:
            parsed = formats.parse_leaf(leaf)
            self._replay.add(parsed)
            if isinstance(parsed, formats.Leaf):
                self._check_bundle(row.bundle, parsed)
            if isinstance(parsed, formats.KeyLeaf):
                self._keys.add(parsed, index=row.index, root=root_before)
        except Refused as refused:
            yield refused.code

    def _grow(self, value: bytes, stored: dict[log.Block, bytes]) -> Iterator[str]:
        made = log.new_blocks(self._size, value, self._peaks)
        if any(stored.get(block) != hashed for block, hashed in made):
            yield "a block of the tree over it is another"
        self._size += 1
        known = self._peaks | dict(made)
        self._peaks = {block: known[block] for block in log.blocks(0, self._size)}
        if self._size in self._signed_sizes:
            self._roots[self._size] = log.root(self._peaks.items())

    def _check_bundle(self, row: Bundle | None, leaf: formats.Leaf) -> None:
        if row is None:
            raise Refused("BUNDLE_NOT_IN_LOG")
        bundle = bundles.parse_bundle(bytes(row.blob))
        core, previous = bundle.core, self._previous.get(leaf.uid_hash)
        bundles.check_successor(bundle, uid=row.owner_id.bytes, name=core.name, previous=previous)
        own = formats.leaf_of(name=core.name, uid=core.uid, version=core.version, bundle_hash=bundle.bundle_hash)
        if own != leaf or row.version != core.version or bytes(row.bundle_hash) != bundle.bundle_hash:
            raise Refused("BUNDLE_NOT_IN_LOG")
        self._previous[leaf.uid_hash] = bundle


def _leaves_now() -> int:
    last = LogLeaf.objects.order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


def _stored_blocks(start: int, stop: int) -> dict[log.Block, bytes]:
    """Every stored block that ends among these leaves, one query a level."""
    found: dict[log.Block, bytes] = {}
    for level in range(stop.bit_length()):
        rows = LogNode.objects.filter(level=level, index__gte=start >> level, index__lt=stop >> level)
        found.update({(level, index): bytes(value) for index, value in rows.values_list("index", "value")})
    return found
