"""What the server reads of an envelope and of an epoch record (protocol sections 6, 7 and 14); pure.

Only addresses, numbers and hashes are read, from the blob and nowhere else. Everything refused here is BAD_ENCODING or
TOO_LARGE; the rest of the checks belongs to the receivers.
"""

import hashlib
import struct
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn
from uuid import UUID

from conversations.refusals import bad_encoding, too_large
from keys.formats import label

ENVELOPE_MIN_BYTES, ENVELOPE_MAX_BYTES = 403, 67731
MAX_COUNTER = 1 << 20
MAX_MEMBERS = 16
START, NEXT, RESTART = 0, 1, 2
Z32 = bytes(32)
_HEADER = struct.Struct(">BBB16sI8s16s16sI32s")
_CORE = struct.Struct(">B16s16s16sIBBI32s16s16s32s32s")
_REFERENCE = struct.Struct(">16sI32s")
_MEMBER = struct.Struct(">16s16s32sII")
_FINAL = struct.Struct(">16sI")
_WRAP_BYTES = 48


_CORE_LABEL, _TH_LABEL = label("epoch-rec"), label("th")
_CORE_MAX_BYTES = len(_CORE_LABEL) + _CORE.size + 2 * _REFERENCE.size + 42 + MAX_MEMBERS * (_MEMBER.size + _FINAL.size)
RECORD_HEAD_BYTES = 4 + len(_CORE_LABEL) + _CORE.size
RECORD_MAX_BYTES = 12 + _CORE_MAX_BYTES + (MAX_MEMBERS - 1 + 2) * _WRAP_BYTES + 32


class EnvelopeHeader(NamedTuple):
    """header of section 7."""

    cid: UUID
    epoch: int
    uid: UUID
    did: UUID
    counter: int


@dataclass(frozen=True, slots=True)
class BundleReference:
    uid: UUID
    version: int
    bundle_hash: bytes


@dataclass(frozen=True, slots=True)
class RecordHeader:
    """What the server's rules need of a record (section 6); `th` is TH computed from the blob."""

    cid: UUID
    uid_lo: UUID
    uid_hi: UUID
    epoch: int
    kind: int
    th_prev: bytes
    uid: UUID
    did: UUID
    references: tuple[BundleReference, BundleReference]
    th: bytes


def parse_envelope(blob: bytes) -> EnvelopeHeader:
    if len(blob) > ENVELOPE_MAX_BYTES:
        raise too_large()
    if len(blob) < ENVELOPE_MIN_BYTES:
        raise bad_encoding()
    version, suite, kind, cid, epoch, _th, uid, did, counter, _salt = _HEADER.unpack_from(blob)
    if (version, suite, kind) != (1, 1, 1) or counter >= MAX_COUNTER:
        raise bad_encoding()
    return EnvelopeHeader(_uuid(cid), epoch, _uuid(uid), _uuid(did), counter)


def parse_record(blob: bytes) -> RecordHeader:
    """A record whose core passes every check that core alone allows, with wraps of the length it asks for."""
    if len(blob) > RECORD_MAX_BYTES:
        raise too_large()
    reader = _Reader(blob)
    core, wraps, hwraps = reader.vec(), reader.vec(), reader.vec()
    reader.take(32)
    reader.end()
    header, members, mode = _parse_core(core, wraps)
    people = len({reference.uid for reference in header.references})
    if len(wraps) != _WRAP_BYTES * (members - 1) or len(hwraps) != (0 if mode else _WRAP_BYTES * people):
        _refuse()
    return header


def timer_of_record(head: bytes) -> int:
    """Seconds after which the messages of a stored record's epoch disappear, 0: they stay; from RECORD_HEAD_BYTES."""
    return int(_CORE.unpack_from(head, 4 + len(_CORE_LABEL))[7])


