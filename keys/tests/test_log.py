"""The tree against an independent oracle: RFC 6962's recursive definition, written down as it stands there."""

import hashlib

import pytest

from keys import log

LEAVES = [bytes([index]) * 5 for index in range(64)]


def oracle(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + oracle(leaves[:split]) + oracle(leaves[split:])).digest()


def stored_tree() -> dict[log.Block, bytes]:
    tree: dict[log.Block, bytes] = {}
    for size, leaf in enumerate(LEAVES):
        tree.update(log.new_blocks(size, log.leaf_hash(leaf), {block: tree[block] for block in log.blocks(0, size)}))
    return tree


@pytest.mark.parametrize("size", range(len(LEAVES) + 1))
def test_the_root_of_leaves_is_that_of_the_recursive_definition(size: int) -> None:
    assert log.root_of_leaves(LEAVES[:size]) == oracle(LEAVES[:size])


def test_every_root_comes_from_the_stored_blocks_of_one_tree() -> None:
    tree = stored_tree()
    for size in range(len(LEAVES) + 1):
        assert log.root((block, tree[block]) for block in log.blocks(0, size)) == oracle(LEAVES[:size])


def test_a_larger_root_follows_from_the_blocks_of_a_smaller_one_and_those_after() -> None:
    tree = stored_tree()
    for old in range(len(LEAVES) + 1):
        for new in range(old, len(LEAVES) + 1):
            parts = log.blocks(0, old) + log.blocks(old, new)
            assert log.root((block, tree[block]) for block in parts) == oracle(LEAVES[:new])


def test_blocks_cover_a_range_once_in_order() -> None:
    for start in range(33):
        for stop in range(start, 65):
            spans = [(index << level, (index + 1) << level) for level, index in log.blocks(start, stop)]
            assert [leaf for low, high in spans for leaf in range(low, high)] == list(range(start, stop))


def test_an_append_reads_and_makes_no_more_than_log_size_blocks() -> None:
    for size in (0, 1, 2, 3, 1023, 1024, 2**20 - 1, 2**20):
        peaks = log.blocks(0, size)
        made = log.new_blocks(size, bytes(32), dict.fromkeys(peaks, bytes(32)))
        assert len(peaks) <= size.bit_length()
        assert len(made) <= size.bit_length() + 1
