"""Builds an epoch case: the record from the sender's side, then every receiver and every history reader opens it."""

from typing import Any

from reference.bundle import Bundle, parse_bundle
from reference.chain import start_chain
from reference.epochs import Directory, EpochState, OwnDevice, th_of
from reference.history import hwrap_shared as hwrap_shared_of_reader
from reference.history import read_history
from reference.merkle import root
from reference.primitives import sha256, x25519_public
from reference.propose import MadeRecord, SenderSecrets, find_device, hwrap_shared, make_record, wrap_shared
from reference.receive import receive_record
from reference.receive import wrap_shared as wrap_shared_of_receiver
from reference.record import HISTORY, NEXT, WRAP_BYTES, Core, Final, Member, Reference
from reference.schedule import confirm_key, epoch_secret, hwrap_info, wrap_info

Given = dict[str, Any]


def build_epoch(given: Given) -> Given:
    """What `out` of an epoch case must be; raises when a receiver or a reader gets anything else."""
    bundles = [parse_bundle(bytes.fromhex(data)) for data in given["bundles"]]
    sender, core = _sender(given), epoch_core(given, bundles)
    made = make_record(
        core,
        sender=sender,
        bundles=bundles,
        opk_pubs={bytes.fromhex(m["did"]): bytes.fromhex(m["opk_pub"]) for m in given["members"] if m["opk_pub"]},
        newcomers=[bytes.fromhex(member["did"]) for member in given["members"] if member["join"]],
        next_prev=bytes.fromhex(given["salt"]) if core.kind == NEXT else None,
    )
    wraps, hwraps = _wraps(given, made, bundles, sender), _hwraps(made, bundles, sender)
    directory = Directory({b.hash: b for b in bundles}, tuple(bytes.fromhex(leaf) for leaf in given["log_leaves"]))
    _receive_all(given, made, directory, bundles, wraps)
    _read_all(given, made, directory, bundles, hwraps)
    return _out(made, sender, bytes.fromhex(given["salt"]), wraps, hwraps)


def epoch_core(given: Given, bundles: list[Bundle]) -> Core:
    """The core of an epoch case."""
    sender = given["sender"]
    by_uid = {bundle.core.uid: bundle for bundle in bundles}
    uid_lo, uid_hi = bytes.fromhex(given["uid_lo"]), bytes.fromhex(given["uid_hi"])
    assert root([bytes.fromhex(leaf) for leaf in given["log_leaves"]]).hex() == given["log_root"]
    return Core(
        suite=given["suite"],
        cid=bytes.fromhex(given["cid"]),
        uid_lo=uid_lo,
        uid_hi=uid_hi,
        epoch=given["epoch"],
        kind=given["kind"],
        mode=given["mode"],
        timer_s=given["timer_s"],
        th_prev=bytes.fromhex(given["th_prev"]),
        s_uid=bytes.fromhex(sender["uid"]),
        s_did=bytes.fromhex(sender["did"]),
        e_pub=x25519_public(bytes.fromhex(sender["e_seed"])),
        newleaf_pub=x25519_public(bytes.fromhex(sender["newleaf_seed"])),
        references=(_reference(by_uid[uid_lo]), _reference(by_uid[uid_hi])),
        log_size=given["log_size"],
        log_root=bytes.fromhex(given["log_root"]),
        members=tuple(_member(member) for member in given["members"]),
        finals=tuple(Final(bytes.fromhex(final["did"]), final["next_counter"]) for final in given["finals"]),
    )


def _reference(bundle: Bundle) -> Reference:
    return Reference(bundle.core.uid, bundle.core.version, bundle.hash)


def _member(member: Given) -> Member:
    uid, did, leaf = (bytes.fromhex(member[name]) for name in ("uid", "did", "leaf_pub"))
    return Member(uid, did, leaf, member["spk_id"], member["opk_id"])


def _sender(given: Given) -> SenderSecrets:
    return SenderSecrets(
        *(bytes.fromhex(given["sender"][name]) for name in ("dk_seed", "e_seed", "newleaf_seed", "r"))
    )  # fmt: skip


def _wraps(given: Given, made: MadeRecord, bundles: list[Bundle], sender: SenderSecrets) -> list[Given]:
    core, details = made.record.core, {member["did"]: member for member in given["members"]}
    wraps = []
    for index, member in enumerate(core.receivers):
        detail = details[member.did.hex()]
        dk_j, dk_s = find_device(bundles, member.uid, member.did).dk_pub, x25519_public(sender.dk_seed)
        info = wrap_info(core, sha256(made.record.core_bytes), member, dk_j=dk_j, dk_s=dk_s, join=detail["join"])
        opk_pub = bytes.fromhex(detail["opk_pub"]) if detail["opk_pub"] else None
        z = wrap_shared(sender, leaf_pub=member.leaf_pub, dk_pub=dk_j, opk_pub=opk_pub)
        wrap = made.record.wraps[WRAP_BYTES * index : WRAP_BYTES * (index + 1)]
        wraps.append({"did": member.did, "join": detail["join"], "z": z, "info": info, "wrap": wrap})
    return wraps


