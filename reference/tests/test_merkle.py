"""The tree against a recursive reading of RFC 6962, section 2.1."""

import hashlib

import pytest

from reference.merkle import EMPTY_ROOT, root


def oracle(leaves):
    """MTH(D[n]): split at the largest power of two smaller than n."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + oracle(leaves[:split]) + oracle(leaves[split:])).digest()


@pytest.mark.parametrize("size", range(1, 65))
def test_the_root_of_every_small_tree(size):
    leaves = [b"leaf %d" % index for index in range(size)]
    assert root(leaves) == oracle(leaves)


def test_the_empty_tree():
    assert root([]) == EMPTY_ROOT == hashlib.sha256().digest()
