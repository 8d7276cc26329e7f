"""The epoch record's bytes, and what core alone shows to be wrong (section 6, step 1)."""

from dataclasses import dataclass

from reference.encoding import ID_BYTES, ZERO32, Reader, label, strictly_ascending, u8, u32, u64, vec
from reference.errors import require
from reference.primitives import sha256

START, NEXT, RESTART = 0, 1, 2
HISTORY, EPHEMERAL = 0, 1
WRAP_BYTES = 48
MAX_MEMBERS = 16


@dataclass(frozen=True, slots=True)
class Reference:
    """Which bundle version of a user a record is built on."""

    uid: bytes
    version: int
    bundle_hash: bytes


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of the member list; `spk_id` = `opk_id` = 0 where the leaf was made by a record."""

    uid: bytes
    did: bytes
    leaf_pub: bytes
    spk_id: int
    opk_id: int


@dataclass(frozen=True, slots=True)
class Final:
    """How far a device of the previous epoch had come: its next counter."""

    did: bytes
    next_counter: int


@dataclass(frozen=True, slots=True)
class Core:
    """The public part of an epoch record; `references` of uid_lo and uid_hi, members and finals sorted."""

    suite: int
    cid: bytes
    uid_lo: bytes
    uid_hi: bytes
    epoch: int
    kind: int
    mode: int
    timer_s: int
    th_prev: bytes
    s_uid: bytes
    s_did: bytes
    e_pub: bytes
    newleaf_pub: bytes
    references: tuple[Reference, Reference]
    log_size: int
    log_root: bytes
    members: tuple[Member, ...]
    finals: tuple[Final, ...]

    @property
    def uids(self) -> tuple[bytes, ...]:
        """The distinct users, in order: one in a conversation with oneself."""
        return (self.uid_lo,) if self.uid_lo == self.uid_hi else (self.uid_lo, self.uid_hi)

    @property
    def receivers(self) -> tuple[Member, ...]:
        """The members that get a wrap, in order: all but the sender."""
        return tuple(member for member in self.members if not self.is_sender(member))

    def is_sender(self, member: Member) -> bool:
        return (member.uid, member.did) == (self.s_uid, self.s_did)


@dataclass(frozen=True, slots=True)
class Record:
    """A parsed record with the bytes of its core."""

    core: Core
    core_bytes: bytes
    wraps: bytes
    hwraps: bytes
    confirm: bytes

    def encode(self) -> bytes:
        return vec(self.core_bytes) + vec(self.wraps) + vec(self.hwraps) + self.confirm

    @property
    def sha256(self) -> bytes:
        return sha256(self.encode())


def encode_core(core: Core) -> bytes:
    """core; members come out sorted by (uid, did), finals by did."""
    members = sorted(core.members, key=lambda member: (member.uid, member.did))
    finals = sorted(core.finals, key=lambda final: final.did)
    return (
        label("epoch-rec") + u8(core.suite) + core.cid + core.uid_lo + core.uid_hi + u32(core.epoch) + u8(core.kind)
        + u8(core.mode) + u32(core.timer_s) + core.th_prev + core.s_uid + core.s_did + core.e_pub + core.newleaf_pub
        + b"".join(ref.uid + u32(ref.version) + ref.bundle_hash for ref in core.references)
        + u64(core.log_size) + core.log_root
        + u8(len(members)) + b"".join(m.uid + m.did + m.leaf_pub + u32(m.spk_id) + u32(m.opk_id) for m in members)
        + u8(len(finals)) + b"".join(final.did + u32(final.next_counter) for final in finals)
    )  # fmt: skip


def parse_record(data: bytes) -> Record:
    """Step 1: strict parse and sort order (BAD_ENCODING), then the suite (BAD_SUITE)."""
    reader = Reader(data)
    core_bytes, wraps, hwraps, confirm = reader.vec(), reader.vec(), reader.vec(), reader.take(32)
    reader.end()
    core = parse_core(core_bytes)
    require(len(wraps) == WRAP_BYTES * len(core.receivers), "BAD_ENCODING")
    require(len(hwraps) == (WRAP_BYTES * len(core.uids) if core.mode == HISTORY else 0), "BAD_ENCODING")
    require(core.suite == 1, "BAD_SUITE")
    return Record(core, core_bytes, wraps, hwraps, confirm)


def parse_core(data: bytes) -> Core:
    """BAD_ENCODING for whatever core alone shows to be wrong."""
    reader = Reader(data)
    reader.label("epoch-rec")
    suite, cid, uid_lo, uid_hi = reader.u8(), reader.take(ID_BYTES), reader.take(ID_BYTES), reader.take(ID_BYTES)
    epoch, kind, mode, timer_s, th_prev = reader.u32(), reader.u8(), reader.u8(), reader.u32(), reader.take(32)
    s_uid, s_did, e_pub, newleaf = reader.take(ID_BYTES), reader.take(ID_BYTES), reader.take(32), reader.take(32)
    references = (_read_reference(reader), _read_reference(reader))
    log_size, log_root = reader.u64(), reader.take(32)
    members = tuple(_read_member(reader) for _ in range(_count(reader, 1)))
    finals = tuple(Final(reader.take(ID_BYTES), reader.u32()) for _ in range(_count(reader, 0)))
    reader.end()
    core = Core(suite, cid, uid_lo, uid_hi, epoch, kind, mode, timer_s, th_prev, s_uid, s_did, e_pub, newleaf,
                references, log_size, log_root, members, finals)  # fmt: skip
    _check_head(core)
    _check_lists(core)
    return core


def _count(reader: Reader, lowest: int) -> int:
    count = reader.u8()
    require(lowest <= count <= MAX_MEMBERS, "BAD_ENCODING")
    return count


def _read_reference(reader: Reader) -> Reference:
    return Reference(reader.take(ID_BYTES), reader.u32(), reader.take(32))


def _read_member(reader: Reader) -> Member:
    return Member(reader.take(ID_BYTES), reader.take(ID_BYTES), reader.take(32), reader.u32(), reader.u32())


def _check_head(core: Core) -> None:
    require(core.kind in (START, NEXT, RESTART) and (core.epoch == 0) == (core.kind == START), "BAD_ENCODING")
    require(core.mode in (HISTORY, EPHEMERAL) and (core.timer_s >= 1) == (core.mode == EPHEMERAL), "BAD_ENCODING")
    require(core.kind != START or core.th_prev == ZERO32, "BAD_ENCODING")
    lo, hi = core.references
    require(core.uid_lo <= core.uid_hi and (lo.uid, hi.uid) == (core.uid_lo, core.uid_hi), "BAD_ENCODING")
    require(core.uid_lo != core.uid_hi or lo == hi, "BAD_ENCODING")


def _check_lists(core: Core) -> None:
    require(strictly_ascending([member.uid + member.did for member in core.members]), "BAD_ENCODING")
    require(len({member.did for member in core.members}) == len(core.members), "BAD_ENCODING")
    require(strictly_ascending([final.did for final in core.finals]), "BAD_ENCODING")
    require(core.kind == NEXT or not core.finals, "BAD_ENCODING")
    require(all(final.next_counter >= 1 for final in core.finals), "BAD_ENCODING")
    require(all(_entry_is_sound(core, member) for member in core.members), "BAD_ENCODING")


def _entry_is_sound(core: Core, member: Member) -> bool:
    if core.is_sender(member):
        return (member.leaf_pub, member.spk_id, member.opk_id) == (core.newleaf_pub, 0, 0)
    return member.spk_id >= 1 or (core.kind == NEXT and member.opk_id == 0)
