"""A device's prekeys over time: the pool refilled, the signed one renewed, private halves deleted (section 5)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reference.keyring import OPK_POOL, SPK_LIFE_MS, Keyring
from reference.log import DAY_MS
from reference.primitives import private_key

SPK_EVERY_MS = 7 * DAY_MS
SPK_KEPT_MS = 30 * DAY_MS  # after its not_after
SPK_AGAIN_MS = 60 * 60 * 1000  # a server that forgets it gets no other within the hour
OPK_REFILL_BELOW = 20
OPKS_KEPT_MOST = 1000  # a server that always asks for more gets no more


@dataclass(frozen=True, slots=True)
class Left:
    """What the server says that it can hand out of a device."""

    opks: int
    spk_not_after_ms: int


def parse_left(answer: Mapping[str, object]) -> Left:
    """ValueError or LookupError when it is none."""
    opks, until = answer["opk_left"], answer["spk_not_after_ms"]
    if type(opks) is not int or type(until) is not int or opks < 0:
        raise ValueError("not as the contract says")
    return Left(opks, until)


def renewed(keyring: Keyring, left: Left, now_ms: int) -> Keyring:
    """With the prekeys that are due beside those that it has."""
    device, spk_until = keyring.device, dict(keyring.spk_until)
    spks, opks = dict(device.spks), dict(device.opks)
    if _is_spk_due(keyring, left, now_ms):
        key_id = max(spk_until) + 1
        spks[key_id], spk_until[key_id] = private_key(), now_ms + SPK_LIFE_MS
    wanted = OPK_POOL - left.opks if left.opks < OPK_REFILL_BELOW else 0
    end = keyring.next_opk + max(0, min(wanted, OPKS_KEPT_MOST - len(opks)))
    opks |= {key_id: private_key() for key_id in range(keyring.next_opk, end)}
    return replace(keyring, device=replace(device, spks=spks, opks=opks), spk_until=spk_until, next_opk=end)


def without_over(keyring: Keyring, now_ms: int) -> Keyring:
    """Without the signed prekeys whose time is over; for whoever has processed what may have been sealed to them."""
    device, until = keyring.device, keyring.spk_until
    spks = {key_id: seed for key_id, seed in device.spks.items() if now_ms <= until[key_id] + SPK_KEPT_MS}
    return replace(keyring, device=replace(device, spks=spks))


def _is_spk_due(keyring: Keyring, left: Left, now_ms: int) -> bool:
    """The server's is a week old, and the newest was not made just now."""
    newest = max(keyring.spk_until.values()) - SPK_LIFE_MS
    return now_ms >= left.spk_not_after_ms - SPK_LIFE_MS + SPK_EVERY_MS and now_ms >= newest + SPK_AGAIN_MS
