"""Alice and Bob talk, Mallory tries. Their bundles are in a directory of the test's own."""

import hashlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from accounts.models import User
from conversations import services
from conversations.formats import parse_record
from conversations.models import Conversation
from conversations.tests import blobs


def fixed_id(name: str) -> UUID:
    return UUID(bytes=hashlib.sha256(name.encode()).digest()[:16])


@dataclass
class Person:
    name: str
    uid: UUID = field(init=False)
    did: UUID = field(init=False)

    def __post_init__(self) -> None:
        self.uid, self.did = fixed_id(self.name), fixed_id(f"{self.name} browser")

    def save(self) -> User:
        return User.objects.create_user(self.name, uid=self.uid)


class Directory:
    """Stands in for `keys.services`: who has which bundle at which version."""

    def __init__(self) -> None:
        self.current: dict[UUID, tuple[int, bytes]] = {}
        self.devices: dict[tuple[UUID, int], set[UUID]] = {}

    def publish(self, person: Person, *dids: UUID) -> tuple[int, bytes]:
        version = self.current.get(person.uid, (0, b""))[0] + 1
        self.current[person.uid] = version, hashlib.sha256(person.uid.bytes + bytes([version])).digest()
        self.devices[person.uid, version] = set(dids or (person.did,))
        return self.current[person.uid]

    def current_bundle_ref(self, uid: UUID) -> tuple[int, bytes] | None:
        return self.current.get(uid)

    def bundle_devices(self, uid: UUID, version: int) -> set[UUID]:
        return self.devices.get((uid, version), set())


@dataclass
class World:
    directory: Directory
    alice: Person = field(default_factory=lambda: Person("alice"))
    bob: Person = field(default_factory=lambda: Person("bob"))
    mallory: Person = field(default_factory=lambda: Person("mallory"))

    def talk(self, one: Person | None = None, other: Person | None = None) -> UUID:
        """The cid of an empty conversation."""
        lo, hi = sorted(((one or self.alice).uid, (other or self.bob).uid))
        now = timezone.now()
        made = Conversation.objects.create(uid_lo=lo, uid_hi=hi, started_by=lo, started_at=now, updated_at=now)
        return made.cid

    def record(self, cid: UUID, sender: Person | None = None, **changes: Any) -> bytes:
        """A START of Alice for herself and Bob, unless told otherwise."""
        sender = sender or self.alice
        lo, hi = sorted((self.alice.uid, self.bob.uid))
        spk = 0 if changes.get("kind") == blobs.NEXT else 1
        members = sorted(
            (person.uid, person.did, 0 if person is sender else spk, 0) for person in (self.alice, self.bob)
        )
        given = {"cid": cid, "lo": lo, "hi": hi, "sender": (sender.uid, sender.did), "members": members}
        fill = changes.pop("fill", b"\0")
        core = blobs.core(**{**given, "versions": dict(self.directory.current), **changes})
        return blobs.record(core, fill=fill, mode=changes.get("mode", 0))

    def post(self, person: Person, cid: UUID, kind: str, blob: bytes, client_id: UUID | None = None) -> Any:
        return services.post(
            uid=person.uid, did=person.did, cid=cid, client_id=client_id or uuid4(), kind=kind, blob=blob
        ).accepted

    def start(self, cid: UUID) -> bytes:
        """Epoch 0 by Alice; its TH."""
        blob = self.record(cid)
        self.post(self.alice, cid, "record", blob)
        return parse_record(blob).th

    def say(self, person: Person, cid: UUID, counter: int, *, epoch: int = 0, **how: Any) -> Any:
        blob = blobs.envelope(cid=cid, uid=person.uid, did=person.did, epoch=epoch, counter=counter)
        return self.post(person, cid, "message", blob, **how)
