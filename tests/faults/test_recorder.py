"""What a page of events can be held to, by what was known when it was asked for."""

from reference import wire
from tests.faults.history import History
from tests.faults.recorder import CUT_BYTES, Recorder

CID = bytes(16)


def item(seq, size=1):
    return wire.Item(seq, wire.MESSAGE, bytes(16), bytes(16), f"id {seq}", bytes(32), bytes(size), 0)


def answer(after, *items):
    return wire.Events(CID, after + 1, after + len(items), items)


def recorded(*steps):
    """(known, cut) of each page, after these steps of a recorder."""
    history = History()
    recorder = Recorder(history, "alice")
    for step, *given in steps:
        getattr(recorder, step)(*given)
    return [(page.known, page.cut) for page in history.pages]


def test_a_page_is_held_to_what_was_known_before_it_was_asked_for():
    assert recorded(("pulls", CID, 4, 200, 7), ("hears", answer(4, item(5)))) == [(7, False)]


def test_the_first_answer_belongs_to_the_first_of_two_that_ask_for_the_same():
    asked = [("pulls", CID, 4, 200, 4), ("pulls", CID, 4, 200, 9)]
    answers = [("hears", answer(4)), ("hears", answer(4, item(5)))]
    assert recorded(*asked, *answers) == [(4, False), (9, False)]


def test_as_many_events_as_were_asked_for_may_have_more_behind_them():
    assert recorded(("pulls", CID, 0, 2, 9), ("hears", answer(0, item(1), item(2)))) == [(9, True)]


def test_as_many_bytes_as_a_page_may_have_may_have_more_behind_them():
    assert recorded(("pulls", CID, 0, 200, 9), ("hears", answer(0, item(1, CUT_BYTES + 1)))) == [(9, True)]


def test_nothing_is_held_against_what_nobody_is_known_to_have_asked_for():
    assert recorded(("pulls", CID, 0, 200, 9), ("begins",), ("hears", answer(0, item(1)))) == [(0, True)]


def test_an_event_that_is_handed_over_is_no_page_that_ends():
    assert recorded(("hears", wire.Handed(CID, item(3)))) == [(0, False)]
