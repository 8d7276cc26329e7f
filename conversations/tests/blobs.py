"""Envelopes and records that are well formed and mean nothing: what the server reads needs no valid cryptography."""

import struct
from uuid import UUID

from keys.formats import label

Z32 = bytes(32)
START, NEXT, RESTART = 0, 1, 2


def envelope(
    *, cid: UUID, uid: UUID, did: UUID, epoch: int = 0, counter: int = 0, length: int = 403, **odd: int
) -> bytes:
    """`odd`: version, suite, kind. `length`: of the whole, 403 is the shortest allowed."""
    first = bytes([odd.get("version", 1), odd.get("suite", 1), odd.get("kind", 1)])
    header = first + cid.bytes + struct.pack(">I", epoch) + bytes(8) + uid.bytes + did.bytes
    header += struct.pack(">I", counter) + bytes(32)
    return header + bytes(length - len(header))


def vec(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def core(
    *,
    cid: UUID,
    lo: UUID,
    hi: UUID,
    sender: tuple[UUID, UUID],
    members: list[tuple[UUID, UUID, int, int]],
    versions: dict[UUID, tuple[int, bytes]],
    epoch: int = 0,
    kind: int = START,
    th_prev: bytes = Z32,
    finals: list[tuple[UUID, int]] | None = None,
    suite: int = 1,
    mode: int = 0,
    timer: int = 0,
) -> bytes:
    head = label("epoch-rec") + bytes([suite]) + cid.bytes + lo.bytes + hi.bytes
    head += struct.pack(">IBBI", epoch, kind, mode, timer) + th_prev + sender[0].bytes + sender[1].bytes + bytes(64)
    for uid in (lo, hi):
        head += uid.bytes + struct.pack(">I", versions[uid][0]) + versions[uid][1]
    head += bytes(40) + bytes([len(members)])
    for uid, did, spk, opk in members:
        head += uid.bytes + did.bytes + bytes(32) + struct.pack(">II", spk, opk)
    head += bytes([len(finals or [])])
    return head + b"".join(did.bytes + struct.pack(">I", count) for did, count in finals or [])


def record(core_bytes: bytes, *, members: int = 2, people: int = 2, mode: int = 0, fill: bytes = b"\0") -> bytes:
    wraps, hwraps = fill * 48 * (members - 1), fill * 48 * (0 if mode else people)
    return vec(core_bytes) + vec(wraps) + vec(hwraps) + bytes(32)
