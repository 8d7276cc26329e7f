"""Prekeys: what a device leaves at the server so that others can start without it (section 5)."""

from dataclasses import dataclass

from reference.encoding import ID_BYTES, Reader, label, u8, u32, u64
from reference.errors import ProtocolError, require
from reference.primitives import check_x25519, sign, verify

SPK = 1
OPK = 2


@dataclass(frozen=True, slots=True)
class Prekey:
    """A public prekey: `kind` SPK or OPK, `key_id` >= 1, `not_after_ms` in milliseconds."""

    kind: int
    uid: bytes
    did: bytes
    key_id: int
    pub: bytes
    not_after_ms: int


def encode_prekey(prekey: Prekey) -> bytes:
    return (
        label("prekey") + u8(prekey.kind) + prekey.uid + prekey.did + u32(prekey.key_id) + prekey.pub
        + u64(prekey.not_after_ms)
    )  # fmt: skip


def make_prekey(prekey: Prekey, *, ds_seed: bytes) -> tuple[bytes, bytes]:
    """The prekey's bytes and the signature of its device."""
    data = encode_prekey(prekey)
    return data, sign(ds_seed, data)


def accept_prekey(data: bytes, sig: bytes, *, uid: bytes, did: bytes, ds_pub: bytes, now_ms: int) -> Prekey:
    """BAD_ENCODING, BAD_SIG (BAD_KEY when the signing key is refused), BAD_KEY, PREKEY_EXPIRED."""
    prekey = _parse(data)
    require(len(sig) == 64, "BAD_ENCODING")
    if (prekey.uid, prekey.did) != (uid, did):
        raise ProtocolError("BAD_SIG")
    verify(ds_pub, data, sig)
    check_x25519(prekey.pub)
    require(now_ms <= prekey.not_after_ms, "PREKEY_EXPIRED")
    return prekey


def _parse(data: bytes) -> Prekey:
    reader = Reader(data)
    reader.label("prekey")
    prekey = Prekey(
        reader.u8(), reader.take(ID_BYTES), reader.take(ID_BYTES), reader.u32(), reader.take(32), reader.u64()
    )  # fmt: skip
    reader.end()
    require(prekey.kind in (SPK, OPK) and prekey.key_id >= 1, "BAD_ENCODING")
    return prekey
