"""Envelopes: sealing and opening one message (section 7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reference.chain import COUNTER_LIMIT, Chain, check_counter, mark_seen, secret_at, start_chain
from reference.content import MAX_CONTENT_BYTES, Content, parse_content
from reference.encoding import ID_BYTES, Reader, label, u8, u32
from reference.errors import require
from reference.padding import pad, unpad
from reference.primitives import equal, gcm_open, gcm_seal, kdf, sha256

VERSION, SUITE, KIND_MESSAGE = 1, 1, 1
HEADER_BYTES = 99
SHORTEST = 403
LONGEST = 67731


@dataclass(frozen=True, slots=True)
class Header:
    """The 99 public bytes; `th_start` the first eight of TH_e, `salt` 32 random bytes."""

    version: int
    suite: int
    kind: int
    cid: bytes
    epoch: int
    th_start: bytes
    uid: bytes
    did: bytes
    counter: int
    salt: bytes

    def encode(self) -> bytes:
        return (
            u8(self.version) + u8(self.suite) + u8(self.kind) + self.cid + u32(self.epoch) + self.th_start + self.uid
            + self.did + u32(self.counter) + self.salt
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Epoch:
    """What envelopes of an epoch are judged by: TH and its members."""

    th: bytes
    members: frozenset[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class MessageKeys:
    """key || nonce || commit of one message."""

    key: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    commit: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A message that was believed, and its chain afterwards; `gap` when counters were jumped over."""

    header: Header
    mid: bytes
    content: Content = field(repr=False)
    chain: Chain
    gap: bool


def mid_of(envelope: bytes) -> bytes:
    """H(LBL("mid") || envelope)[0..16]."""
    return sha256(label("mid") + envelope)[:16]


def message_keys(secret: bytes, header: Header) -> MessageKeys:
    okm = kdf(secret, header.salt, label("mk") + sha256(header.encode()), 76)
    return MessageKeys(okm[:32], okm[32:44], okm[44:])


def seal_message(
    content: bytes, *, chain: Chain, cid: bytes, epoch: int, th: bytes, uid: bytes, did: bytes, salt: bytes
) -> tuple[bytes, Chain]:
    """The envelope at the chain's next counter, and the chain after it. Raises BAD_CONTENT above 64 KiB."""
    require(len(content) <= MAX_CONTENT_BYTES, "BAD_CONTENT")
    require(chain.next_counter < COUNTER_LIMIT, "COUNTER_TOO_FAR")
    header = Header(VERSION, SUITE, KIND_MESSAGE, cid, epoch, th[:8], uid, did, chain.next_counter, salt)
    secret, after = secret_at(chain, header.counter, now_ms=0)  # of its own it skips none
    keys = message_keys(secret, header)
    prefix = header.encode() + keys.commit
    envelope = prefix + gcm_seal(keys.key, keys.nonce, pad(content), prefix)
    return envelope, mark_seen(after, header.counter, mid_of(envelope))


def parse_header(data: bytes) -> Header:
    """BAD_ENCODING by length, BAD_VERSION, BAD_SUITE."""
    require(SHORTEST <= len(data) <= LONGEST, "BAD_ENCODING")
    reader = Reader(data[:HEADER_BYTES])
    header = Header(
        reader.u8(), reader.u8(), reader.u8(), reader.take(ID_BYTES), reader.u32(), reader.take(8),
        reader.take(ID_BYTES), reader.take(ID_BYTES), reader.u32(), reader.take(32)
    )  # fmt: skip
    require((header.version, header.kind) == (VERSION, KIND_MESSAGE), "BAD_VERSION")
    require(header.suite == SUITE, "BAD_SUITE")
    return header


def open_message(
    data: bytes,
    *,
    cid: bytes,
    sender: tuple[bytes, bytes],
    epochs: Mapping[int, Epoch],
    chains: Mapping[tuple[int, bytes], Chain],
    now_ms: int,
) -> Opened:
    """Open an envelope; `sender` as the server names it, `chains` by (epoch, did). Section 7's errors, in its order."""
    header, mid = parse_header(data), mid_of(data)
    require(header.cid == cid, "WRONG_CONVERSATION")
    require((header.uid, header.did) == sender, "SENDER_MISMATCH")
    require(header.epoch in epochs, "NO_EPOCH_KEY")
    epoch = epochs[header.epoch]
    require(header.th_start == epoch.th[:8], "EPOCH_FORK")
    require((header.uid, header.did) in epoch.members, "DEVICE_NOT_IN_EPOCH")
    chain = chains[(header.epoch, header.did)]
    check_counter(chain, header.counter, mid)
    secret, after = secret_at(chain, header.counter, now_ms)
    content = parse_content(_open(data, header, secret))
    return Opened(header, mid, content, mark_seen(after, header.counter, mid), header.counter > chain.next_counter)


def start_chains(k_msg: bytes, epoch: int, members: frozenset[tuple[bytes, bytes]]) -> dict[tuple[int, bytes], Chain]:
    """The chains of all members of an epoch."""
    return {(epoch, did): start_chain(k_msg, uid, did) for uid, did in members}


def _open(data: bytes, header: Header, secret: bytes) -> bytes:
    keys = message_keys(secret, header)
    prefix, sealed = data[: HEADER_BYTES + 32], data[HEADER_BYTES + 32 :]
    require(equal(keys.commit, prefix[HEADER_BYTES:]), "BAD_COMMIT")
    return unpad(gcm_open(keys.key, keys.nonce, sealed, prefix))
