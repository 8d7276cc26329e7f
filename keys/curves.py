"""Key and signature checks of protocol section 1, made before any library sees the bytes.

The only place that knows which points of X25519 and Ed25519 are refused. Pure functions on bytes.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from keys.errors import Refused

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
SIGN_BIT = 1 << 255


def _little(text: str) -> int:
    return int.from_bytes(bytes.fromhex(text), "little")


# u of the points whose order divides 8 (RFC 7748): 0, 1, p - 1 and the two of order 8.
_LOW_ORDER_U = frozenset(
    {
        0,
        1,
        P - 1,
        _little("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        _little("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    }
)
# y of the eight points of small order (RFC 8032); x and -x share their y, so five values cover every encoding.
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        P - 1,
        _little("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        _little("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    }
)


def check_x25519(pub: bytes) -> None:
    """Refuse (BAD_KEY) a 32-byte X25519 public key that is not canonical or of low order."""
    u = int.from_bytes(pub, "little")
    if len(pub) != 32 or u >= P or u in _LOW_ORDER_U:
        raise Refused("BAD_KEY")


def check_ed25519(pub: bytes) -> None:
    """Refuse (BAD_KEY) a 32-byte Ed25519 public key that is not canonical or of small order."""
    if len(pub) != 32 or not _is_good_point(pub):
        raise Refused("BAD_KEY")


def verify(*, pub: bytes, message: bytes, sig: bytes) -> None:
    """Refuse (BAD_KEY for the key, BAD_SIG for the signature) unless `sig` is the key's over `message`."""
    check_ed25519(pub)
    if len(sig) != 64 or not _is_good_point(sig[:32]) or int.from_bytes(sig[32:], "little") >= L:
        raise Refused("BAD_SIG")
    try:
        Ed25519PublicKey.from_public_bytes(pub).verify(sig, message)
    except (InvalidSignature, ValueError):
        raise Refused("BAD_SIG") from None


def _is_good_point(encoded: bytes) -> bool:
    y = int.from_bytes(encoded, "little") & ~SIGN_BIT
    return y < P and y not in _SMALL_ORDER_Y
