"""Whose device is it: reads of devices and bundles, and the binding of a web session to a device.

The session proof is that of protocol section 11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F

from accounts.models import User
from chatproject.lib.anyof import AnyOf
from chatproject.lib.unchanged import Fetch, fetch
from keys import bundles, curves, formats
from keys.errors import Refused
from keys.models import Bundle, Device

SESSION_KEY = "did"
BUNDLE_PAGE = 50


@dataclass(frozen=True, slots=True)
class BundlePage:
    blobs: list[bytes]
    current: int


def device_of(user: User, did: UUID) -> Device | None:
    """The person's own device, unless it was removed."""
    return user.devices.active().filter(did=did).first()


def browser_kinds(user: User) -> dict[UUID, str]:
    """What the person's browsers said they were when they came, such as "Firefox, Linux"; empty: neither recognised."""
    return dict(user.devices.active().values_list("did", "browser"))


def bound_device(session: Mapping[str, Any], user: User) -> Device | None:
    """The device that this web session has proved, while it is the person's and not removed."""
    did = _proved_did(session)
    return device_of(user, did) if did else None


def bound_devices(sessions: Mapping[str, tuple[Mapping[str, Any], UUID]], fetch: Fetch = fetch) -> dict[str, UUID]:
    """Many at once, in one statement: of sessions and their people's uids, by the session's key, the did that
    `bound_device` would say. It lacks those without one.
    """
    proved = {key: did for key, (session, _uid) in sessions.items() if (did := _proved_did(session))}
    devices = Device.objects.active().filter(AnyOf(F("did"), proved.values())).values_list("did", "owner")
    owners: dict[UUID, UUID] = dict(fetch(devices.all))
    return {key: did for key, did in proved.items() if owners.get(did) == sessions[key][1]}


def prove_device(*, user: User, did: UUID, sig: bytes, origin: str, nonce: bytes) -> Device:
    """The device whose signature over origin and nonce this is. Refused NOT_FOUND or BAD_SIG."""
    device = device_of(user, did)
    if device is None:
        raise Refused("NOT_FOUND")
    message = formats.session_proof(origin=origin, nonce=nonce, uid=user.uid.bytes, did=did.bytes)
    curves.verify(pub=bytes(device.ds_pub), message=message, sig=sig)
    return device


def write_number(*, device: Device) -> int:
    """The highest one told; 0 for none."""
    return Device.objects.values_list("write_no", flat=True).get(pk=device.pk)


def raise_write_number(*, device: Device, write_no: int) -> int:
    """It only grows, whatever comes in which order."""
    Device.objects.filter(pk=device.pk, write_no__lt=write_no).update(write_no=write_no)
    return write_number(device=device)


def bundle_page(*, uid: UUID, after: int) -> BundlePage:
    """The person's bundles above version `after`, at most 50, oldest first. Refused NOT_FOUND for an unknown person."""
    person = User.objects.filter(uid=uid).only("uid", "bundle_version").first()
    if person is None:
        raise Refused("NOT_FOUND")
    blobs = person.bundles.above(after).values_list("blob", flat=True)[:BUNDLE_PAGE]
    return BundlePage([bytes(blob) for blob in blobs], person.bundle_version or 0)


def current_bundle_ref(uid: UUID) -> tuple[int, bytes] | None:
    """Version and hash of the person's newest bundle; None without keys."""
    newest = Bundle.objects.filter(owner_id=uid).order_by("-version").values_list("version", "bundle_hash").first()
    return (newest[0], bytes(newest[1])) if newest else None


def bundle_devices(uid: UUID, version: int) -> set[UUID]:
    """The device ids that one version lists; empty for a version that does not exist."""
    blob = Bundle.objects.filter(owner_id=uid, version=version).values_list("blob", flat=True).first()
    if blob is None:
        return set()
    bundle, _sig = bundles.open_bundle(bytes(blob))
    return {UUID(bytes=entry.did) for entry in bundle.core.devices}


def _proved_did(session: Mapping[str, Any]) -> UUID | None:
    try:
        return UUID(hex=session[SESSION_KEY])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
