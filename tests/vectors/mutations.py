"""One object of each kind and every damaged form of it: each byte flipped, cut before, and the object extended."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.vectors.contexts import CONTEXTS
from tests.vectors.world import Dice

EXTENSIONS = (b"\x00", b"\x80", b"\xff" * 16)


def mutations(data: bytes) -> Iterator[bytes]:
    """All objects one byte flipped, one shorter at any place, or a few longer."""
    for index in range(len(data)):
        yield data[:index] + bytes([data[index] ^ (1 << index % 8)]) + data[index + 1 :]
        yield data[:index]
    yield from (data + extension for extension in EXTENSIONS)


@dataclass(frozen=True)
class Subject:
    """An object of `contexts` and its field that is damaged; `announced`: where its hash stands, which then fits."""

    object: str
    field: str
    seed: int
    announced: str | None = None

    def given(self) -> dict[str, Any]:
        return CONTEXTS[self.object](Dice(self.seed))

    def __str__(self) -> str:
        return f"{self.object}-{self.field}" + ("-announced" if self.announced else "")


SUBJECTS = (
    Subject("bundle", "bundle", 9),
    Subject("head", "head", 7),
    Subject("head", "sig", 8),
    Subject("prekey", "prekey", 7),
    Subject("prekey", "sig", 8),
    Subject("record", "record", 7),
    Subject("envelope", "envelope", 7),
    Subject("blob", "blob", 7),
    Subject("blob", "blob", 12, announced="hash"),
    Subject("keyfile", "keyfile", 10),
)
