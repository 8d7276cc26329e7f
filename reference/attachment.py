"""Attachments: a file as one blob of chunks (section 9)."""

from dataclasses import dataclass, field

from reference.encoding import label, u8, u64
from reference.errors import require
from reference.padding import padme
from reference.primitives import equal, gcm_open, gcm_seal, kdf, sha256

CHUNK_BYTES = 65536
TAG_BYTES = 16
SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
PREFIX_BYTES = 64
MAX_BLOB_BYTES = 104857600


@dataclass(frozen=True, slots=True)
class FileKeys:
    """key || base || commit of one upload."""

    key: bytes = field(repr=False)
    base: bytes = field(repr=False)
    commit: bytes


def file_keys(fk: bytes, fsalt: bytes) -> FileKeys:
    okm = kdf(fk, fsalt, label("file"), 76)
    return FileKeys(okm[:32], okm[32:44], okm[44:])


def blob_length(size: int) -> int:
    """The bytes of the blob of a file of `size` bytes."""
    padded = padme(size)
    return PREFIX_BYTES + padded + TAG_BYTES * (padded // CHUNK_BYTES + 1)


def make_blob(plaintext: bytes, *, fk: bytes, fsalt: bytes) -> bytes:
    """fsalt || commit || chunks, the last one always shorter. FILE_TOO_LARGE above 100 MiB."""
    require(blob_length(len(plaintext)) <= MAX_BLOB_BYTES, "FILE_TOO_LARGE")
    keys = file_keys(fk, fsalt)
    return fsalt + keys.commit + seal_chunks(plaintext.ljust(padme(len(plaintext)), b"\x00"), keys)


def open_blob(blob: bytes, *, fk: bytes, size: int, blob_hash: bytes) -> bytes:
    """The file; `size` and `blob_hash` from the content. Errors: section 9's, in its order."""
    require(blob_length(size) <= MAX_BLOB_BYTES, "FILE_TOO_LARGE")
    require(sha256(blob) == blob_hash, "FILE_HASH_MISMATCH")
    check_last_chunk(len(blob) - PREFIX_BYTES)
    keys = file_keys(fk, blob[:32])
    require(equal(keys.commit, blob[32:PREFIX_BYTES]), "BAD_COMMIT")
    padded = open_chunks(blob[PREFIX_BYTES:], keys)
    require(len(padded) >= padme(size), "FILE_TRUNCATED")
    require(len(padded) == padme(size) and not any(padded[size:]), "BAD_PADDING")
    return padded[:size]


def seal_chunks(padded: bytes, keys: FileKeys) -> bytes:
    """All chunks; the last one is shorter than the others and may be empty."""
    last = len(padded) // CHUNK_BYTES
    chunks = (padded[i * CHUNK_BYTES : (i + 1) * CHUNK_BYTES] for i in range(last + 1))
    return b"".join(gcm_seal(keys.key, _nonce(keys, i), chunk, _aad(i, i == last)) for i, chunk in enumerate(chunks))


def check_last_chunk(sealed_bytes: int) -> None:
    """FILE_TRUNCATED unless the chunks end with a short one."""
    require(sealed_bytes >= 0 and sealed_bytes % SEALED_CHUNK_BYTES >= TAG_BYTES, "FILE_TRUNCATED")


def open_chunks(sealed: bytes, keys: FileKeys) -> bytes:
    """The padded plaintext, or BAD_TAG."""
    last = len(sealed) // SEALED_CHUNK_BYTES
    chunks = (sealed[i * SEALED_CHUNK_BYTES : (i + 1) * SEALED_CHUNK_BYTES] for i in range(last + 1))
    return b"".join(gcm_open(keys.key, _nonce(keys, i), chunk, _aad(i, i == last)) for i, chunk in enumerate(chunks))


def _nonce(keys: FileKeys, index: int) -> bytes:
    """base XOR u96(i)."""
    return (int.from_bytes(keys.base, "big") ^ index).to_bytes(12, "big")


def _aad(index: int, last: bool) -> bytes:
    return label("fchunk") + u64(index) + u8(last)
