"""Keys and signatures that section 1 refuses before a library sees them."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys import curves
from keys.errors import Refused

P = 2**255 - 19
TOP = 1 << 255


def small_order_ys() -> set[int]:
    """y of the eight torsion points, by arithmetic on -x^2 + y^2 = 1 + d x^2 y^2.

    A point of order 8 doubles to one with y = 0, so x^2 = -y^2 and d y^4 + 2 y^2 - 1 = 0.
    """
    d = -121665 * pow(121666, -1, P) % P
    root_minus_one = pow(2, (P - 1) // 4, P)
    ys = {0, 1, P - 1}
    for root in square_roots((1 + d) % P, root_minus_one):
        ys.update(square_roots((root - 1) * pow(d, -1, P) % P, root_minus_one))
    return ys


def square_roots(value: int, root_minus_one: int) -> set[int]:
    root = pow(value, (P + 3) // 8, P)
    for candidate in (root, root * root_minus_one % P):
        if candidate * candidate % P == value:
            return {candidate, P - candidate}
    return set()


def refused(call, **given) -> str:
    with pytest.raises(Refused) as error:
        call(**given)
    return error.value.code


def encodings(y: int) -> list[bytes]:
    return [value.to_bytes(32, "little") for value in (y, y | TOP)]


def test_all_eight_small_order_points_are_refused_in_all_encodings() -> None:
    ys = small_order_ys()
    assert len(ys) == 5
    for y in ys | {P, P + 1}:
        for encoded in encodings(y):
            assert refused(curves.check_ed25519, pub=encoded) == "BAD_KEY"


@pytest.mark.parametrize("y", [P, P + 1, P + 3, TOP - 1])
def test_an_ed25519_key_that_is_not_canonical_is_refused(y: int) -> None:
    for encoded in encodings(y):
        assert refused(curves.check_ed25519, pub=encoded) == "BAD_KEY"


@pytest.mark.parametrize("u", [0, 1, P - 1, P, P + 1, P + 9, TOP - 1, TOP, TOP | 9])
def test_a_low_order_or_not_canonical_x25519_key_is_refused(u: int) -> None:
    assert refused(curves.check_x25519, pub=u.to_bytes(32, "little")) == "BAD_KEY"


@pytest.mark.parametrize("u", [2, 9, P - 2])
def test_the_neighbours_of_refused_x25519_keys_are_accepted(u: int) -> None:
    curves.check_x25519(u.to_bytes(32, "little"))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_of_another_length_are_refused(length: int) -> None:
    assert refused(curves.check_x25519, pub=bytes([9]) * length) == "BAD_KEY"
    assert refused(curves.check_ed25519, pub=bytes([9]) * length) == "BAD_KEY"


def test_each_flipped_bit_of_a_signature_is_refused() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    pub, message = key.public_key().public_bytes_raw(), b"hello"
    sig = key.sign(message)
    curves.verify(pub=pub, message=message, sig=sig)
    for bit in range(512):
        bad = (int.from_bytes(sig, "big") ^ (1 << bit)).to_bytes(64, "big")
        assert refused(curves.verify, pub=pub, message=message, sig=bad) == "BAD_SIG"


def test_a_signature_with_s_plus_l_is_refused() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    sig = key.sign(b"hello")
    more = (int.from_bytes(sig[32:], "little") + curves.L).to_bytes(32, "little")
    pub = key.public_key().public_bytes_raw()
    assert refused(curves.verify, pub=pub, message=b"hello", sig=sig[:32] + more) == "BAD_SIG"
