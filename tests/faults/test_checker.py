"""The checker cries for each invariant, and is silent about a history in which all is well."""

import hashlib

import pytest

from tests.faults.history import History, Page, Stored, check

CID = bytes(16)


def stored(seq, text):
    return Stored(seq, f"id of {text}", hashlib.sha256(text.encode()).digest())


def well():
    """Alice writes twice, bob answers once; everybody sees everything."""
    history = History()
    history.members[CID] = {"alice", "bob"}
    events = [stored(1, "a record"), stored(2, "one"), stored(3, "two"), stored(4, "three")]
    for seq, (who, text) in enumerate([("alice", "one"), ("bob", "two"), ("alice", "three")], start=2):
        history.typed.append((who, CID, text))
        history.ticked[text] = seq
        history.posted[f"id of {text}"] = (CID, events[seq - 1].sha256)
        history.accept(CID, events[seq - 1])
        history.shown[("bob" if who == "alice" else "alice", CID)].append((seq, text))
    history.pages.append(Page("bob", CID, 0, tuple(events[:2]), known=2))
    history.pages.append(Page("bob", CID, 2, tuple(events[2:3]), known=4, cut=True))
    history.audit[CID] = tuple(events)
    history.cursors = {("alice", CID): 4, ("bob", CID): 4}
    return history


def told(history):
    return {violation.invariant for violation in check(history)}


def test_all_is_well():
    assert check(well()) == []


def accepted_is_gone(history):
    history.audit[CID] = history.audit[CID][:3]
    history.cursors = dict.fromkeys(history.cursors, 3)


def accepted_is_another(history):
    history.accepted[-1] = (CID, Stored(4, "id of three", b"other bytes"))


def a_page_that_is_too_old(history):
    history.pages.append(Page("alice", CID, 1, history.audit[CID][1:3], known=history.known(CID)))


def an_empty_page_that_is_too_old(history):
    history.pages.append(Page("alice", CID, 3, (), known=history.known(CID)))


def a_hole(history):
    history.audit[CID] = (*history.audit[CID][:3], Stored(5, *list_of(history.audit[CID][3])[1:]))


def list_of(item):
    return [item.seq, item.client_id, item.sha256]


def a_page_with_a_hole(history):
    history.pages.append(Page("alice", CID, 1, history.audit[CID][2:]))


def twice_at_once(history):
    history.audit[CID] = (*history.audit[CID], Stored(5, "id of three", history.audit[CID][3].sha256))


def shown_twice(history):
    history.shown[("bob", CID)].append((4, "three"))


def shown_in_another_order(history):
    history.shown[("bob", CID)].reverse()


def another_text_at_a_place(history):
    history.shown[("alice", CID)] = [(3, "three")]


def a_tick_for_nothing(history):
    history.ticked["three"] = 9


def never_shown(history):
    history.shown[("bob", CID)].pop()


def failed_and_shown(history):
    history.failed["three"] = "COUNTER_TAKEN"


def not_opened(history):
    history.troubles.append(("bob", "BAD_TAG"))


def changed_later(history):
    history.pages.append(Page("alice", CID, 1, (Stored(2, "id of one", b"other bytes"),)))


def other_bytes_than_posted(history):
    history.posted["id of one"] = (CID, b"other bytes")


def left_behind(history):
    history.cursors[("bob", CID)] = 3


BROKEN = [
    ("I1", accepted_is_gone),
    ("I1", accepted_is_another),
    ("I1", a_page_that_is_too_old),
    ("I1", an_empty_page_that_is_too_old),
    ("I2", a_hole),
    ("I2", a_page_with_a_hole),
    ("I2", twice_at_once),
    ("I3", shown_twice),
    ("I4", shown_in_another_order),
    ("I4", another_text_at_a_place),
    ("I5", a_tick_for_nothing),
    ("I6", never_shown),
    ("I6", failed_and_shown),
    ("I6", not_opened),
    ("I7", changed_later),
    ("I7", other_bytes_than_posted),
    ("I8", left_behind),
]


@pytest.mark.parametrize(("invariant", "spoil"), BROKEN, ids=lambda value: getattr(value, "__name__", value))
def test_it_cries(invariant, spoil):
    history = well()
    spoil(history)
    assert invariant in told(history)


@pytest.mark.parametrize("spoil", [a_page_that_is_too_old, an_empty_page_that_is_too_old])
def test_a_page_that_is_too_old_breaks_nothing_else(spoil):
    history = well()
    spoil(history)
    assert [violation.invariant for violation in check(history)] == ["I1"]


def test_what_is_accepted_after_a_pull_went_out_need_not_come_with_it():
    history = well()
    history.pages.append(Page("alice", CID, 1, history.audit[CID][1:3], known=3))
    assert check(history) == []


def sent_again_after_a_restored_backup():
    """The backup had two events; what it lacked comes again, alice's first, and bob keeps a copy of hers."""
    history = well()
    again = [stored(3, "three again"), stored(4, "two again")]
    history.audit[CID] = (*history.audit[CID][:2], *again)
    for event, text in zip(again, ("three", "two"), strict=True):
        history.posted[event.client_id] = (CID, event.sha256)
        history.ticked[text] = event.seq
    history.shown["alice", CID] = [(4, "two")]
    history.shown["bob", CID] = [(2, "one"), (2, "three")]
    return history, again


def test_what_a_restored_database_lost_is_not_asked_of_it():
    history, again = sent_again_after_a_restored_backup()
    assert {"I1", "I7"} < told(history)
    history.rewind(CID, 2)
    history.ticked |= {"three": 3, "two": 4}
    for event in again:
        history.accept(CID, event)
    history.copies.add(("bob", "three"))
    assert check(history) == []


def test_a_copy_that_nobody_names_is_a_text_at_a_wrong_place():
    history, _again = sent_again_after_a_restored_backup()
    history.rewind(CID, 2)
    history.ticked |= {"three": 3, "two": 4}
    assert told(history) == {"I4"}


def test_who_was_removed_need_not_have_everything():
    history = well()
    history.absent.add("bob")
    history.cursors[("bob", CID)] = 1
    history.shown[("bob", CID)].clear()
    assert check(history) == []


class Counted(list):
    """How often it is gone through."""

    times = 0

    def __iter__(self):
        Counted.times += 1
        return super().__iter__()


def test_a_long_history_is_gone_through_a_few_times_not_once_a_message(monkeypatch):
    monkeypatch.setattr(Counted, "times", 0)
    history = well()
    for seq in range(5, 205):
        event = stored(seq, f"text {seq}")
        history.typed.append(("alice", CID, f"text {seq}"))
        history.ticked[f"text {seq}"] = seq
        history.posted[event.client_id] = (CID, event.sha256)
        history.accept(CID, event)
        history.shown["bob", CID].append((seq, f"text {seq}"))
        history.audit[CID] = (*history.audit[CID], event)
    history.cursors = {("alice", CID): 204, ("bob", CID): 204}
    history.audit = {CID: Counted(history.audit[CID])}
    history.shown = {place: Counted(lines) for place, lines in history.shown.items()}
    assert check(history) == []
    assert Counted.times < 20
