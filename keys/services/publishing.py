"""Publishing a bundle: its row, its leaf, its devices and a signed head, all or nothing (protocol sections 3 and 4)."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import events
from accounts import services as accounts
from accounts.models import User
from keys import bundles, formats, throttles
from keys.errors import Refused
from keys.models import Bundle, Device, Prekey
from keys.services import logbook
from keys.services.prekeys import SignedPrekey, put_prekeys


@dataclass(frozen=True, slots=True)
class Published:
    version: int
    log_size: int


def publish(*, owner: User, bundle: bytes, prekeys: list[SignedPrekey], browser: str = "") -> Published:
    """The owner's next bundle, with the prekeys of devices that it lists; `browser`: the coarse kind of who brings it.

    Refused STALE_BUNDLE when it is not the version after the current one, else with the code of the check that
    fails; throttles.TooMany beyond 60 an hour.
    """
    throttles.count_publish(owner.uid.hex)
    parsed = bundles.parse_bundle(bundle)
    with transaction.atomic():
        size = logbook.lock_log()
        _check_version(owner, parsed)
        row = owner.bundles.create(version=parsed.core.version, blob=bundle, bundle_hash=parsed.bundle_hash)
        size = logbook.append(size=size, leaf=_leaf(parsed), bundle=row)
        devices = _match_devices(owner, parsed.core, browser)
        _put_all_prekeys(devices, prekeys)
        accounts.set_bundle_version(uid=owner.uid, version=row.version)
        logbook.sign_head(size)
    events.note("bundle_published", uid=owner.pk, version=row.version, log_size=size)
    return Published(row.version, size)


def _check_version(owner: User, parsed: bundles.Bundle) -> None:
    newest: Bundle | None = owner.bundles.newest()
    previous = bundles.open_bundle(bytes(newest.blob))[0] if newest else None
    if (parsed.core.uid, parsed.core.name) != (owner.uid.bytes, owner.name):
        raise Refused("NAME_REBOUND")
    if parsed.core.version != (newest.version if newest else 0) + 1:
        raise Refused("STALE_BUNDLE")
    bundles.check_successor(parsed, uid=owner.uid.bytes, name=owner.name, previous=previous)


def _leaf(parsed: bundles.Bundle) -> bytes:
    core = parsed.core
    leaf = formats.leaf_of(name=core.name, uid=core.uid, version=core.version, bundle_hash=parsed.bundle_hash)
    return leaf.encode()


def _match_devices(owner: User, core: bundles.BundleCore, browser: str) -> dict[bytes, Device]:
    """Make the owner's devices those of the bundle; what is no longer listed is removed and loses its prekeys."""
    entries = {UUID(bytes=entry.did): entry for entry in core.devices}
    known = Device.objects.in_bulk(list(entries))
    for did, entry in entries.items():
        known[did] = _keep_device(owner, known.get(did), entry, browser)
    gone = owner.devices.active().exclude(did__in=list(entries))
    Prekey.objects.filter(device__in=gone).delete()
    gone.update(removed_at=timezone.now())
    return {did.bytes: device for did, device in known.items()}


def _keep_device(owner: User, device: Device | None, entry: bundles.DeviceEntry, browser: str) -> Device:
    """A device id belongs to one person and one pair of keys for good: BAD_KEY otherwise."""
    if device is None:
        about = {"added_ms": min(entry.added_ms, Device.MAX_MS), "browser": browser}
        return owner.devices.create(did=UUID(bytes=entry.did), ds_pub=entry.ds_pub, dk_pub=entry.dk_pub, **about)
    same_keys = (bytes(device.ds_pub), bytes(device.dk_pub)) == (entry.ds_pub, entry.dk_pub)
    if device.owner_id != owner.pk or not same_keys:
        raise Refused("BAD_KEY")
    if device.removed_at:
        device.removed_at = None
        device.save(update_fields=["removed_at"])
    return device


def _put_all_prekeys(devices: dict[bytes, Device], prekeys: list[SignedPrekey]) -> None:
    for_device: dict[bytes, list[SignedPrekey]] = {}
    for signed in prekeys:
        for_device.setdefault(signed.parsed.did, []).append(signed)
    if set(for_device) - set(devices):
        raise Refused("BAD_SIG")
    for did, batch in for_device.items():
        put_prekeys(devices[did], batch)
