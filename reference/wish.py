"""When a device proposes an epoch record, and which (section 6, "When to propose"). Questions only."""

from reference.bundle import Bundle
from reference.epochs import OwnDevice
from reference.log import DAY_MS
from reference.record import NEXT, RESTART, START
from reference.talk import Talk

REFRESH_AFTER_MESSAGES = 100
REFRESH_AFTER_MS = DAY_MS
LEAF_LIFE_MS = 7 * DAY_MS
UNREACHED_AGAIN_MS = 60 * 60 * 1000
STARVED_AFTER_MESSAGES = 300
STARVED_AFTER_MS = 3 * DAY_MS
MOST_UNDER_THE_SAME_KEYS = 1000


def kind_to_propose(talk: Talk, device: OwnDevice, bundles: tuple[Bundle, ...], now_ms: int) -> int | None:
    """START, RESTART or NEXT when one is due before the next message, else None; `bundles`: the current ones."""
    if talk.state.epoch < 0:
        return START
    if talk.state.next is None or talk.repair:
        return RESTART
    return NEXT if _has_to_change(talk, bundles, now_ms) or _is_worn(talk, device, now_ms) else None


def can_do_without(talk: Talk, device: OwnDevice, bundles: tuple[Bundle, ...], now_ms: int) -> bool:
    """Only age asks for a record, and the present keys may still seal: a server that takes none stops no message."""
    is_live = talk.state.epoch >= 0 and talk.state.next is not None
    few = _own_messages(talk, device) < MOST_UNDER_THE_SAME_KEYS
    return is_live and few and not _has_to_change(talk, bundles, now_ms)


def is_starved(talk: Talk, device: OwnDevice, now_ms: int) -> bool:
    """Keys are so old that it must be said that they cannot be renewed."""
    is_old = now_ms - talk.record_ms >= STARVED_AFTER_MS
    return is_old or _own_messages(talk, device) >= STARVED_AFTER_MESSAGES


def is_leaf_old(talk: Talk, now_ms: int) -> bool:
    """A record is due without a message, too, for whoever is online."""
    return talk.state.leaf_seed is not None and now_ms - talk.leaf_ms >= LEAF_LIFE_MS


def _has_to_change(talk: Talk, bundles: tuple[Bundle, ...], now_ms: int) -> bool:
    """SETTLE, CHANGE, repair."""
    is_timed_anew = talk.timer_wish not in (None, talk.state.timer_s)
    is_asked_for = talk.repair or is_timed_anew
    return talk.state.leaf_seed is None or is_asked_for or _others_reachable(talk, bundles, now_ms)


def _others_reachable(talk: Talk, bundles: tuple[Bundle, ...], now_ms: int) -> bool:
    """Other devices than the members; whom the last record left out is not asked for again within the hour."""
    listed = {(bundle.core.uid, entry.did) for bundle in bundles for entry in bundle.core.devices}
    same = {reference.bundle_hash for reference in talk.references} == {bundle.hash for bundle in bundles}
    unreached = listed - talk.state.members if same and now_ms - talk.record_ms < UNREACHED_AGAIN_MS else set()
    return listed - unreached != talk.state.members


def _is_worn(talk: Talk, device: OwnDevice, now_ms: int) -> bool:
    """REFRESH."""
    is_old = now_ms - talk.record_ms >= REFRESH_AFTER_MS or is_leaf_old(talk, now_ms)
    return is_old or _own_messages(talk, device) >= REFRESH_AFTER_MESSAGES


def _own_messages(talk: Talk, device: OwnDevice) -> int:
    """Under the present keys."""
    own = talk.chains.get((talk.state.epoch, device.did))
    return 0 if own is None else own.next_counter
