"""One conversation at one device: what it holds, what it proposes, how events change it (sections 6, 7, 12).

No network here: `client.py` brings events in and carries records and envelopes out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reference.board import Board
from reference.bundle import Bundle
from reference.chain import Chain, forget_old
from reference.encoding import ZERO32
from reference.envelope import Epoch, Opened, open_message, start_chains
from reference.epochs import (
    Directory,
    EpochState,
    OwnDevice,
    after_foreign_record,
    after_own_record,
    after_refused_record,
    th_of,
)
from reference.errors import ProtocolError
from reference.history import look_on
from reference.merkle import root
from reference.notary import DevicePrekeys
from reference.primitives import x25519_public
from reference.propose import MadeRecord, SenderSecrets, find_device, fresh_secrets, make_record
from reference.receive import Received, receive_record
from reference.record import (
    EPHEMERAL,
    HISTORY,
    NEXT,
    START,
    Core,
    Final,
    Member,
    Record,
    Reference,
    parse_record,
)


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a record: codes for the person, and the one-time prekey to delete (0: none)."""

    notices: tuple[str, ...] = ()
    used_opk: int = 0


@dataclass(slots=True)
class Talk:
    """`cursor`: the last sequence applied, `tail`: the hash of what stands there.

    `pending`: a record of one's own that is not yet known to be in.
    `epochs` and `chains`: of the present epoch alone. `timer_wish`: the seconds that the person chose (0: messages
    stay), until a record brings them. `missing`: (epoch, did) -> how many were jumped over until that epoch ended.
    `uncounted`: (uid, did) -> what arrived without gap in the epoch before, where the record that ended it says less.
    `starved`: said of the present epoch that its keys cannot be renewed. `is_skewed`: what came last bore another time.
    `repair`: the person chose to begin anew, until a record of one's own does so.
    `references`, `record_ms`: the bundles of the last record that counts, and the own clock when it came; `leaf_ms`:
    when the own leaf was made.
    """

    state: EpochState
    cursor: int = 0
    tail: bytes = b""
    epochs: dict[int, Epoch] = field(default_factory=dict)
    chains: dict[tuple[int, bytes], Chain] = field(default_factory=dict)
    pending: MadeRecord | None = None
    timer_wish: int | None = None
    missing: dict[tuple[int, bytes], int] = field(default_factory=dict)
    uncounted: dict[tuple[bytes, bytes], int] = field(default_factory=dict)
    starved: bool = False
    is_skewed: bool = False
    repair: bool = False
    references: tuple[Reference, ...] = ()
    record_ms: int = 0
    leaf_ms: int = 0
    board: Board = field(default_factory=Board)

    @property
    def uids(self) -> tuple[bytes, ...]:
        return tuple(dict.fromkeys((self.state.uid_lo, self.state.uid_hi)))

    def progress(self) -> dict[bytes, int]:
        """did -> messages received without gap in the current epoch; devices that sent nothing are left out."""
        return self.arrived(self.state.epoch)

    def arrived(self, epoch: int) -> dict[bytes, int]:
        counts = {did: chain.without_gap for (number, did), chain in self.chains.items() if number == epoch}
        return {did: count for did, count in counts.items() if count}

    def owed(self, device: OwnDevice) -> dict[bytes, int]:
        """What `ack_before` says: of the other person's devices, with oneself of one's own others."""
        peer = self.state.uid_hi if device.uid == self.state.uid_lo else self.state.uid_lo
        return {did: count for (uid, did), count in self.uncounted.items() if uid == peer and did != device.did}


def needs_prekey(talk: Talk, kind: int, device: OwnDevice, bundle: Bundle) -> list[bytes]:
    """The devices of a bundle whose leaf this device does not know: all others, but for a NEXT."""
    known = (talk.state.leafs or {}) if kind == NEXT else {}
    return [entry.did for entry in bundle.core.devices if entry.did not in known and entry.did != device.did]


