"""What can be done with public keys: verbs, each one transaction. The only place that writes their rows."""

from uuid import UUID

from accounts.models import User
from keys.services import handout
from keys.services.devices import (
    SESSION_KEY,
    bound_device,
    bound_devices,
    browser_kinds,
    bundle_devices,
    bundle_page,
    current_bundle_ref,
    device_of,
    prove_device,
    raise_write_number,
    write_number,
)
from keys.services.handout import Handout, IsContact
from keys.services.logbook import LogPage, current_head, hash_page, log_page, log_size, sign_fresh_head
from keys.services.prekeys import SignedPrekey, prekey_state, store_prekeys
from keys.services.publishing import publish
from keys.services.releases import asset_leaf, log_release
from keys.services.rotation import Rotation, planned_rotation, rotate_log_key

__all__ = [
    "SESSION_KEY",
    "Handout",
    "LogPage",
    "Rotation",
    "SignedPrekey",
    "asset_leaf",
    "bound_device",
    "bound_devices",
    "browser_kinds",
    "bundle_devices",
    "bundle_page",
    "current_bundle_ref",
    "current_head",
    "device_of",
    "fetch_prekeys",
    "hash_page",
    "is_contact",
    "log_page",
    "log_release",
    "log_size",
    "planned_rotation",
    "prekey_state",
    "prove_device",
    "publish",
    "raise_write_number",
    "rotate_log_key",
    "sign_fresh_head",
    "store_prekeys",
    "write_number",
]


def _nobody(requester: UUID, target: UUID) -> bool:
    return False


is_contact: IsContact = _nobody
"""Whether two people share a conversation. Keys cannot know; the app that does assigns its own function at start."""


def fetch_prekeys(*, requester: User, uid: UUID, dids: list[UUID]) -> dict[UUID, Handout]:
    """Prekeys of another person's devices (see `handout.hand_out`), with the contacts rule in force now."""
    return handout.hand_out(requester=requester, uid=uid, dids=dids, is_contact=is_contact)
