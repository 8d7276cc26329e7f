"""Handing out prekeys: each one-time prekey once, the last ones only to contacts (protocol section 5)."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from accounts.models import User
from chatproject.lib import measures
from keys import throttles
from keys.errors import Refused
from keys.models import Device, Prekey
from keys.services.logbook import now_ms

RESERVE = 10

IsContact = Callable[[UUID, UUID], bool]


@dataclass(frozen=True, slots=True)
class Handout:
    spk: Prekey
    opk: Prekey | None


def hand_out(*, requester: User, uid: UUID, dids: list[UUID], is_contact: IsContact) -> dict[UUID, Handout]:
    """A signed and perhaps a one-time prekey for each of these devices that has a valid signed one; others are absent.

    Refused NOT_FOUND for an unknown person; throttles.TooMany beyond the requester's total.
    """
    own = uid == requester.uid
    if not own:
        throttles.count_request(requester.uid.hex)
    target = User.objects.filter(uid=uid).first()
    if target is None:
        raise Refused("NOT_FOUND")
    keep = _number_kept(requester.uid, uid, is_contact)
    with transaction.atomic():
        devices = target.devices.active().filter(did__in=dids).order_by("did")
        found = {device.did: _of_device(device, keep) for device in devices}
    return {did: handout for did, handout in found.items() if handout}


def _number_kept(requester: UUID, target: UUID, is_contact: IsContact) -> int | None:
    """How many one-time prekeys have to stay for others; None: not even one may be taken."""
    if requester == target:
        return 0
    if not throttles.may_have_one_time(requester.hex, target.hex):
        return None
    return 0 if is_contact(requester, target) else RESERVE


def _of_device(device: Device, keep: int | None) -> Handout | None:
    spk = device.prekeys.signed().unexpired(now_ms()).first()
    if spk is None:
        return None
    return Handout(spk, None if keep is None else _take(device, keep))


def _take(device: Device, keep: int) -> Prekey | None:
    """Use up the oldest one-time prekey when more than `keep` are left.

    All takers go for the same row, and one conditional DELETE decides; who loses looks again. So none is given twice
    and the kept ones stay, on every database.
    """
    while True:
        oldest = list(device.prekeys.one_time().unexpired(now_ms())[: keep + 1])
        if len(oldest) <= keep:
            measures.prekeys_low.add()
            return None
        if Prekey.objects.filter(pk=oldest[0].pk).delete()[0]:
            return oldest[0]
