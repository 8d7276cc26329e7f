"""Who is where: changes in order, the whole when one was missed, silence is forgotten."""

from uuid import UUID

from conversations.neighbours import SILENCE_SECONDS, Neighbours

ALICE, BOB = UUID(int=1), UUID(int=2)


def test_news_go_only_to_the_processes_that_hold_somebody() -> None:
    table = Neighbours()
    table.replace("one", 3, [ALICE], now=0)
    table.replace("two", 0, [ALICE, BOB], now=0)
    table.replace("three", 0, [], now=0)
    assert table.holders([ALICE, BOB]) == {"one": [ALICE], "two": [ALICE, BOB]}


def test_changes_count_only_in_order() -> None:
    table = Neighbours()
    assert not table.change("one", 1, [ALICE], [], now=0), "nothing is known of it yet"
    table.replace("one", 1, [ALICE], now=0)
    assert table.change("one", 2, [BOB], [ALICE], now=0)
    assert table.holders([ALICE, BOB]) == {"one": [BOB]}
    assert table.change("one", 2, [], [], now=0), "alive, nothing new"
    assert not table.change("one", 4, [ALICE], [], now=0), "one was missed"
    assert not table.change("one", 3 - 2, [], [], now=0), "another process of this name"
    assert table.holders([ALICE, BOB]) == {"one": [BOB]}


def test_one_change_that_was_lost_is_missed_at_the_next_sign_of_life() -> None:
    table = Neighbours()
    table.replace("one", 1, [ALICE], now=0)
    assert not table.change("one", 2, [], [], now=0), "what made it a new version is not known"
    assert not table.change("one", 2, [], [], now=20), "nor is it later"
    table.replace("one", 2, [ALICE, BOB], now=20)
    assert table.change("one", 2, [], [], now=40)


def test_who_is_silent_is_forgotten() -> None:
    table = Neighbours()
    table.replace("one", 0, [ALICE], now=0)
    table.replace("two", 0, [ALICE], now=0)
    table.change("two", 0, [], [], now=SILENCE_SECONDS)
    table.forget_silent(now=SILENCE_SECONDS + 1)
    assert table.holders([ALICE]) == {"two": [ALICE]}
