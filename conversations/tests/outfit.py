"""Real people with real keys and full logins, here or, run as a program, in the database of a server process."""

import json
import sys
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.test import Client


@dataclass
class Visitor:
    """A logged-in browser whose device stands in a published bundle."""

    client: Client
    uid: UUID
    did: UUID
    owner: Any = field(repr=False)

    @property
    def session_key(self) -> str:
        return str(self.client.session.session_key)


def make_visitor(name: str, *, bound: bool = True) -> Visitor:
    from accounts.tests.people import log_in, make_person
    from keys.tests.owners import Owner

    user = make_person(name)
    owner = Owner(user)
    owner.publish([owner.browsers[0].spk()])
    client = log_in(user)
    if bound:
        session = client.session
        session["did"] = owner.browsers[0].id.hex
        session.save()
    return Visitor(client, user.uid, owner.browsers[0].id, owner)


def start_record(cid: UUID, one: Visitor, other: Visitor) -> bytes:
    """A START by the first of two, with their current bundles."""
    from conversations.tests import blobs
    from keys.services import current_bundle_ref

    lo, hi = sorted((one.uid, other.uid))
    members = sorted([(one.uid, one.did, 0, 0), (other.uid, other.did, 1, 0)])
    versions: dict[UUID, Any] = {uid: current_bundle_ref(uid) for uid in (lo, hi)}
    return blobs.record(
        blobs.core(cid=cid, lo=lo, hi=hi, sender=(one.uid, one.did), members=members, versions=versions)
    )


def describe_conversation() -> dict[str, Any]:
    """A conversation at epoch 0 between two visitors, in words."""
    from uuid import uuid4

    from conversations import services

    alice, bob = make_visitor("alice"), make_visitor("bob")
    cid = services.open_conversation(uid=alice.uid, other=bob.uid).cid
    blob = start_record(cid, alice, bob)
    services.post(uid=alice.uid, did=alice.did, cid=cid, client_id=uuid4(), kind="record", blob=blob)
    people = {name: vars(one) for name, one in (("alice", alice), ("bob", bob))}
    words = {name: {"uid": one["uid"].hex, "did": one["did"].hex} for name, one in people.items()}
    words["alice"]["session"], words["bob"]["session"] = alice.session_key, bob.session_key
    return {**words, "cid": cid.hex}


if __name__ == "__main__":
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    for alias in sys.argv[1:]:
        call_command("migrate", database=alias, verbosity=0)
    print(json.dumps(describe_conversation()))
