"""What was under way together with the record that ends its epoch is acknowledged in the next one."""

import dataclasses
from types import SimpleNamespace

import pytest

from reference.chain import Chain, Skipped
from reference.content import parse_content
from reference.envelope import Epoch
from reference.epochs import EpochState, OwnDevice
from reference.exchange import Exchange
from reference.record import EPHEMERAL, HISTORY, NEXT, RESTART, Core, Final, Record
from reference.talk import Talk, enter, stay_outside

ALICE, BOB = b"a" * 16, b"b" * 16
HERS, HERS_TOO, HIS, HIS_TOO = (letter * 16 for letter in (b"1", b"2", b"3", b"4"))
MEMBERS = frozenset({(ALICE, HERS), (ALICE, HERS_TOO), (BOB, HIS), (BOB, HIS_TOO)})
ENDED = 4
LATE = Skipped(bytes(32), until_ms=1)
CONTENT_ID = "00000000-0000-4000-8000-000000000001"


def talking(arrived, *, uids=(ALICE, BOB), members=MEMBERS):
    talk = Talk(EpochState(bytes(16), *uids, epoch=ENDED))
    talk.epochs[ENDED] = Epoch(bytes(32), members)
    talk.chains = {(ENDED, did): Chain(bytes(32), count) for did, count in arrived.items()}
    talk.chains[(ENDED - 1, HERS)] = Chain(bytes(32), 90)
    return talk


def record(*finals, kind=NEXT, mode=0):
    core = Core(
        suite=1, cid=bytes(16), uid_lo=ALICE, uid_hi=BOB, epoch=ENDED + 1, kind=kind, mode=mode, timer_s=mode,
        th_prev=bytes(32), s_uid=BOB, s_did=HIS, e_pub=bytes(32), newleaf_pub=bytes(32), references=(), log_size=0,
        log_root=bytes(32), members=(), finals=tuple(Final(did, count) for did, count in finals),
    )  # fmt: skip
    return Record(core, b"core", b"", b"", bytes(32))


def device(uid=BOB, did=HIS):
    return OwnDevice(uid, did, bytes(32), {}, {})


def owed(talk, made, own=None):
    enter(talk, made, bytes(32))
    return talk.owed(own or device())


@pytest.mark.parametrize(
    ("finals", "said"),
    [([], {HERS: 3, HERS_TOO: 1}), ([(HERS, 2), (HERS_TOO, 1), (HIS, 5)], {HERS: 3}), ([(HERS, 3), (HERS_TOO, 9)], {})],
)
def test_what_the_record_counts_too_low_is_said(finals, said):
    assert owed(talking({HERS: 3, HERS_TOO: 1, HIS: 5, HIS_TOO: 7}), record(*finals)) == said


def test_a_gap_ends_the_count():
    talk = talking({HERS: 3})
    talk.chains[(ENDED, HERS)] = dataclasses.replace(talk.chains[(ENDED, HERS)], skipped={1: LATE})
    assert owed(talk, record()) == {HERS: 1}


def test_a_restart_counts_nothing_and_leaves_nothing_to_say():
    talk = talking({HERS: 3})
    assert owed(talk, record()) == {HERS: 3}
    assert owed(talk, record(kind=RESTART)) == {}


@pytest.mark.parametrize("mode", [HISTORY, EPHEMERAL])
def test_it_is_known_after_the_chains_of_the_ended_epoch_are_gone(mode):
    talk = talking({HERS: 3})
    assert owed(talk, record(mode=mode)) == {HERS: 3}
    assert (set(talk.epochs), talk.chains) == ({ENDED + 1}, {})


@pytest.mark.parametrize("mode", [HISTORY, EPHEMERAL])
def test_who_is_no_member_any_more_keeps_no_chain_either(mode):
    talk = talking({HERS: 3})
    talk.chains[(ENDED, HERS)] = dataclasses.replace(talk.chains[(ENDED, HERS)], skipped={0: LATE, 2: LATE})
    talk.uncounted = {(ALICE, HERS): 3}
    stay_outside(talk, record(mode=mode))
    assert (talk.epochs, talk.chains, talk.uncounted) == ({}, {}, {})
    assert (talk.state.epoch, talk.state.next, talk.missing) == (ENDED + 1, None, {(ENDED, HERS): 2})


def test_with_oneself_it_is_said_of_ones_other_devices():
    members = frozenset({(ALICE, HERS), (ALICE, HERS_TOO)})
    talk = talking({HERS: 3, HERS_TOO: 2}, uids=(ALICE, ALICE), members=members)
    assert owed(talk, record(), device(ALICE, HERS)) == {HERS_TOO: 2}


@pytest.mark.parametrize(("finals", "said"), [([], {HERS.hex(): 3}), ([(HERS, 3)], None)])
def test_what_is_sealed_says_it(finals, said):
    talk = talking({HERS: 3})
    enter(talk, record(*finals), bytes(32))
    talk.state = dataclasses.replace(talk.state, epoch=ENDED + 1)
    talk.chains[(ENDED + 1, HIS)] = Chain(bytes(32))
    person = SimpleNamespace(keyring=SimpleNamespace(device=device()))
    content, _envelope = Exchange(talk, person, None, refresh=None, tell=None).seal({"t": "void"}, CONTENT_ID)
    assert parse_content(content).fields.get("ack_before") == said
