"""Who takes part: names, passwords, passphrases, and the codes of their second step."""

import base64
import hashlib
import hmac
import secrets
import struct
import time
from dataclasses import dataclass, field

STEP_SECONDS = 30


@dataclass
class Person:
    """Somebody with an account to make; what they are shown on the way is written down here."""

    name: str
    display_name: str
    email: str = ""
    password: str = field(default_factory=lambda: f"Pw-{secrets.token_hex(12)}")
    passphrase: str = ""
    seed: str = ""
    recovery_codes: list[str] = field(default_factory=list)
    key_file: bytes = b""
    key_file_name: str = ""
    last_step: int = -1

    def code(self) -> str:
        """A code of the authenticator app that was not used yet; else a recovery code."""
        step = max(self.last_step + 1, now_step())
        if step > now_step() + 1:
            return self.recovery_codes.pop()
        self.last_step = step
        return totp(self.seed, step)

    def seed_bytes(self) -> bytes:
        return base64.b32decode(self.seed.replace(" ", ""))


def now_step() -> int:
    return int(time.time()) // STEP_SECONDS


def totp(seed: str, step: int) -> str:
    """RFC 6238 with the usual six digits, from the secret as the page shows it."""
    key = base64.b32decode(seed.replace(" ", ""))
    digest = hmac.digest(key, struct.pack(">Q", step), hashlib.sha1)
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


def alice() -> Person:
    return Person("alice", "Alice Azul")


def bob() -> Person:
    return Person("bob", "Bob Brown", email="bob@example.org")


def mallory() -> Person:
    return Person("mallory", "Mallory Mint")