def transcript_hash(*, th_prev: bytes, core_hash: bytes, wraps_hash: bytes) -> bytes:
    """TH_e of section 6."""
    return hashlib.sha256(_TH_LABEL + th_prev + core_hash + wraps_hash).digest()


class _Reader:
    """Takes an object apart from the left; too short is BAD_ENCODING."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        if len(self._data) - self._at < count:
            _refuse()
        self._at += count
        return self._data[self._at - count : self._at]

    def vec(self) -> bytes:
        return self.take(int.from_bytes(self.take(4), "big"))

    def rows(self, layout: struct.Struct) -> list[tuple[Any, ...]]:
        """u8 count, then as many rows."""
        count = self.take(1)[0]
        if count > MAX_MEMBERS:
            _refuse()
        return [layout.unpack(self.take(layout.size)) for _ in range(count)]

    def end(self) -> None:
        if self._at != len(self._data):
            _refuse()


def _parse_core(core: bytes, wraps: bytes) -> tuple[RecordHeader, int, int]:
    """The header, the number of members and the mode."""
    reader = _Reader(core)
    if reader.take(len(_CORE_LABEL)) != _CORE_LABEL:
        _refuse()
    fixed = _CORE.unpack(reader.take(_CORE.size))
    suite, cid, lo, hi, epoch, kind, mode, timer, th_prev, uid, did, _e_pub, newleaf = fixed
    references = [_REFERENCE.unpack(reader.take(_REFERENCE.size)) for _ in range(2)]
    reader.take(40)  # log_size, log_root
    members, finals = reader.rows(_MEMBER), reader.rows(_FINAL)
    reader.end()
    _check_fixed(suite, lo, hi, epoch, kind, mode, timer, th_prev, uid)
    if [row[0] for row in references] != [lo, hi] or (lo == hi and references[0] != references[1]):
        _refuse()
    _check_members(members, kind=kind, people={lo, hi}, sender=(uid, did, newleaf, 0, 0))
    _check_finals(finals, kind=kind)
    th = transcript_hash(
        th_prev=th_prev, core_hash=hashlib.sha256(core).digest(), wraps_hash=hashlib.sha256(wraps).digest()
    )
    first, second = (BundleReference(_uuid(row[0]), row[1], row[2]) for row in references)
    ids = (_uuid(cid), _uuid(lo), _uuid(hi))
    return RecordHeader(*ids, epoch, kind, th_prev, _uuid(uid), _uuid(did), (first, second), th), len(members), mode


def _check_fixed(
    suite: int, lo: bytes, hi: bytes, epoch: int, kind: int, mode: int, timer: int, th_prev: bytes, uid: bytes
) -> None:
    if suite != 1 or lo > hi or kind not in (START, NEXT, RESTART) or mode not in (0, 1) or uid not in (lo, hi):
        _refuse()
    if (kind == START) != (epoch == 0) or (mode == 1) != (timer >= 1) or (kind == START and th_prev != Z32):
        _refuse()


def _check_members(members: list[tuple[Any, ...]], *, kind: int, people: set[bytes], sender: tuple[Any, ...]) -> None:
    names = [row[:2] for row in members]
    if not _ascending(names) or {row[0] for row in members} != people or sender not in members:
        _refuse()
    for row in members:
        spk_id, opk_id = row[3], row[4]
        if row != sender and not spk_id and (kind != NEXT or opk_id):
            _refuse()


def _check_finals(finals: list[tuple[Any, ...]], *, kind: int) -> None:
    if not _ascending([row[:1] for row in finals]) or any(not row[1] for row in finals) or (finals and kind != NEXT):
        _refuse()


def _ascending(rows: list[tuple[Any, ...]]) -> bool:
    return all(low < high for low, high in pairwise(rows))


@lru_cache(maxsize=10_000)  # of people, devices and conversations, which come with every envelope
def _uuid(raw: bytes) -> UUID:
    return UUID(bytes=raw)


def _refuse() -> NoReturn:
    raise bad_encoding()
