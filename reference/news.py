"""What a client tells a person: what was written, what changed, what was refused or noticed."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """A text as it was opened; `at_ms` is the server's clock."""

    cid: bytes
    seq: int
    uid: bytes
    did: bytes
    mid: bytes
    text: str = field(repr=False)
    at_ms: int


@dataclass(frozen=True, slots=True)
class File:
    """A file that a message names; `content` is what `courier.download` needs, its name not cleaned yet."""

    cid: bytes
    seq: int
    uid: bytes
    did: bytes
    mid: bytes
    content: dict[str, Any] = field(repr=False)
    at_ms: int


@dataclass(frozen=True, slots=True)
class Changed:
    """Somebody edited, deleted or reacted to a text: what it is now stands on the board."""

    cid: bytes
    seq: int
    uid: bytes
    mid: bytes


@dataclass(frozen=True, slots=True)
class Problem:
    """A notice, or why an event was refused: a code of section 13, or KEYS_NOT_RENEWED of section 6.

    `cid` None and `seq` 0 outside a conversation.
    """

    cid: bytes | None
    seq: int
    code: str


News = Message | File | Changed | Problem
