"""The history reader: with the vault open, K_msg of an epoch from its hwrap, without live state (section 6)."""

from typing import NamedTuple

from reference.bundle import Bundle
from reference.epochs import Directory, EpochState, th_of
from reference.errors import ProtocolError, require
from reference.primitives import dh, x25519_public
from reference.propose import find_device
from reference.receive import check_confirm, check_keys, check_log, check_members, check_place, referenced_bundles
from reference.record import HISTORY, WRAP_BYTES, Record, parse_record
from reference.schedule import confirm_key, hwrap_info, open_wrap

# An hwrap that is not there or not for the keys held, does not open, or holds another key than the record confirms.
CLOSED = frozenset({"NOT_A_MEMBER", "BAD_TAG", "BAD_CONFIRM"})


class Seen(NamedTuple):
    """A record that lets this device in not, and counts.

    `k_msg` opens its epoch; None: `code` says why it stays closed.
    """

    record: Record
    k_msg: bytes | None
    code: str | None


def read_history(
    data: bytes, *, uid: bytes, hk_seeds: dict[int, bytes], state: EpochState, directory: Directory
) -> tuple[Record, bytes]:
    """The record and its K_msg, by steps 1-3, 5-7, 9 and 10; `hk_seeds`: hk_gen -> private history key.

    NOT_A_MEMBER when there is no hwrap for this user or no history key of that generation.
    """
    record = parse_record(data)
    check_place(record, state)
    bundles = referenced_bundles(record.core, directory)
    check_members(record.core, bundles)
    check_keys(record.core)
    k_msg = _open_hwrap(record, uid, hk_seeds, bundles)
    check_confirm(record, confirm_key(k_msg, th_of(record)))
    check_log(record.core, directory)
    return record, k_msg


def look_on(data: bytes, *, uid: bytes, hk_seeds: dict[int, bytes], state: EpochState, directory: Directory) -> Seen:
    """A record that lets this device in not: read by its hwrap, or followed only, by step 10 in either case.

    No member can look into an hwrap, so what stands in it decides nothing about whether the record counts.
    """
    try:
        return Seen(*read_history(data, uid=uid, hk_seeds=hk_seeds, state=state, directory=directory), None)
    except ProtocolError as error:
        if error.code not in CLOSED:
            raise
        code = error.code
    record = parse_record(data)
    check_log(record.core, directory)
    return Seen(record, None, code)


def hwrap_shared(hk_seed: bytes, *, dk_s: bytes, e_pub: bytes) -> bytes:
    """The reader's way to DH(DK_s, HK) || DH(E, HK)."""
    return dh(hk_seed, dk_s) + dh(hk_seed, e_pub)


def _open_hwrap(record: Record, uid: bytes, hk_seeds: dict[int, bytes], bundles: tuple[Bundle, ...]) -> bytes:
    core = record.core
    require(core.mode == HISTORY and uid in core.uids, "NOT_A_MEMBER")
    bundle = bundles[core.uids.index(uid)]
    seed = hk_seeds.get(bundle.core.hk_gen)
    if seed is None or x25519_public(seed) != bundle.core.hk_pub:
        raise ProtocolError("NOT_A_MEMBER")
    dk_s = find_device(bundles, core.s_uid, core.s_did).dk_pub
    at = WRAP_BYTES * core.uids.index(uid)
    shared = hwrap_shared(seed, dk_s=dk_s, e_pub=core.e_pub)
    return open_wrap(shared, hwrap_info(core, th_of(record), bundle, dk_s), record.hwraps[at : at + WRAP_BYTES])
