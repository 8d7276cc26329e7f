"""What the mail wants to hear from the other apps, and what it tells them."""

import asyncio
from typing import Any
from uuid import UUID

from accounts.signals import sessions_ended
from chatproject.lib import bridge
from conversations import delivery, services
from keys import services as keys
from keys.signals import bundle_published

PARTNERS_SECONDS = 5.0


def connect() -> None:
    bundle_published.connect(ring_for_bundle, dispatch_uid="conversations.ring_for_bundle")
    sessions_ended.connect(check_sockets, dispatch_uid="conversations.check_sockets")
    keys.is_contact = services.share_a_conversation


async def ring_for_bundle(sender: Any, *, uid: UUID, log_size: int, **_more: Any) -> None:
    """A new bundle: the owner's browsers and everyone with a conversation with the owner hear the log's new size."""
    delivery.end_sessions(uid)  # a device may have been removed
    try:
        async with asyncio.timeout(PARTNERS_SECONDS):
            partners = await bridge.run(services.partners_of, uid=uid)
    except Exception:
        partners = set()
        delivery.counters["partners"] += 1
    delivery.ring_log(partners | {uid}, log_size=log_size)


def check_sockets(sender: Any, *, uid: UUID, **_more: Any) -> None:
    """A log-out, a new password, an account switched off: the sockets look for themselves."""
    delivery.end_sessions(uid)
