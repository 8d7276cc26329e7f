"""The RFC 6962 tree over complete subtrees: pure arithmetic and hashing, no storage (protocol section 4).

A block (level, index) is the complete subtree over the leaves index * 2**level up to (index + 1) * 2**level - 1. Its
hash never changes once all its leaves are there, so it can be stored; a root of any size needs O(log size) of them.
"""

import hashlib
from collections.abc import Iterable, Mapping

Block = tuple[int, int]  # level, index

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """H(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """H(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def blocks(start: int, stop: int) -> list[Block]:
    """The fewest blocks that cover the leaves start..stop-1, left to right; blocks(0, n) are the peaks of n leaves."""
    found: list[Block] = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        found.append((level, start >> level))
        start += 1 << level
    return found


def root(covered: Iterable[tuple[Block, bytes]]) -> bytes:
    """The root of the tree whose leaves these blocks cover from 0 on without gap, in order, each with its hash."""
    peaks: list[tuple[Block, bytes]] = []
    for block, value in covered:
        peaks.append((block, value))
        while len(peaks) > 1 and peaks[-1][0][0] == peaks[-2][0][0]:
            (_, right), ((level, index), left) = peaks.pop(), peaks.pop()
            peaks.append(((level + 1, index >> 1), node_hash(left, right)))
    return _fold([value for _, value in peaks])


def root_of_leaves(leaves: Iterable[bytes]) -> bytes:
    """The root over whole leaves, in order."""
    return root(((0, index), leaf_hash(leaf)) for index, leaf in enumerate(leaves))


def new_blocks(size: int, value: bytes, peaks: Mapping[Block, bytes]) -> list[tuple[Block, bytes]]:
    """All blocks that become complete when the leaf hash `value` is appended at index `size`.

    `peaks` are the hashes of blocks(0, size); one append makes at most log2(size) + 1 blocks.
    """
    level, index = 0, size
    made = [((level, index), value)]
    while index & 1:
        value = node_hash(peaks[(level, index - 1)], value)
        level, index = level + 1, index >> 1
        made.append(((level, index), value))
    return made


def _fold(peaks: list[bytes]) -> bytes:
    if not peaks:
        return EMPTY_ROOT
    value = peaks[-1]
    for left in reversed(peaks[:-1]):
        value = node_hash(left, value)
    return value
