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
        history.accepted.append((CID, events[seq - 1]))
        history.shown[("bob" if who == "alice" else "alice", CID)].append((seq, text))
    history.pages.append(Page("bob", CID, 0, tuple(events[:2])))
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
        history.accepted.append((CID, event))
        history.shown["bob", CID].append((seq, f"text {seq}"))
        history.audit[CID] = (*history.audit[CID], event)
    history.cursors = {("alice", CID): 204, ("bob", CID): 204}
    history.audit = {CID: Counted(history.audit[CID])}
    history.shown = {place: Counted(lines) for place, lines in history.shown.items()}
    assert check(history) == []
    assert Counted.times < 20
