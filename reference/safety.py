"""Verification: fingerprints, safety numbers and their QR code (section 11)."""

from dataclasses import dataclass

from reference.encoding import label, u8, vec
from reference.primitives import sha256

GROUPS = 6
GROUP_BYTES = 5


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a fingerprint stands for."""

    uid: bytes
    name: str
    root_pub: bytes


def fingerprint(person: Person) -> bytes:
    """H( LBL("fp") || uid || vec(name) || RS_pub )."""
    return sha256(label("fp") + person.uid + vec(person.name.encode("ascii")) + person.root_pub)


def digits_of(print_: bytes) -> str:
    """Six groups of five digits."""
    groups = (print_[i * GROUP_BYTES : (i + 1) * GROUP_BYTES] for i in range(GROUPS))
    return "".join(f"{int.from_bytes(group, 'big') % 100000:05d}" for group in groups)


def safety_number(one: Person, other: Person) -> tuple[str, bytes]:
    """The 60 digits and the bytes of the QR code, the lower uid first."""
    lo, hi = sorted((one, other), key=lambda person: person.uid)
    return digits_of(fingerprint(lo)) + digits_of(fingerprint(hi)), u8(1) + fingerprint(lo) + fingerprint(hi)
