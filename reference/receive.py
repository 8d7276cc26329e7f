"""Receiving an epoch record: the checks of section 6, in its order; nothing changes on failure."""

from dataclasses import dataclass, field

from reference.bundle import Bundle
from reference.encoding import ZERO32
from reference.epochs import Directory, EpochState, OwnDevice, after_received_record, th_of
from reference.errors import ProtocolError, require
from reference.log import check_usable
from reference.merkle import root
from reference.primitives import check_x25519, dh, equal, sha256, x25519_public
from reference.propose import find_device
from reference.record import NEXT, RESTART, WRAP_BYTES, Core, Member, Record, Reference, parse_record
from reference.schedule import (
    EpochSecrets,
    confirm_tag,
    derive,
    epoch_secret,
    epoch_secret_of_newcomer,
    open_wrap,
    wrap_info,
)


@dataclass(frozen=True, slots=True)
class Received:
    """A record that was believed: the new state, its secrets, the one-time prekey to delete (0: none), notices."""

    record: Record
    state: EpochState
    secrets: EpochSecrets = field(repr=False)
    used_opk: int
    notices: tuple[str, ...]


def receive_record(
    data: bytes, *, device: OwnDevice, state: EpochState, directory: Directory, withheld_is_notice: bool = False
) -> Received:
    """Judge and open a record of another device. Errors: steps 1 to 11 of section 6.

    `withheld_is_notice`: what the finals count was fetched in vain, and the record is processed all the same.
    """
    record = parse_record(data)
    core = record.core
    check_place(record, state)
    require(core.kind != NEXT or core.th_prev == state.th, "EPOCH_FORK")
    bundles = referenced_bundles(core, directory)
    check_members(core, bundles)
    require((core.s_uid, core.s_did) != (device.uid, device.did), "SELF_FORGED")
    _check_leaf_table(core, state)
    own = next((member for member in core.members if (member.uid, member.did) == (device.uid, device.did)), None)
    leaf_seed = None if own is None else _own_leaf_seed(own, device, state)
    check_keys(core)
    if own is None or leaf_seed is None:
        raise ProtocolError("NOT_A_MEMBER")
    secrets = _open(record, own, leaf_seed, device, state, bundles)
    check_confirm(record, secrets.k_conf)
    check_log(core, directory)
    withheld = _withheld(core, state)
    require(withheld_is_notice or not withheld, "MESSAGES_WITHHELD")
    notices = ("MESSAGES_WITHHELD",) * withheld + _notices(core, state)
    return Received(record, after_received_record(state, record, secrets), secrets, own.opk_id, notices)


def check_place(record: Record, state: EpochState) -> None:
    """Steps 2 and 3: this conversation, and the epoch that comes next."""
    core = record.core
    here = (state.cid, state.uid_lo, state.uid_hi)
    require((core.cid, core.uid_lo, core.uid_hi) == here, "WRONG_CONVERSATION")
    if core.epoch <= state.epoch:
        raise ProtocolError("DUPLICATE" if state.records.get(core.epoch) == record.sha256 else "EPOCH_ROLLBACK")
    require(core.epoch == state.epoch + 1, "EPOCH_GAP")


def referenced_bundles(core: Core, directory: Directory) -> tuple[Bundle, ...]:
    """Step 5: both references stand in the log at the record's size and none is older than the newest there."""
    leaves = directory.leaves[: core.log_size]
    return tuple(_referenced(reference, directory, leaves) for reference in dict.fromkeys(core.references))


def check_members(core: Core, bundles: tuple[Bundle, ...]) -> None:
    """Step 6, first part: members subset of the bundles' devices, the sender among them, one device of each user."""
    for member in core.members:
        find_device(bundles, member.uid, member.did)
    require(any(core.is_sender(member) for member in core.members), "DEVICE_NOT_IN_EPOCH")
    require({member.uid for member in core.members} == set(core.uids), "DEVICE_NOT_IN_EPOCH")


def check_keys(core: Core) -> None:
    """Step 7."""
    for public in (core.e_pub, core.newleaf_pub, *(member.leaf_pub for member in core.members)):
        check_x25519(public)


def check_confirm(record: Record, k_conf: bytes) -> None:
    """Step 9."""
    require(equal(record.confirm, confirm_tag(k_conf, th_of(record), record.hwraps)), "BAD_CONFIRM")


