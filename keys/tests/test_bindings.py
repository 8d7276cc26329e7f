"""Many sessions read together are each bound to the device that one by itself is bound to."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from keys import services
from keys.tests.owners import Browser, Owner

pytestmark = pytest.mark.django_db


def test_each_is_judged_as_by_itself(alice: Owner, bob: Owner) -> None:
    mine, theirs = alice.publish_with_prekeys(opks=0), bob.publish_with_prekeys(opks=0)
    alice.browsers = [Browser(alice.user.uid.bytes)]
    newer, removed = alice.publish_with_prekeys(opks=0), mine
    cases: dict[str, tuple[Any, Owner]] = {
        "of alice": (newer.id.hex, alice),
        "of bob": (theirs.id.hex, bob),
        "of bob again": (theirs.id.hex, bob),
        "removed": (removed.id.hex, alice),
        "of another": (theirs.id.hex, alice),
        "unknown": (uuid4().hex, alice),
        "none": ("nonsense", alice),
        "no text": (None, alice),
    }
    sessions = {key: ({services.SESSION_KEY: did}, owner.user.uid) for key, (did, owner) in cases.items()}
    sessions["unbound"] = ({}, alice.user.uid)
    with CaptureQueriesContext(connection) as statements:
        found = services.bound_devices(sessions)
    assert len(statements) == 1
    people = {owner.user.uid: owner.user for owner in (alice, bob)}
    alone = {key: services.bound_device(session, people[uid]) for key, (session, uid) in sessions.items()}
    assert found == {key: device.did for key, device in alone.items() if device}
    assert set(found) == {"of alice", "of bob", "of bob again"}
