"""Reading an export offline: log, bundles, records and messages are judged as a client would, then told in order.

Who wrote a message follows from its record's hwrap, which only the sender's device and the holder of the history key
can make; that nothing is missing follows from sequences, counters and finals.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reference.account import Account
from reference.archive import SIG_BYTES, Archive, Event
from reference.bundle import Bundle, accept_bundle, change_since, parse_bundle
from reference.envelope import Opened
from reference.epochs import Directory, EpochState, after_foreign_record
from reference.errors import ProtocolError, require
from reference.history import look_on
from reference.log import accept_head, leaf_of, parse_head
from reference.merkle import root
from reference.receive import check_place
from reference.record import NEXT, parse_record
from reference.talk import Talk, apply_message, count_refused, enter, stay_outside

SILENT = frozenset({"void", "receipt", "sync"})
ACTIONS = frozenset({"edit", "delete"})


@dataclass(frozen=True, slots=True)
class Line:
    """What one event says: a content (`kind` and `fields` of section 8), or a `code` of what was refused or noticed."""

    seq: int
    at_ms: int
    uid: bytes
    kind: str
    fields: Mapping[str, Any] = field(repr=False)
    code: str | None = None


@dataclass(slots=True)
class _Reading:
    talk: Talk
    directory: Directory
    uid: bytes
    hk_seeds: dict[int, bytes] = field(repr=False)
    owners: dict[str, bytes] = field(default_factory=dict)
    shown: set[tuple[bytes, str]] = field(default_factory=set)


def read_transcript(archive: Archive, account: Account) -> Iterator[Line]:
    """Every line in the server's order, a gap where it is; first of all, whose root key changed.

    Raises what a client would refuse of log and bundles before anything is read: LOG_*, BUNDLE_*, BAD_*, and
    KEYFILE_WRONG_ACCOUNT for the key file of somebody else.
    """
    require(account.uid in archive.uids, "KEYFILE_WRONG_ACCOUNT")
    chains, roots = _chains(archive, account)
    own = [bundle.core.name for bundle in chains if bundle.core.uid == account.uid]
    require(account.name in own, "KEYFILE_WRONG_ACCOUNT")
    directory = _directory(archive, account, chains)
    talk = Talk(EpochState(archive.cid, *archive.uids))
    reading = _Reading(talk, directory, account.uid, account.hk_seeds)
    for uid, code in roots:
        yield Line(0, archive.made_ms, uid, "bundle", {}, code)
    for event in archive.events:
        if event.seq != talk.cursor + 1:
            yield Line(talk.cursor + 1, event.at_ms, event.uid, "gap", {"until": event.seq - 1}, "SEQ_GAP")
        talk.cursor = event.seq
        yield from _read(reading, event)
    yield from _still_missing(reading)


def _directory(archive: Archive, account: Account, chains: list[Bundle]) -> Directory:
    """The log up to its signed head, as a continuation of what the key file saw, and both verified chains."""
    head, sig = archive.head[:-SIG_BYTES], archive.head[-SIG_BYTES:]
    _, leaves, log_pub = accept_head(
        head,
        sig,
        log_pub=account.log_pub,
        pinned_size=account.log_size,
        own_leaves=(),
        new_leaves=archive.leaves,
        now_ms=parse_head(head).ts_ms,  # an export is old by nature
        my_name=account.name,
        my_bundle_hashes={bundle.hash for bundle in chains if bundle.core.uid == account.uid},
    )
    require(log_pub == archive.log_pub, "LOG_BAD_HEAD")
    prefix = leaves[: account.log_size]
    require(len(prefix) == account.log_size and root(prefix) == account.log_root, "LOG_SPLIT_VIEW")
    known = set(leaves)
    require(all(leaf_of(bundle) in known for bundle in chains), "BUNDLE_NOT_IN_LOG")
    return Directory({bundle.hash: bundle for bundle in chains}, leaves)


def _chains(archive: Archive, account: Account) -> tuple[list[Bundle], list[tuple[bytes, str]]]:
    """Every bundle of both people, verified, and the changes of a root, among them or since the key file was made."""
    names = dict(zip(archive.uids, archive.names, strict=True))
    newest: dict[bytes, Bundle] = {}
    chains: list[Bundle] = []
    roots: list[tuple[bytes, str]] = []
    for data in archive.bundles:
        uid = parse_bundle(data).core.uid
        require(uid in names, "NAME_REBOUND")
        newest[uid], notices = accept_bundle(data, uid=uid, name=names[uid], previous=newest.get(uid))
        roots += [(uid, code) for code in notices if code.startswith("ROOT_")]
        chains.append(newest[uid])
    for pin in account.pins:  # of others: the own root is the file's
        chain = [bundle for bundle in chains if bundle.core.uid == pin.uid]
        roots += [(pin.uid, code) for code in (change_since(pin.root_pub, chain) if chain else ())]
    return chains, list(dict.fromkeys(roots))


def _read(reading: _Reading, event: Event) -> Iterator[Line]:
    try:
        if event.is_record:
            yield from _read_record(reading, event)
        else:
            yield from _read_message(reading, event)
    except ProtocolError as error:
        if error.code == "DUPLICATE":
            return
        if event.is_record:
            count_refused(reading.talk, event.blob)
        kind = "record" if event.is_record else "message"
        yield Line(event.seq, event.at_ms, event.uid, kind, {}, error.code)


def _read_record(reading: _Reading, event: Event) -> Iterator[Line]:
    """By its hwrap; a record without one that opens here is followed all the same, its messages stay closed."""
    talk = reading.talk
    record = parse_record(event.blob)
    check_place(record, talk.state)
    counted = talk.progress()
    held = any(epoch == talk.state.epoch for epoch, _ in talk.chains)
    withheld = held and any(final.next_counter > counted.get(final.did, 0) for final in record.core.finals)
    require(record.core.kind != NEXT or record.core.th_prev == talk.state.th, "EPOCH_FORK")
    seen = look_on(
        event.blob, uid=reading.uid, hk_seeds=reading.hk_seeds, state=talk.state, directory=reading.directory
    )
    if seen.k_msg is None:
        stay_outside(talk, record)
        yield Line(event.seq, event.at_ms, event.uid, "record", {}, seen.code)
        return
    talk.state = after_foreign_record(talk.state, record)
    enter(talk, record, seen.k_msg)
    if withheld:
        yield Line(event.seq, event.at_ms, event.uid, "record", {}, "MESSAGES_WITHHELD")


def _read_message(reading: _Reading, event: Event) -> Iterator[Line]:
    if not event.blob:
        yield from _tombstone(reading, event)
        return
    opened = apply_message(reading.talk, event.blob, (event.uid, event.did), now_ms=0)  # in a file no time passes
    if opened.gap:
        yield Line(event.seq, event.at_ms, event.uid, "message", {}, "COUNTER_GAP")
    content = opened.content
    if content.kind in SILENT or (event.uid, content.content_id) in reading.shown:
        return
    reading.shown.add((event.uid, content.content_id))
    reading.owners[opened.mid.hex()] = event.uid
    yield Line(event.seq, event.at_ms, event.uid, content.kind, content.fields, _action_fault(reading, event, opened))


def _tombstone(reading: _Reading, event: Event) -> Iterator[Line]:
    """With a timer it is what both agreed on, without one a gap (section 14)."""
    if reading.talk.state.timer_s == 0:
        yield Line(event.seq, event.at_ms, event.uid, "message", {}, "SEQ_GAP")


def _action_fault(reading: _Reading, event: Event, opened: Opened) -> str | None:
    """Section 8: a target is known, and only its author edits or deletes it."""
    fields = opened.content.fields
    if opened.content.kind not in ACTIONS and opened.content.kind != "react":
        return None
    owner = reading.owners.get(fields["target"])
    if owner is None:
        return "ACTION_UNKNOWN_TARGET"
    return "ACTION_NOT_OWNER" if opened.content.kind in ACTIONS and owner != event.uid else None


def _still_missing(reading: _Reading) -> Iterator[Line]:
    """Messages that were jumped over and never came."""
    talk, bundles = reading.talk, reading.directory.bundles.values()
    present = {key: len(chain.skipped) for key, chain in talk.chains.items() if chain.skipped}
    for (_, did), count in sorted({**talk.missing, **present}.items()):
        uid = next(bundle.core.uid for bundle in bundles if bundle.core.device(did))
        yield Line(talk.cursor, 0, uid, "missing", {"count": count}, "COUNTER_GAP")
