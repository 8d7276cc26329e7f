"""The rules of protocol section 14 for one post, as functions from values to values: no database, no clock.

`judging` applies them to a batch of posts, one after the other, on the state that was read under the locks.
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from conversations.formats import (
    NEXT,
    START,
    BundleReference,
    EnvelopeHeader,
    RecordHeader,
    parse_envelope,
    parse_record,
)
from conversations.refusals import Refusal

RECORD, MESSAGE = "record", "message"
NO_EPOCH = -1
CurrentReference = Callable[[UUID], BundleReference | None]
DevicesOf = Callable[[BundleReference], Collection[UUID]]


@dataclass(frozen=True, slots=True)
class Post:
    """What a device bound to the session asks to have stored."""

    uid: UUID
    did: UUID
    cid: UUID
    client_id: UUID
    kind: str
    blob: bytes = field(repr=False)


class Accepted(NamedTuple):
    seq: int
    sha256: bytes
    dup: bool


@dataclass(slots=True)
class State:
    """What a conversation is at, under its lock; it follows the posts that are accepted."""

    uid_lo: UUID
    uid_hi: UUID
    seq: int
    epoch: int
    th: bytes


def read_header(post: Post) -> EnvelopeHeader | RecordHeader:
    """The blob's own words about itself."""
    return parse_envelope(post.blob) if post.kind == MESSAGE else parse_record(post.blob)


def check_sender(post: Post, header: EnvelopeHeader | RecordHeader, state: State) -> None:
    """The blob's words must be those of the session and of the conversation."""
    if (header.uid, header.did, header.cid) != (post.uid, post.did, post.cid):
        raise Refusal(422, "SENDER_MISMATCH")
    if isinstance(header, RecordHeader) and (header.uid_lo, header.uid_hi) != (state.uid_lo, state.uid_hi):
        raise Refusal(422, "SENDER_MISMATCH")


def check_repeat(post: Post, *, cid: UUID, kind: str) -> None:
    """A client id that is known already names the same act: same conversation, same kind."""
    if (cid, kind) != (post.cid, post.kind):
        raise Refusal(422, "IDEMPOTENCY_MISMATCH")


def check_message(header: EnvelopeHeader, state: State, *, next_counter: int) -> None:
    if header.epoch != state.epoch:
        raise Refusal(409, "STALE_EPOCH")
    if header.counter != next_counter:
        raise Refusal(409, "COUNTER_TAKEN")


def check_record(header: RecordHeader, state: State, *, current: CurrentReference, devices: DevicesOf) -> None:
    if header.epoch != state.epoch + 1 or (header.kind == START) != (state.epoch == NO_EPOCH):
        raise Refusal(409, "EPOCH_CONFLICT")
    if header.kind == NEXT and header.th_prev != state.th:
        raise Refusal(409, "EPOCH_CONFLICT")
    if any(current(reference.uid) != reference for reference in header.references):
        raise Refusal(409, "STALE_BUNDLE")
    own = next(reference for reference in header.references if reference.uid == header.uid)
    if header.did not in devices(own):
        raise Refusal(409, "STALE_BUNDLE")


def digest(blob: bytes) -> bytes:
    """sha256 of an event: H(blob)."""
    return hashlib.sha256(blob).digest()