def check_log(core: Core, directory: Directory) -> None:
    """Step 10: the caller has fetched the log up to the record's size."""
    require(core.log_size <= len(directory.leaves), "LOG_SPLIT_VIEW")
    require(core.log_root == root(directory.leaves[: core.log_size]), "LOG_SPLIT_VIEW")


def wrap_shared(own_leaf: bytes, own_dk: bytes, own_opk: bytes | None, *, dk_s: bytes, e_pub: bytes) -> bytes:
    """Z_j, the receiver's way."""
    shared = dh(own_leaf, dk_s) + dh(own_dk, e_pub) + dh(own_leaf, e_pub)
    return shared if own_opk is None else shared + dh(own_opk, e_pub)


def _referenced(reference: Reference, directory: Directory, leaves: tuple[bytes, ...]) -> Bundle:
    bundle = directory.bundles.get(reference.bundle_hash)
    if bundle is None or (bundle.core.uid, bundle.core.version) != (reference.uid, reference.version):
        raise ProtocolError("BUNDLE_NOT_IN_LOG")
    check_usable(bundle, leaves)
    return bundle


def _check_leaf_table(core: Core, state: EpochState) -> None:
    """Step 6, NEXT: the leaf that I know, a prekey if I know none; a newcomer has no table to compare."""
    if core.kind != NEXT or state.leafs is None:
        return
    for member in core.receivers:
        known = state.leafs.get(member.did)
        fits = member.spk_id >= 1 if known is None else (member.spk_id == 0 and member.leaf_pub == known)
        require(fits, "LEAF_MISMATCH")


def _own_leaf_seed(own: Member, device: OwnDevice, state: EpochState) -> bytes:
    """Step 6, my own entry: PREKEY_UNKNOWN for ids that are not mine, LEAF_MISMATCH for a leaf that is not."""
    require(own.spk_id == 0 or own.spk_id in device.spks, "PREKEY_UNKNOWN")
    require(own.opk_id == 0 or own.opk_id in device.opks, "PREKEY_UNKNOWN")
    seed = device.spks[own.spk_id] if own.spk_id else state.leaf_seed
    if seed is None or x25519_public(seed) != own.leaf_pub:
        raise ProtocolError("LEAF_MISMATCH")
    return seed


def _open(
    record: Record, own: Member, leaf_seed: bytes, device: OwnDevice, state: EpochState, bundles: tuple[Bundle, ...]
) -> EpochSecrets:
    """Step 8: the own wrap, as "join" in a NEXT when this device holds no next_{e-1}."""
    core, th = record.core, th_of(record)
    join = core.kind == NEXT and state.next is None
    dk_s = find_device(bundles, core.s_uid, core.s_did).dk_pub
    info = wrap_info(
        core, sha256(record.core_bytes), own, dk_j=x25519_public(device.dk_seed), dk_s=dk_s, join=join
    )  # fmt: skip
    opk_seed = device.opks[own.opk_id] if own.opk_id else None
    shared = wrap_shared(leaf_seed, device.dk_seed, opk_seed, dk_s=dk_s, e_pub=core.e_pub)
    at = WRAP_BYTES * core.receivers.index(own)
    x = open_wrap(shared, info, record.wraps[at : at + WRAP_BYTES])
    if join:
        return derive(epoch_secret_of_newcomer(x, th), th)
    return derive(epoch_secret(x, _salt(core, state), th), th)


def _salt(core: Core, state: EpochState) -> bytes:
    return state.next if core.kind == NEXT and state.next is not None else ZERO32


def _withheld(core: Core, state: EpochState) -> bool:
    """Step 11; a newcomer could not open what came before and has nothing to compare."""
    counted = state.next is not None
    return counted and any(final.next_counter > state.counters.get(final.did, 0) for final in core.finals)


def _notices(core: Core, state: EpochState) -> tuple[str, ...]:
    notices = []
    if core.kind == RESTART:
        notices.append("RESTART_SUSPECT" if (core.s_uid, core.s_did) in state.members else "DEVICE_ADDED")
    if state.epoch >= 0 and (core.mode, core.timer_s) != (state.mode, state.timer_s):
        notices.append("MODE_CHANGED")
    return tuple(notices)
