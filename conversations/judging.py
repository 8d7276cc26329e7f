"""Protocol section 14 for a batch of posts, one after the other, on what was read under the locks; pure.

A batch of one is the single post: there is no other path. A refused post changes nothing for its neighbours.
"""

from collections.abc import Collection, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from conversations import rules
from conversations.formats import EnvelopeHeader, RecordHeader
from conversations.refusals import Refusal, not_found, too_many
from conversations.rules import Accepted, CurrentReference, DevicesOf, Post, State
from conversations.throttles import Left

ClientKey = tuple[UUID, UUID]  # did, client_id
ChainKey = tuple[UUID, int, UUID]  # cid, epoch, did


class Known(NamedTuple):
    """A stored event, found by its client id."""

    cid: UUID
    kind: str
    seq: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database holds of a batch; `members`: (cid, uid) of everybody who posts and is in the conversation."""

    members: Collection[tuple[UUID, UUID]]
    conversations: Mapping[UUID, State]
    known: MutableMapping[ClientKey, Known]
    counters: MutableMapping[ChainKey, int]
    left: Mapping[UUID, Left]


class Prepared(NamedTuple):
    """A post and what its blob says about itself, or why it says nothing."""

    post: Post
    header: EnvelopeHeader | RecordHeader | Refusal


class NewEvent(NamedTuple):
    """An event to be written."""

    post: Post
    epoch: int
    counter: int | None
    seq: int
    sha256: bytes


class Stored(NamedTuple):
    """An accepted post, when it was stored, and the two people to ring for it."""

    accepted: Accepted
    uids: tuple[UUID, UUID]
    at: datetime


@dataclass(slots=True)
class Verdict:
    """An answer for each post, and what has to be written before they are given."""

    answers: list[Stored | Refusal] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    added: dict[UUID, int] = field(default_factory=dict)
    counters: dict[ChainKey, int] = field(default_factory=dict)
    posted: dict[UUID, int] = field(default_factory=dict)


def prepare(posts: Iterable[Post]) -> list[Prepared]:
    return [Prepared(post, _header_of(post)) for post in posts]


def judge(
    batch: Iterable[Prepared], facts: Facts, *, now: datetime, current: CurrentReference, devices: DevicesOf
) -> Verdict:
    """`facts.conversations`, `known` and `counters` follow what is accepted."""
    bench = _Bench(facts, now, current, devices)
    for each in batch:
        bench.verdict.answers.append(bench.answer(each))
    return bench.verdict


def _header_of(post: Post) -> EnvelopeHeader | RecordHeader | Refusal:
    try:
        return rules.read_header(post)
    except Refusal as refusal:
        return refusal


@dataclass(slots=True)
class _Bench:
    facts: Facts
    now: datetime
    current: CurrentReference
    devices: DevicesOf
    verdict: Verdict = field(default_factory=Verdict)

    def answer(self, each: Prepared) -> Stored | Refusal:
        try:
            return self._accept(each)
        except Refusal as refusal:
            return refusal

    def _accept(self, each: Prepared) -> Stored:
        post, header = each.post, each.header
        if (post.cid, post.uid) not in self.facts.members:
            raise not_found()
        if isinstance(header, Refusal):
            raise header
        state = self.facts.conversations[post.cid]
        rules.check_sender(post, header, state)
        accepted = self._repeated(post) or self._store(post, header, state)
        return Stored(accepted, (state.uid_lo, state.uid_hi), self.now)

    def _repeated(self, post: Post) -> Accepted | None:
        known = self.facts.known.get((post.did, post.client_id))
        if known is None:
            return None
        rules.check_repeat(post, cid=known.cid, kind=known.kind)
        return Accepted(seq=known.seq, sha256=known.sha256, dup=True)

    def _store(self, post: Post, header: EnvelopeHeader | RecordHeader, state: State) -> Accepted:
        self._check_limit(post.uid)
        counter = None
        if isinstance(header, EnvelopeHeader):
            counter = self._advance_chain(post, header, state)
        else:
            rules.check_record(header, state, current=self.current, devices=self.devices)
            state.epoch, state.th = header.epoch, header.th
        state.seq += 1
        event = NewEvent(post, header.epoch, counter, state.seq, rules.digest(post.blob))
        self._write_down(event)
        return Accepted(seq=event.seq, sha256=event.sha256, dup=False)

    def _check_limit(self, uid: UUID) -> None:
        left = self.facts.left[uid]
        if left.count <= self.verdict.posted.get(uid, 0):
            raise too_many(left.retry_after(self.now))

    def _advance_chain(self, post: Post, header: EnvelopeHeader, state: State) -> int:
        chain = post.cid, header.epoch, header.did
        rules.check_message(header, state, next_counter=self.facts.counters.get(chain, 0))
        self.facts.counters[chain] = self.verdict.counters[chain] = header.counter + 1
        return header.counter

    def _write_down(self, event: NewEvent) -> None:
        post, verdict = event.post, self.verdict
        verdict.events.append(event)
        verdict.added[post.cid] = verdict.added.get(post.cid, 0) + 1
        verdict.posted[post.uid] = verdict.posted.get(post.uid, 0) + 1
        self.facts.known[post.did, post.client_id] = Known(post.cid, post.kind, event.seq, event.sha256)