def propose(
    talk: Talk,
    kind: int,
    device: OwnDevice,
    bundles: tuple[Bundle, ...],
    leaves: tuple[bytes, ...],
    prekeys: Mapping[bytes, DevicePrekeys],
) -> MadeRecord:
    """A record of one's own in the mode that the two have or the person chose; `pending` before it is posted."""
    find_device(bundles, device.uid, device.did)  # who is not listed any more proposes nothing
    sender = fresh_secrets(device.dk_seed)
    core = _core(talk, kind, device, bundles, leaves, prekeys, sender)
    opks = {did: handed.opk.pub for did, handed in prekeys.items() if handed.opk is not None}
    newcomers = [m.did for m in core.receivers if kind == NEXT and (m.uid, m.did) not in talk.state.members]
    talk.pending = make_record(
        core, sender=sender, bundles=bundles, opk_pubs=opks, newcomers=newcomers, next_prev=talk.state.next
    )  # fmt: skip
    return talk.pending


def adopt(talk: Talk, now_ms: int) -> None:
    """The pending record is in: it becomes the state."""
    if talk.pending is None:
        raise ProtocolError("SELF_FORGED")
    talk.state = after_own_record(talk.state, talk.pending)
    enter(talk, talk.pending.record, talk.pending.secrets.k_msg)
    talk.references, talk.record_ms, talk.leaf_ms = talk.pending.record.core.references, now_ms, now_ms
    talk.pending, talk.repair = None, False


def apply_record(
    talk: Talk, data: bytes, *, device: OwnDevice, hk_seeds: dict[int, bytes], directory: Directory, now_ms: int
) -> Applied:
    """A record that the server ordered next: one's own, of others, or only readable, or not for this device."""
    if talk.pending is not None and talk.pending.record.encode() == data:
        adopt(talk, now_ms)
        return Applied()
    talk.pending = None
    talk.state = replace(talk.state, counters=talk.progress())
    try:
        received = _receive(talk, data, device, directory)
    except ProtocolError as error:
        if error.code not in ("NOT_A_MEMBER", "PREKEY_UNKNOWN"):
            raise
        return _look_on(talk, data, device.uid, hk_seeds, directory)
    talk.state = received.state
    enter(talk, received.record, received.secrets.k_msg)
    talk.references, talk.record_ms = received.record.core.references, now_ms
    return Applied(received.notices, received.used_opk)


def apply_message(talk: Talk, data: bytes, sender: tuple[bytes, bytes], now_ms: int) -> Opened:
    """Open an envelope and advance its chain; nothing changes when it is refused."""
    opened = open_message(
        data, cid=talk.state.cid, sender=sender, epochs=talk.epochs, chains=talk.chains, now_ms=now_ms
    )
    talk.chains[(opened.header.epoch, opened.header.did)] = opened.chain
    return opened


def forget_late(talk: Talk, now_ms: int) -> None:
    """Who did not come in fourteen days comes too late (section 7)."""
    talk.chains = {key: forget_old(chain, now_ms) for key, chain in talk.chains.items()}


def enter(talk: Talk, record: Record, k_msg: bytes) -> None:
    """An epoch can be read from now on: its members and their chains. Those before it have ended."""
    talk.uncounted = _uncounted(talk, record.core)
    _end_epochs(talk)
    members = frozenset((member.uid, member.did) for member in record.core.members)
    talk.timer_wish = None if talk.timer_wish == record.core.timer_s else talk.timer_wish
    talk.epochs[record.core.epoch] = Epoch(th_of(record), members)
    talk.chains |= start_chains(k_msg, record.core.epoch, members)


def stay_outside(talk: Talk, record: Record) -> None:
    """NOT_A_MEMBER: an epoch that stays closed. Those before it have ended all the same."""
    talk.state = after_foreign_record(talk.state, record)
    talk.uncounted = {}
    _end_epochs(talk)


def count_refused(talk: Talk, data: bytes) -> None:
    """A refused record that bears the next number, or none that can be read, is counted by the server (section 6).

    Epochs and chains stay for reading until a record counts.
    """
    try:
        epoch = parse_record(data).core.epoch
    except ProtocolError:
        epoch = talk.state.epoch + 1
    if epoch == talk.state.epoch + 1:
        talk.state = after_refused_record(talk.state)


