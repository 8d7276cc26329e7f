"""Making an epoch record: the sender's half of section 6."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from reference.bundle import Bundle, Device
from reference.encoding import ZERO32
from reference.errors import ProtocolError
from reference.primitives import dh, private_key, random_bytes, sha256, x25519_public
from reference.record import HISTORY, NEXT, Core, Member, Record, encode_core, parse_core
from reference.schedule import (
    EpochSecrets,
    confirm_tag,
    derive,
    epoch_secret,
    hwrap_info,
    newcomer_secret,
    seal_wrap,
    transcript_hash,
    wrap_info,
)


@dataclass(frozen=True, slots=True)
class SenderSecrets:
    """What the sender brings: its device key, E, the new leaf L', and r; 32 bytes each."""

    dk_seed: bytes = field(repr=False)
    e_seed: bytes = field(repr=False)
    newleaf_seed: bytes = field(repr=False)
    r: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MadeRecord:
    """A record of one's own with what it gives: TH and the secrets, and the new leaf's private half."""

    record: Record
    th: bytes
    secrets: EpochSecrets
    newleaf_seed: bytes = field(repr=False)


def fresh_secrets(dk_seed: bytes) -> SenderSecrets:
    return SenderSecrets(dk_seed, private_key(), private_key(), random_bytes(32))


def make_record(
    core: Core,
    *,
    sender: SenderSecrets,
    bundles: Sequence[Bundle],
    opk_pubs: Mapping[bytes, bytes],
    newcomers: Collection[bytes] = (),
    next_prev: bytes | None = None,
) -> MadeRecord:
    """The record of `core` with its E and new leaf put in by the caller.

    `bundles`: the referenced ones. `opk_pubs`: did -> one-time prekey, where opk_id != 0. `newcomers`: dids that were
    no member of epoch-1. `next_prev`: next_{e-1}, for NEXT only.
    """
    core_bytes = encode_core(core)
    core = parse_core(core_bytes)
    salt = _salt(core, next_prev)
    wraps = b"".join(
        _wrap(
            core,
            core_bytes,
            member,
            sender,
            bundles,
            opk_pubs.get(member.did),
            salt if member.did in newcomers else None,
        )
        for member in core.receivers
    )
    th = transcript_hash(core.th_prev, sha256(core_bytes), wraps)
    secrets = derive(epoch_secret(sender.r, salt, th), th)
    hwraps = _hwraps(core, th, sender, bundles, secrets.k_msg)
    record = Record(core, core_bytes, wraps, hwraps, confirm_tag(secrets.k_conf, th, hwraps))
    return MadeRecord(record, th, secrets, sender.newleaf_seed)


def wrap_shared(sender: SenderSecrets, *, leaf_pub: bytes, dk_pub: bytes, opk_pub: bytes | None) -> bytes:
    """Z_j, the sender's way."""
    shared = dh(sender.dk_seed, leaf_pub) + dh(sender.e_seed, dk_pub) + dh(sender.e_seed, leaf_pub)
    return shared if opk_pub is None else shared + dh(sender.e_seed, opk_pub)


def hwrap_shared(sender: SenderSecrets, hk_pub: bytes) -> bytes:
    return dh(sender.dk_seed, hk_pub) + dh(sender.e_seed, hk_pub)


def find_device(bundles: Sequence[Bundle], uid: bytes, did: bytes) -> Device:
    """The device of a user in the referenced bundles, or DEVICE_NOT_IN_EPOCH."""
    for bundle in bundles:
        device = bundle.core.device(did) if bundle.core.uid == uid else None
        if device is not None:
            return device
    raise ProtocolError("DEVICE_NOT_IN_EPOCH")


def _salt(core: Core, next_prev: bytes | None) -> bytes:
    if core.kind != NEXT:
        return ZERO32
    if next_prev is None:
        raise ProtocolError("NOT_A_MEMBER")
    return next_prev


def _wrap(
    core: Core,
    core_bytes: bytes,
    member: Member,
    sender: SenderSecrets,
    bundles: Sequence[Bundle],
    opk_pub: bytes | None,
    join_salt: bytes | None,
) -> bytes:
    dk_j = find_device(bundles, member.uid, member.did).dk_pub
    info = wrap_info(
        core, sha256(core_bytes), member, dk_j=dk_j, dk_s=x25519_public(sender.dk_seed), join=join_salt is not None
    )  # fmt: skip
    shared = wrap_shared(sender, leaf_pub=member.leaf_pub, dk_pub=dk_j, opk_pub=opk_pub if member.opk_id else None)
    return seal_wrap(shared, info, sender.r if join_salt is None else newcomer_secret(join_salt, sender.r))


def _hwraps(core: Core, th: bytes, sender: SenderSecrets, bundles: Sequence[Bundle], k_msg: bytes) -> bytes:
    if core.mode != HISTORY:
        return b""
    dk_s = x25519_public(sender.dk_seed)
    by_uid = {bundle.core.uid: bundle for bundle in bundles}
    return b"".join(
        seal_wrap(hwrap_shared(sender, by_uid[uid].core.hk_pub), hwrap_info(core, th, by_uid[uid], dk_s), k_msg)
        for uid in core.uids
    )
