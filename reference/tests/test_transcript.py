"""An export read offline: the rules of a live client, event by event (section 18)."""

import asyncio
import json
from dataclasses import replace

import pytest

from reference import offline, talk, wire, wish
from reference.account import Pin, open_account
from reference.archive import encode_archive, open_archive, parse_archive
from reference.encoding import u8, vec
from reference.errors import ProtocolError
from reference.padding import padme
from reference.tests.test_events import DAMAGES, inject, sealed
from reference.tests.world import PASSPHRASE, Server, another_root, key_file, one_round, talking
from reference.transcript import Line, read_transcript

SAID = ["hello", "hi", "old keys", "new keys"]


@pytest.fixture
def world(monkeypatch):
    """Four texts in three epochs, and one of the second epoch that was never posted."""
    one_round(monkeypatch)

    async def made():
        server = Server()
        alice, bob, cid = await talking(server)
        await alice.send(cid, "old keys")
        late = sealed(bob, cid, "late")
        monkeypatch.setattr(wish, "REFRESH_AFTER_MESSAGES", 1)
        await alice.send(cid, "new keys")
        return server, alice, bob, cid, late

    return asyncio.run(made())


def exported(world):
    _server, alice, _bob, cid, _late = world
    account = open_account(key_file(alice), PASSPHRASE)
    return open_archive(asyncio.run(alice.export(cid)), hk_seeds=account.hk_seeds.values()), account


def said(archive, account):
    """Texts and codes."""
    return [line.code or line.fields["body"] for line in read_transcript(archive, account)]


def renumbered(events):
    return tuple(replace(event, seq=seq) for seq, event in enumerate(events, 1))


def test_it_opens_every_epoch_in_its_turn(world):
    assert said(*exported(world)) == SAID


def test_a_message_of_an_ended_epoch_is_refused(world):
    server, _alice, bob, cid, late = world
    inject(server, bob, cid, late)
    assert said(*exported(world)) == [*SAID, "NO_EPOCH_KEY"]


def test_before_the_record_that_ends_it_the_same_message_counts(world):
    server, _alice, bob, cid, late = world
    inject(server, bob, cid, late)
    archive, account = exported(world)
    *others, last = archive.events
    at = max(i for i, event in enumerate(others) if event.is_record)
    events = renumbered([*others[:at], last, *others[at:]])
    assert said(replace(archive, events=events), account) == [*SAID[:3], "late", SAID[3]]


def test_what_was_jumped_over_in_an_ended_epoch_stays_missing(world):
    server, _alice, bob, cid, _late = world
    later = sealed(bob, cid, "one further")
    inject(server, bob, cid, later)
    archive, account = exported(world)
    *others, last = archive.events
    at = max(i for i, event in enumerate(others) if event.is_record)
    archive = replace(archive, events=renumbered([*others[:at], last, *others[at:]]))
    lines = list(read_transcript(archive, account))
    assert [line.code for line in lines if line.code] == ["COUNTER_GAP", "COUNTER_GAP"]
    assert (lines[-1].kind, lines[-1].uid, lines[-1].fields) == ("missing", bob.uid, {"count": 1})


def test_the_same_record_again_is_no_fork(world):
    server, _alice, _bob, cid, _late = world
    records = [item for item in server.events[cid] if item.kind == wire.RECORD]
    for record in records[1:]:
        server.order(cid, wire.RECORD, record.uid, record.did, "again", record.blob)
    assert said(*exported(world)) == SAID


def test_another_record_in_its_place_is(world):
    server, _alice, _bob, cid, _late = world
    last = [item for item in server.events[cid] if item.kind == wire.RECORD][-1]
    server.order(cid, wire.RECORD, last.uid, last.did, "other", last.blob[:-1] + bytes([last.blob[-1] ^ 1]))
    assert said(*exported(world)) == [*SAID, "EPOCH_ROLLBACK"]


@pytest.mark.parametrize(("damage", "code"), DAMAGES)
def test_behind_a_refused_record_a_restart_is_read(world, damage, code):
    server, alice, bob, cid, _late = world

    async def restarted():
        await alice.send(cid, "lost")
        server.events[cid][-2] = replace(server.events[cid][-2], blob=damage(server.events[cid][-2].blob))
        await bob.catch_up(cid)
        await bob.send(cid, "goes on")

    asyncio.run(restarted())
    assert said(*exported(world)) == [*SAID, code, "NO_EPOCH_KEY", "goes on"]


