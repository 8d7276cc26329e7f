"""The session proof: binds a web session to one device (section 11)."""

from reference.encoding import label, vec
from reference.primitives import sign


def session_text(origin: str, nonce: bytes, uid: bytes, did: bytes) -> bytes:
    """What is signed; `nonce` 32 bytes from the server, used once."""
    return label("session") + vec(origin.encode("ascii")) + nonce + uid + did


def session_proof(origin: str, nonce: bytes, uid: bytes, did: bytes, *, ds_seed: bytes) -> bytes:
    return sign(ds_seed, session_text(origin, nonce, uid, did))