def _receive(talk: Talk, data: bytes, device: OwnDevice, directory: Directory) -> Received:
    """All events before the record were applied, so there is nothing left to fetch of what it counts (step 11)."""
    try:
        return receive_record(data, device=device, state=talk.state, directory=directory)
    except ProtocolError as error:
        if error.code != "MESSAGES_WITHHELD":
            raise
    return receive_record(data, device=device, state=talk.state, directory=directory, withheld_is_notice=True)


def _uncounted(talk: Talk, core: Core) -> dict[tuple[bytes, bytes], int]:
    """What was under way together with the record that ends its epoch."""
    ended = talk.epochs.get(core.epoch - 1)
    if core.kind != NEXT or ended is None:
        return {}
    counted, arrived = {final.did: final.next_counter for final in core.finals}, talk.arrived(core.epoch - 1)
    more = {did for did, count in arrived.items() if count > counted.get(did, 0)}
    return {(uid, did): arrived[did] for uid, did in ended.members if did in more}


def _look_on(talk: Talk, data: bytes, uid: bytes, hk_seeds: dict[int, bytes], directory: Directory) -> Applied:
    """OUTSIDE: with an hwrap the epoch can be read, without it only followed. One that is forged is told."""
    record, k_msg, code = look_on(data, uid=uid, hk_seeds=hk_seeds, state=talk.state, directory=directory)
    if k_msg is None:
        stay_outside(talk, record)
    else:
        talk.state = after_foreign_record(talk.state, record)
        enter(talk, record, k_msg)
    return Applied() if code is None or code == "NOT_A_MEMBER" else Applied((code,))


def _end_epochs(talk: Talk) -> None:
    """A message of an epoch that a record which counts has ended is refused (section 7), whatever its mode."""
    talk.missing |= {key: len(chain.skipped) for key, chain in talk.chains.items() if chain.skipped}
    talk.epochs, talk.chains, talk.starved = {}, {}, False


def _core(
    talk: Talk,
    kind: int,
    device: OwnDevice,
    bundles: tuple[Bundle, ...],
    leaves: tuple[bytes, ...],
    prekeys: Mapping[bytes, DevicePrekeys],
    sender: SenderSecrets,
) -> Core:
    state, newleaf = talk.state, x25519_public(sender.newleaf_seed)
    references = {bundle.core.uid: Reference(bundle.core.uid, bundle.core.version, bundle.hash) for bundle in bundles}
    own = Member(device.uid, device.did, newleaf, 0, 0)
    finals = talk.progress() if kind == NEXT else {}
    timer_s = state.timer_s if talk.timer_wish is None else talk.timer_wish
    return Core(
        suite=1,
        cid=state.cid,
        uid_lo=state.uid_lo,
        uid_hi=state.uid_hi,
        epoch=state.epoch + 1,
        kind=kind,
        mode=EPHEMERAL if timer_s else HISTORY,
        timer_s=timer_s,
        th_prev=ZERO32 if kind == START else state.th,
        s_uid=device.uid,
        s_did=device.did,
        e_pub=x25519_public(sender.e_seed),
        newleaf_pub=newleaf,
        references=(references[state.uid_lo], references[state.uid_hi]),
        log_size=len(leaves),
        log_root=root(leaves),
        members=(own, *_others(talk, kind, device, bundles, prekeys)),
        finals=tuple(Final(did, count) for did, count in finals.items()),
    )


def _others(
    talk: Talk, kind: int, device: OwnDevice, bundles: tuple[Bundle, ...], prekeys: Mapping[bytes, DevicePrekeys]
) -> list[Member]:
    """Every other reachable device: by its leaf in a NEXT, else by its prekeys."""
    known, others = (talk.state.leafs or {}) if kind == NEXT else {}, []
    for bundle in bundles:
        for entry in bundle.core.devices:
            handed = prekeys.get(entry.did)
            if entry.did in known and entry.did != device.did:
                others.append(Member(bundle.core.uid, entry.did, known[entry.did], 0, 0))
            elif handed is not None:
                opk_id = handed.opk.key_id if handed.opk else 0
                others.append(Member(bundle.core.uid, entry.did, handed.spk.pub, handed.spk.key_id, opk_id))
    return others