@pytest.mark.parametrize("timer_s", [0, 3600])
def test_a_record_over_another_log_is_refused_readable_or_not(world, monkeypatch, timer_s):
    _server, _alice, bob, cid, _late = world

    async def lied():
        await bob.catch_up(cid)
        await bob.send(cid, "said")
        monkeypatch.setattr(talk, "root", lambda leaves: bytes(32))
        bob.exchanges[cid].talk.timer_wish = timer_s
        await bob.send(cid, "over another log")

    asyncio.run(lied())
    assert said(*exported(world)) == [*SAID, "said", "LOG_SPLIT_VIEW", "NO_EPOCH_KEY"]


@pytest.mark.parametrize("at", [1, -1])
def test_a_tombstone_without_a_timer_is_a_gap(world, at):
    archive, account = exported(world)
    events = list(archive.events)
    events[at] = replace(events[at], blob=b"")
    codes = said(replace(archive, events=tuple(events)), account)
    assert "SEQ_GAP" in codes
    assert "BAD_ENCODING" not in codes


def test_a_tombstone_under_a_timer_says_nothing(world):
    server, alice, _bob, cid, _late = world

    async def end():
        await alice.set_timer(cid, 3600)
        await alice.send(cid, "gone")

    asyncio.run(end())
    server.events[cid][-1] = replace(server.events[cid][-1], blob=b"")
    assert said(*exported(world)) == [*SAID, "NOT_A_MEMBER"]


@pytest.mark.parametrize("name", ["bob", "josé", "alíce", ""])
def test_a_key_file_of_another_name_is_of_another_account(world, name):
    archive, account = exported(world)
    with pytest.raises(ProtocolError, match="KEYFILE_WRONG_ACCOUNT"):
        said(archive, replace(account, name=name))


def test_whom_the_server_names_as_the_sender_of_a_record_is_not_looked_at(world):
    _server, alice, bob, *_ = world
    archive, account = exported(world)
    other = {alice.uid: bob, bob.uid: alice}
    events = [
        replace(event, uid=other[event.uid].uid, did=other[event.uid].person.keyring.device.did)
        if event.is_record
        else event
        for event in archive.events
    ]
    assert said(replace(archive, events=tuple(events)), account) == SAID


def test_another_root_than_the_key_files_is_told_first_and_once(world):
    server, alice, bob, *_ = world
    archive, account = exported(world)
    known = server.bundles[bob.uid][-1].core.root_pub
    told = {known: SAID, bytes(32): ["ROOT_RESET", *SAID]}
    for root, lines in told.items():
        assert said(archive, replace(account, pins=(Pin(bob.uid, root, True),))) == lines
    another_root(server, server.bundles[bob.uid][-1])
    alice.person.notary.expect_news()
    alice.person.refresh((bob.uid,), log_size=0)
    archive, account = exported(world)
    assert said(archive, replace(account, pins=(Pin(bob.uid, known, True),))) == ["ROOT_RESET", *SAID]


@pytest.mark.parametrize("at_ms", [2**53 - 1, 2**64 - 1, 253402300800000])
def test_whatever_the_servers_clock_says_a_line_is_shown(world, at_ms):
    archive, _account = exported(world)
    line = Line(1, at_ms, archive.uids[0], "text", {"body": "hello"})
    assert offline._as_text(line, archive).startswith(f"{at_ms} ms ")
    assert offline._as_text(replace(line, at_ms=253402300799999), archive).startswith("9999-12-31 23:59:59 ")


@pytest.mark.parametrize("made", ["1e999", "1.5", "-1", "[" * 100_000, "null"])
def test_an_about_that_no_parser_may_follow_is_refused(world, made):
    archive, _account = exported(world)
    items = encode_archive(archive)
    length = int.from_bytes(items[1:5], "big")
    about = json.dumps({**json.loads(items[5 : 5 + length]), "made": "?"}).replace('"?"', made).encode()
    forged = u8(1) + vec(about) + items[5 + length :]
    with pytest.raises(ProtocolError, match="BAD_ENCODING"):
        parse_archive(forged.ljust(padme(len(forged)), b"\x00"))
