"""What a device knows of a conversation's epochs, and how a record that was believed changes it (sections 6 and 12)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reference.bundle import Bundle
from reference.encoding import ZERO32
from reference.primitives import sha256
from reference.propose import MadeRecord
from reference.record import HISTORY, NEXT, Core, Record
from reference.schedule import EpochSecrets, transcript_hash


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """This device's private halves; prekeys by id."""

    uid: bytes
    did: bytes
    dk_seed: bytes = field(repr=False)
    spks: Mapping[int, bytes] = field(repr=False)
    opks: Mapping[int, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Directory:
    """Verified bundles by hash, all versions known, and the whole own log."""

    bundles: Mapping[bytes, Bundle]
    leaves: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class EpochState:
    """A conversation as its last record left it.

    `epoch` -1: no record yet. `next` None: no live state (nothing yet, or outside). `leafs`: did -> leaf, None without
    live state. `leaf_seed`: the private half of the own leaf, None while the own entry carries a prekey. `records`:
    epoch -> SHA-256 of the record. `counters`: did -> messages received without gap in this epoch. `mode`,
    `timer_s`: of this epoch, and of the next record as long as nobody changes them.
    """

    cid: bytes
    uid_lo: bytes
    uid_hi: bytes
    epoch: int = -1
    th: bytes = ZERO32
    next: bytes | None = field(default=None, repr=False)
    leaf_seed: bytes | None = field(default=None, repr=False)
    leafs: Mapping[bytes, bytes] | None = None
    records: Mapping[int, bytes] = field(default_factory=dict)
    members: frozenset[tuple[bytes, bytes]] = frozenset()
    counters: Mapping[bytes, int] = field(default_factory=dict)
    mode: int = HISTORY
    timer_s: int = 0


def th_of(record: Record) -> bytes:
    """TH_e, computable by anyone who holds the record."""
    return transcript_hash(record.core.th_prev, sha256(record.core_bytes), record.wraps)


def after_own_record(state: EpochState, made: MadeRecord) -> EpochState:
    """The state once the server has accepted a record of one's own: new leaf, old `next` gone."""
    after = _advanced(state, made.record, leafs=_grown_table(state, made.record.core))
    return replace(after, next=made.secrets.next, leaf_seed=made.newleaf_seed)


def after_received_record(state: EpochState, record: Record, secrets: EpochSecrets) -> EpochState:
    """The state after a record of another device that opened."""
    keeps_leaf = record.core.kind == NEXT and state.next is not None
    after = _advanced(state, record, leafs=_grown_table(state, record.core))
    return replace(after, next=secrets.next, leaf_seed=state.leaf_seed if keeps_leaf else None)


def after_foreign_record(state: EpochState, record: Record) -> EpochState:
    """OUTSIDE: the record is in place but not for this device; only what is public moves on."""
    return replace(_advanced(state, record, leafs=None), next=None, leaf_seed=None)


def after_refused_record(state: EpochState) -> EpochState:
    """A record that the server counts and nobody should believe: nothing of it but its number; no live state."""
    return replace(state, epoch=state.epoch + 1, next=None, leafs=None, leaf_seed=None)


def _advanced(state: EpochState, record: Record, *, leafs: Mapping[bytes, bytes] | None) -> EpochState:
    core = record.core
    return replace(
        state,
        epoch=core.epoch,
        th=th_of(record),
        leafs=leafs,
        records={**state.records, core.epoch: record.sha256},
        members=frozenset((member.uid, member.did) for member in core.members),
        counters={},
        mode=core.mode,
        timer_s=core.timer_s,
    )


def _grown_table(state: EpochState, core: Core) -> dict[bytes, bytes]:
    if core.kind != NEXT:
        return {core.s_did: core.newleaf_pub}
    if state.leafs is None:
        return {member.did: member.leaf_pub for member in core.members if member.spk_id == 0}
    return {**state.leafs, core.s_did: core.newleaf_pub}
