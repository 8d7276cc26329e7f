"""The key file: an account or a conversation under a passphrase (section 10)."""

import unicodedata
from dataclasses import dataclass, field

from reference.encoding import Reader, label, u8, u32
from reference.errors import ProtocolError, require
from reference.padding import pad, unpad
from reference.primitives import equal, gcm_open, gcm_seal, kdf, pbkdf2, sha256

MAGIC = b"E2CK"
VERSION = 1
ACCOUNT, CONVERSATION = 1, 2
KDF_PBKDF2 = 1
MIN_ITERATIONS = 600_000
MAX_ITERATIONS = 10_000_000
HEADER_BYTES = 55
COMMIT_BYTES = 32
SHORTEST_CT = 272


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A parsed key file, still closed; `header` the 55 bytes, `ct` with its tag."""

    kind: int
    iterations: int
    salt: bytes
    header: bytes
    commit: bytes
    ct: bytes


@dataclass(frozen=True, slots=True)
class FileSecrets:
    """key || nonce || commit of one file."""

    key: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    commit: bytes


def stretch(passphrase: str, salt: bytes, iterations: int) -> bytes:
    """m = PBKDF2-HMAC-SHA-256(NFKC passphrase, salt, iterations, 32)."""
    return pbkdf2(unicodedata.normalize("NFKC", passphrase).encode(), salt, iterations)


def encode_header(kind: int, iterations: int, salt: bytes, ct_len: int) -> bytes:
    return (
        MAGIC + u8(VERSION) + u8(kind) + u8(KDF_PBKDF2) + u32(iterations) + u32(0) + u32(0) + salt + u32(ct_len)
    )  # fmt: skip


def file_secrets(m: bytes, salt: bytes, header: bytes) -> FileSecrets:
    okm = kdf(m, salt, label("keyfile") + sha256(header), 76)
    return FileSecrets(okm[:32], okm[32:44], okm[44:])


def make_keyfile(payload: bytes, *, kind: int, m: bytes, salt: bytes, iterations: int) -> bytes:
    """The file around `payload`; `m` is the stretched passphrase. KEYFILE_KDF_REFUSED below 600000 iterations."""
    require(MIN_ITERATIONS <= iterations <= MAX_ITERATIONS, "KEYFILE_KDF_REFUSED")
    padded = pad(payload)
    header = encode_header(kind, iterations, salt, len(padded) + 16)
    secrets = file_secrets(m, salt, header)
    return header + secrets.commit + gcm_seal(secrets.key, secrets.nonce, padded, header)


def parse_keyfile(data: bytes) -> KeyFile:
    """KEYFILE_BAD_FORMAT for anything out of shape, then KEYFILE_KDF_REFUSED; nothing is derived yet."""
    try:
        keyfile, kdf_id = _read(data)
    except ProtocolError:
        raise ProtocolError("KEYFILE_BAD_FORMAT") from None
    require(kdf_id == KDF_PBKDF2, "KEYFILE_KDF_REFUSED")
    require(MIN_ITERATIONS <= keyfile.iterations <= MAX_ITERATIONS, "KEYFILE_KDF_REFUSED")
    return keyfile


def open_keyfile(keyfile: KeyFile, m: bytes) -> bytes:
    """The payload: KEYFILE_WRONG_PASSPHRASE by the commitment, KEYFILE_DAMAGED for tag and padding."""
    secrets = file_secrets(m, keyfile.salt, keyfile.header)
    require(equal(secrets.commit, keyfile.commit), "KEYFILE_WRONG_PASSPHRASE")
    try:
        return unpad(gcm_open(secrets.key, secrets.nonce, keyfile.ct, keyfile.header))
    except ProtocolError:
        raise ProtocolError("KEYFILE_DAMAGED") from None


def _read(data: bytes) -> tuple[KeyFile, int]:
    reader = Reader(data)
    magic, version, kind, kdf_id, iterations = reader.take(4), reader.u8(), reader.u8(), reader.u8(), reader.u32()
    reserved, salt, ct_len = reader.take(8), reader.take(32), reader.u32()
    require((magic, version, reserved) == (MAGIC, VERSION, bytes(8)), "BAD_ENCODING")
    require(kind in (ACCOUNT, CONVERSATION) and ct_len >= SHORTEST_CT, "BAD_ENCODING")
    commit, ct = reader.take(COMMIT_BYTES), reader.take(ct_len)
    reader.end()
    return KeyFile(kind, iterations, salt, data[:HEADER_BYTES], commit, ct), kdf_id