def _hwraps(made: MadeRecord, bundles: list[Bundle], sender: SenderSecrets) -> list[Given]:
    core, dk_s = made.record.core, x25519_public(sender.dk_seed)
    by_uid = {bundle.core.uid: bundle for bundle in bundles}
    return [
        {
            "uid": uid,
            "z": hwrap_shared(sender, by_uid[uid].core.hk_pub),
            "info": hwrap_info(core, made.th, by_uid[uid], dk_s),
            "hwrap": made.record.hwraps[WRAP_BYTES * index : WRAP_BYTES * (index + 1)],
        }
        for index, uid in enumerate(core.uids if core.mode == HISTORY else ())
    ]


def _receive_all(
    given: Given, made: MadeRecord, directory: Directory, bundles: list[Bundle], wraps: list[Given]
) -> None:
    core, shared = made.record.core, {wrap["did"]: wrap["z"] for wrap in wraps}
    dk_s = find_device(bundles, core.s_uid, core.s_did).dk_pub
    for receiver in given["receivers"]:
        device, state = _receiver(receiver, made)
        own = next(member for member in core.members if member.did == device.did)
        leaf_seed, opk = bytes.fromhex(receiver["leaf_seed"]), device.opks.get(own.opk_id)
        assert wrap_shared_of_receiver(leaf_seed, device.dk_seed, opk, dk_s=dk_s, e_pub=core.e_pub) == shared[own.did]
        received = receive_record(made.record.encode(), device=device, state=state, directory=directory)
        assert (received.record, received.secrets, received.state.th) == (made.record, made.secrets, made.th)


def _receiver(receiver: Given, made: MadeRecord) -> tuple[OwnDevice, EpochState]:
    """A receiver just before this record, as far as a case tells: the leaf table is that of the record."""
    core = made.record.core
    own = next(member for member in core.members if member.did.hex() == receiver["did"])
    leaf_seed = bytes.fromhex(receiver["leaf_seed"])
    opk_seed = bytes.fromhex(receiver["opk_seed"]) if receiver["opk_seed"] else b""
    device = OwnDevice(
        own.uid,
        own.did,
        bytes.fromhex(receiver["dk_seed"]),
        {own.spk_id: leaf_seed} if own.spk_id else {},
        {own.opk_id: opk_seed} if own.opk_id else {},
    )
    next_prev = bytes.fromhex(receiver["next_prev"]) if receiver["next_prev"] else None
    table = {member.did: member.leaf_pub for member in core.receivers if member.spk_id == 0}
    return device, EpochState(
        core.cid,
        core.uid_lo,
        core.uid_hi,
        epoch=core.epoch - 1,
        th=core.th_prev,
        next=next_prev,
        leaf_seed=None if own.spk_id else leaf_seed,
        leafs=None if next_prev is None else table,
        counters={final.did: final.next_counter for final in core.finals},
    )


def _read_all(given: Given, made: MadeRecord, directory: Directory, bundles: list[Bundle], hwraps: list[Given]) -> None:
    core, shared = made.record.core, {hwrap["uid"]: hwrap["z"] for hwrap in hwraps}
    dk_s = find_device(bundles, core.s_uid, core.s_did).dk_pub
    state = EpochState(core.cid, core.uid_lo, core.uid_hi, epoch=core.epoch - 1)
    for reader in given["history"]:
        uid, hk_seed = bytes.fromhex(reader["uid"]), bytes.fromhex(reader["hk_seed"])
        assert hwrap_shared_of_reader(hk_seed, dk_s=dk_s, e_pub=core.e_pub) == shared[uid]
        hk_gen = next(bundle.core.hk_gen for bundle in bundles if bundle.core.uid == uid)
        record, k_msg = read_history(
            made.record.encode(), uid=uid, hk_seeds={hk_gen: hk_seed}, state=state, directory=directory
        )  # fmt: skip
        assert (record, k_msg) == (made.record, made.secrets.k_msg)


def _out(made: MadeRecord, sender: SenderSecrets, salt: bytes, wraps: list[Given], hwraps: list[Given]) -> Given:
    record, k_msg = made.record, made.secrets.k_msg
    assert th_of(record) == made.th
    return {
        "core": record.core_bytes,
        "core_hash": sha256(record.core_bytes),
        "wraps": wraps,
        "th": made.th,
        "s": epoch_secret(sender.r, salt, made.th),
        "k_msg": k_msg,
        "next": made.secrets.next,
        "k_conf": confirm_key(k_msg, made.th),
        "hwraps": hwraps,
        "confirm": record.confirm,
        "record": record.encode(),
        "record_sha256": record.sha256,
        "chains": [
            {"uid": m.uid, "did": m.did, "ck0": start_chain(k_msg, m.uid, m.did).head} for m in record.core.members
        ],
    }
