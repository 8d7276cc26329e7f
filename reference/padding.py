"""Padmé lengths and the 0x80 padding of sections 7 and 10."""

from reference.errors import require

MARK = b"\x80"


def padme(length: int) -> int:
    """The padded length: 256 below 256, else Padmé (section 7)."""
    if length < 256:
        return 256
    exponent = length.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (length + mask) & ~mask


def pad(content: bytes) -> bytes:
    """content || 0x80 || 0x00... up to padme(len + 1)."""
    return (content + MARK).ljust(padme(len(content) + 1), b"\x00")


def unpad(padded: bytes) -> bytes:
    """The content, or BAD_PADDING: no mark, other bytes after it, or not the length that `pad` gives."""
    marked = padded.rstrip(b"\x00")
    require(marked.endswith(MARK) and len(padded) == padme(len(marked)), "BAD_PADDING")
    return marked[:-1]
