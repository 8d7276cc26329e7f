"""Epochs that nobody needed are counted to the winner that they follow."""

from tests.faults.epochs import Kept, winners_of

ALICE, BOB, OTHER = b"alice", b"bob", b"bob's second"
PAIR = frozenset({ALICE, BOB})


def record(did, epoch, members=PAIR):
    return Kept(did, epoch, members)


def texts(did, count):
    return [Kept(did)] * count


def test_a_record_after_enough_texts_of_its_sender_is_due():
    events = [record(ALICE, 0), *texts(ALICE, 3), record(ALICE, 1), *texts(BOB, 3), *texts(ALICE, 1), record(BOB, 2)]
    assert winners_of(events, 3) == [(0, 0), (1, 0), (2, 0)]


def test_a_record_for_other_members_is_due():
    events = [record(ALICE, 0), record(BOB, 1, PAIR | {OTHER}), record(ALICE, 2, PAIR)]
    assert winners_of(events, 3) == [(0, 0), (1, 0), (2, 0)]


def test_the_first_record_of_one_who_was_let_in_by_a_prekey_is_due():
    events = [Kept(ALICE, 0, PAIR, frozenset({BOB})), record(BOB, 1), *texts(ALICE, 1), record(BOB, 2)]
    assert winners_of(events, 3) == [(0, 0), (1, 1)]


def test_who_lost_and_proposes_again_makes_an_extra_epoch():
    events = [record(ALICE, 0), *texts(ALICE, 3), record(ALICE, 1), record(BOB, 2), *texts(BOB, 1), record(BOB, 3)]
    assert winners_of(events, 3) == [(0, 0), (1, 2)]


def test_texts_of_another_make_no_record_due():
    events = [record(ALICE, 0), *texts(ALICE, 3), record(BOB, 1)]
    assert winners_of(events, 3) == [(0, 1)]
