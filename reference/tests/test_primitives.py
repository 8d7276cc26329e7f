"""What section 1 refuses before the library is asked, and base64url's one form."""

import pytest

from reference.encoding import b64, unb64
from reference.errors import ProtocolError
from reference.primitives import (
    FIELD_PRIME,
    GROUP_ORDER,
    check_ed25519,
    check_x25519,
    dh,
    ed25519_public,
    private_key,
    sign,
    verify,
    x25519_public,
)

SEED = bytes(range(32))
ORDER_8_X25519 = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"
ORDER_8_ED25519 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"


def little(number):
    return number.to_bytes(32, "little")


@pytest.mark.parametrize(
    "public",
    [
        *map(little, (0, 1, FIELD_PRIME - 1, FIELD_PRIME, FIELD_PRIME + 1, FIELD_PRIME + 9, 2**255 + 9, 2**256 - 1)),
        bytes.fromhex(ORDER_8_X25519),
        bytes(31),
        bytes([9]) + bytes(32),
    ],
)
def test_it_refuses_an_x25519_key(public):
    with pytest.raises(ProtocolError, match="BAD_KEY"):
        check_x25519(public)


def test_an_all_zero_output_is_a_bad_key():
    with pytest.raises(ProtocolError, match="BAD_KEY"):
        dh(SEED, bytes.fromhex(ORDER_8_X25519))


@pytest.mark.parametrize("sign_bit", [0, 1 << 255])
@pytest.mark.parametrize("y", [0, 1, FIELD_PRIME - 1, FIELD_PRIME, FIELD_PRIME + 1, FIELD_PRIME + 18])
def test_it_refuses_an_ed25519_key(y, sign_bit):
    with pytest.raises(ProtocolError, match="BAD_KEY"):
        check_ed25519(little(y | sign_bit))


@pytest.mark.parametrize("sign_bit", [0, 1 << 255])
def test_it_refuses_points_of_order_eight(sign_bit):
    y = int.from_bytes(bytes.fromhex(ORDER_8_ED25519), "little")
    for value in (y, FIELD_PRIME - y):
        with pytest.raises(ProtocolError, match="BAD_KEY"):
            check_ed25519(little(value | sign_bit))


def test_a_signature_has_one_form():
    public, sig = ed25519_public(SEED), sign(SEED, b"text")
    verify(public, b"text", sig)
    scalar = int.from_bytes(sig[32:], "little")
    for other in (sig[:32] + little(scalar + GROUP_ORDER), sig[:-1], sig + b"\x00", little(1) + sig[32:], b""):
        with pytest.raises(ProtocolError, match="BAD_SIG"):
            verify(public, b"text", other)


def test_both_sides_agree():
    other = bytes(reversed(SEED))
    assert dh(SEED, x25519_public(other)) == dh(other, x25519_public(SEED))


@pytest.mark.parametrize("text", ["AA==", "AB", "A", "AA\n", "+/+/", "AAA=", "ÄA", "AA AA"])
def test_it_refuses_other_forms_of_base64(text):
    with pytest.raises(ProtocolError, match="BAD_ENCODING"):
        unb64(text)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xfb\xff\xfe", bytes(range(256))])
def test_base64_reads_back(data):
    assert unb64(b64(data)) == data


def test_no_private_key_begins_with_a_zero_byte(monkeypatch):
    made = iter([bytes(32), b"\x00" + bytes([7]) * 31, b"\x01" * 32])
    monkeypatch.setattr("reference.primitives.random_bytes", lambda length: next(made))
    assert private_key() == b"\x01" * 32
