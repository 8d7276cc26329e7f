"""The only place where passwords are hashed: Argon2id in OWASP's range, at most two at once so that logins cannot eat
the memory.
"""

import threading

from django.contrib.auth.hashers import Argon2PasswordHasher

HASHES_AT_ONCE = 2

_slots = threading.BoundedSemaphore(HASHES_AT_ONCE)


class Argon2idHasher(Argon2PasswordHasher):
    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with _slots:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _slots:
            return super().verify(password, encoded)
