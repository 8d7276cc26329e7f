"""Section 1's functions on `cryptography`, with the checks that come before the library is asked.

The only module that imports `cryptography`. Keys are 32 bytes; a private X25519 key is its scalar before clamping, a
private Ed25519 key its RFC 8032 seed.
"""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reference.errors import ProtocolError, require

FIELD_PRIME = 2**255 - 19
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
X25519_LOW_ORDER = frozenset(
    {
        0,
        1,
        FIELD_PRIME - 1,
        int.from_bytes(bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"), "little"),
        int.from_bytes(bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"), "little"),
    }
)
# The y of the eight small-order points: order 1, 2, 4 (two points), 8 (four points).
ED25519_SMALL_ORDER_Y = frozenset(
    {
        1,
        FIELD_PRIME - 1,
        0,
        int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
        int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
    }
)


def random_bytes(length: int) -> bytes:
    return os.urandom(length)


def private_key() -> bytes:
    """32 random bytes for X25519 or Ed25519; none begins with a zero byte (section 1)."""
    key = random_bytes(32)
    return key if key[0] else private_key()


def sha256(data: bytes) -> bytes:
    """H(x)."""
    return hashlib.sha256(data).digest()


def mac(key: bytes, data: bytes) -> bytes:
    """MAC(k, x): HMAC-SHA-256, 32 bytes."""
    return hmac.new(key, data, hashlib.sha256).digest()


def equal(left: bytes, right: bytes) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(left, right)


def kdf(ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """KDF(ikm, salt, info, L): HKDF-SHA-256, extract and expand (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(ikm)


def pbkdf2(password: bytes, salt: bytes, iterations: int) -> bytes:
    """PBKDF2-HMAC-SHA-256, 32 bytes."""
    return hashlib.pbkdf2_hmac("sha256", password, salt, iterations, 32)


def gcm_seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """GCM(k, n, pt, aad): AES-256-GCM, the 16-byte tag at the end."""
    return AESGCM(key).encrypt(nonce, plaintext, aad)


def gcm_open(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    """The plaintext, or BAD_TAG."""
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, aad)
    except (InvalidTag, ValueError):
        raise ProtocolError("BAD_TAG") from None


def x25519_public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def check_x25519(public: bytes) -> None:
    """BAD_KEY unless canonical, top bit 0, and none of the five low-order values."""
    value = int.from_bytes(public, "little")
    require(len(public) == 32 and value < FIELD_PRIME and value not in X25519_LOW_ORDER, "BAD_KEY")


def dh(private: bytes, public: bytes) -> bytes:
    """DH(a, B): X25519; an all-zero output is BAD_KEY."""
    try:
        return X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise ProtocolError("BAD_KEY") from None


def ed25519_public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def check_ed25519(public: bytes) -> None:
    """BAD_KEY for a small-order or non-canonical A."""
    require(len(public) == 32 and _is_proper_point(public), "BAD_KEY")


def sign(seed: bytes, message: bytes) -> bytes:
    """SIG(k, m): Ed25519, 64 bytes."""
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    """BAD_KEY for a refused A; BAD_SIG for a refused R or S, or a signature that does not hold."""
    check_ed25519(public)
    scalar = int.from_bytes(signature[32:], "little")
    require(len(signature) == 64 and _is_proper_point(signature[:32]) and scalar < GROUP_ORDER, "BAD_SIG")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise ProtocolError("BAD_SIG") from None


def _is_proper_point(encoded: bytes) -> bool:
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    return y < FIELD_PRIME and y not in ED25519_SMALL_ORDER_Y
