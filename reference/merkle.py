"""The RFC 6962 tree: leaf and node hashes, and the root of a growing list."""

from collections.abc import Iterable

from reference.primitives import sha256

EMPTY_ROOT = sha256(b"")


def leaf_hash(leaf: bytes) -> bytes:
    """H(0x00 || leaf)."""
    return sha256(b"\x00" + leaf)


def node_hash(left: bytes, right: bytes) -> bytes:
    """H(0x01 || left || right)."""
    return sha256(b"\x01" + left + right)


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over the leaves' bytes; H("") of none."""
    return root_of_hashes(map(leaf_hash, leaves))


def root_of_hashes(hashes: Iterable[bytes]) -> bytes:
    """The root over leaf hashes.

    Keeps the roots of the full subtrees along the right edge: as many as the size has one-bits.
    """
    edge: list[bytes] = []
    for size, digest in enumerate(hashes):
        edge.append(digest)
        for _ in range(_trailing_ones(size)):
            right, left = edge.pop(), edge.pop()
            edge.append(node_hash(left, right))
    return _fold(edge)


def _trailing_ones(number: int) -> int:
    return (number ^ (number + 1)).bit_length() - 1


def _fold(edge: list[bytes]) -> bytes:
    if not edge:
        return EMPTY_ROOT
    digest = edge[-1]
    for left in reversed(edge[:-1]):
        digest = node_hash(left, digest)
    return digest
