"""Taking in prekeys from their device (protocol section 5)."""

from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import F

from keys import formats
from keys.errors import Refused
from keys.models import Device, Prekey
from keys.services.logbook import now_ms

MAX_STORED_OPKS = 200


@dataclass(frozen=True, slots=True)
class SignedPrekey:
    """A well-formed prekey with its bytes as they came; its signature is judged when it is stored."""

    parsed: formats.Prekey
    blob: bytes = field(repr=False)
    sig: bytes = field(repr=False)

    @classmethod
    def read(cls, blob: bytes, sig: bytes) -> "SignedPrekey":
        """Refused BAD_ENCODING."""
        return cls(formats.parse_prekey(blob), blob, sig)


@dataclass(frozen=True, slots=True)
class PrekeyState:
    """What a device has in store; ids are 0 where there is none."""

    opk_left: int
    opk_max_id: int
    spk_id: int
    spk_not_after_ms: int


def store_prekeys(*, device: Device, prekeys: list[SignedPrekey]) -> PrekeyState:
    """Add a device's own prekeys. Ids that are not above the highest ever taken in are left alone, so that a repeated
    request does no harm. Refused with the code of the first check that fails; nothing is stored then.
    """
    with transaction.atomic():
        put_prekeys(device, prekeys)
    return prekey_state(device=device)


def prekey_state(*, device: Device) -> PrekeyState:
    spk = device.prekeys.signed().first()
    opk_max_id = Device.objects.values_list("opk_max_id", flat=True).get(pk=device.pk)
    number, not_after_ms = (spk.prekey_id, spk.not_after_ms) if spk else (0, 0)
    opk_left = device.prekeys.one_time().unexpired(now_ms()).count()  # as many as can be handed out
    return PrekeyState(opk_left, opk_max_id, number, not_after_ms)


def put_prekeys(device: Device, prekeys: list[SignedPrekey]) -> None:
    """The same inside a transaction of the caller."""
    own_row = Device.objects.active().filter(pk=device.pk)
    if not own_row.update(opk_max_id=F("opk_max_id")):  # locks the row
        raise Refused("NOT_FOUND")
    for signed in prekeys:
        _check(device, signed)
    _put_spk(device, [signed for signed in prekeys if signed.parsed.kind == formats.SPK])
    _put_opks(device, [signed for signed in prekeys if signed.parsed.kind == formats.OPK])


def _check(device: Device, signed: SignedPrekey) -> None:
    asked = {"uid": device.owner_id.bytes, "did": device.did.bytes, "ds_pub": bytes(device.ds_pub)}
    formats.check_prekey(signed.parsed, sig=signed.sig, now_ms=now_ms(), **asked)


def _put_spk(device: Device, prekeys: list[SignedPrekey]) -> None:
    """Only the newest signed prekey is kept."""
    if not prekeys:
        return
    newest = max(prekeys, key=lambda signed: signed.parsed.id)
    if device.prekeys.signed().filter(prekey_id__gte=newest.parsed.id).exists():
        return
    device.prekeys.signed().delete()
    _row(device, newest).save(force_insert=True)


def _put_opks(device: Device, prekeys: list[SignedPrekey]) -> None:
    highest = Device.objects.values_list("opk_max_id", flat=True).get(pk=device.pk)
    fresh = {signed.parsed.id: signed for signed in prekeys if signed.parsed.id > highest}
    if not fresh:
        return
    device.prekeys.one_time().filter(not_after_ms__lt=now_ms()).order_by().delete()  # handed out no more
    if device.prekeys.one_time().count() + len(fresh) > MAX_STORED_OPKS:
        raise Refused("TOO_MANY")
    Prekey.objects.bulk_create(_row(device, signed) for signed in fresh.values())
    Device.objects.filter(pk=device.pk).update(opk_max_id=max(fresh))


def _row(device: Device, signed: SignedPrekey) -> Prekey:
    not_after_ms = min(signed.parsed.not_after_ms, Device.MAX_MS)
    kept = {"kind": signed.parsed.kind, "prekey_id": signed.parsed.id, "not_after_ms": not_after_ms}
    return Prekey(device=device, blob=signed.blob, sig=signed.sig, **kept)
