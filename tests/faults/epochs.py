"""Which epochs a conversation needed, by what is stored of it: each race has one winner, and little more than that."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reference import wire
from reference.record import parse_record
from tests.faults.world import World

KINDS = "SELECT array_agg(kind ORDER BY seq), array_agg(did ORDER BY seq), array_agg(blob ORDER BY seq) "


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as the database has it. `members`: devices of a record's epoch, nothing for a message; `newcomers`:
    those of them whose leaf is a prekey.
    """

    did: bytes
    epoch: int = 0
    members: frozenset[bytes] = frozenset()
    newcomers: frozenset[bytes] = frozenset()


async def stored_events(world: World, cid: bytes) -> list[Kept]:
    """All events of a conversation in their order."""
    rows = await world.execute(f"{KINDS} FROM conversations_event WHERE cid = %s", uuid.UUID(bytes=cid))
    return [_kept(kind, did.bytes, bytes(blob)) for kind, did, blob in zip(*rows, strict=True)]


def winners_of(events: Sequence[Kept], refresh_after: int) -> list[tuple[int, int]]:
    """The epochs that were due, each with the number of those that followed it and were not.

    Due (protocol.md, section 6): the first; another set of members; a sender that has no leaf of its own yet, or had
    sent `refresh_after` messages in the epoch before.
    """
    found: list[tuple[int, int]] = []
    members: frozenset[bytes] = frozenset()
    leafless: frozenset[bytes] = frozenset()
    sent: Counter[bytes] = Counter()
    for event in events:
        if not event.members:
            sent[event.did] += 1
            continue
        if event.members != members or event.did in leafless or sent[event.did] >= refresh_after:
            found.append((event.epoch, 0))
        else:
            epoch, extra = found[-1]
            found[-1] = epoch, extra + 1
        members, leafless, sent = event.members, (leafless | event.newcomers) - {event.did}, Counter()
    return found


def _kept(kind: str, did: bytes, blob: bytes) -> Kept:
    if kind != wire.RECORD:
        return Kept(did)
    core = parse_record(blob).core
    newcomers = frozenset(member.did for member in core.members if member.spk_id)
    return Kept(did, core.epoch, frozenset(member.did for member in core.members), newcomers)
