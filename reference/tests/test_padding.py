"""Padmé at its borders, and the marks of the padding."""

import pytest

from reference.errors import ProtocolError
from reference.padding import pad, padme, unpad

# Section 15, and the steps around 2^8, 2^9, 2^16 and 2^20.
BORDERS = {
    0: 256, 1: 256, 255: 256, 256: 256, 257: 272, 272: 272, 273: 288, 511: 512, 512: 512, 513: 544, 1000: 1024,
    4096: 4096, 4097: 4352, 65535: 65536, 65536: 65536, 65537: 67584, 1000001: 1015808, 1048576: 1048576,
    1048577: 1081344,
}  # fmt: skip


@pytest.mark.parametrize(("length", "padded"), BORDERS.items())
def test_padme_at_its_borders(length, padded):
    assert padme(length) == padded


def test_padme_never_shrinks_and_wastes_at_most_an_eighth_from_256_on():
    for length in range(256, 9000):
        assert length <= padme(length) <= length * 1.125


@pytest.mark.parametrize("length", [0, 1, 254, 255, 256, 271, 272, 4095, 4096, 65536])
def test_unpad_undoes_pad(length):
    assert unpad(pad(b"\x80\x00" * length)) == b"\x80\x00" * length


@pytest.mark.parametrize(
    "padded",
    [
        b"",
        bytes(256),
        b"a" * 256,
        b"a\x80".ljust(272, b"\x00"),
        b"a\x80".ljust(255, b"\x00"),
        b"\x80" + bytes(254) + b"\x01",
    ],
    ids=["empty", "no mark", "no padding", "too long", "too short", "bytes after the mark"],
)
def test_other_paddings_are_refused(padded):
    with pytest.raises(ProtocolError, match="BAD_PADDING"):
        unpad(padded)
