"""What a conversation shows after edits, deletes, reactions and receipts, in any order in which they come."""

import itertools

import pytest

from reference.board import KEPT_MS, Board
from reference.content import make_content, parse_content
from reference.envelope import Header

ALICE, BOB = b"a" * 16, b"b" * 16
counters = itertools.count()


def header(uid, counter=None):
    number = next(counters) if counter is None else counter
    return Header(1, 1, 1, bytes(16), 0, bytes(8), uid, uid, number, bytes(32))


def content(**own):
    content_id = f"00000000-0000-4000-8000-{next(counters):012}"
    return parse_content(make_content(own, content_id=content_id, ts_ms=1, ack={}))


def said(board, uid, text, **more):
    mid = next(counters).to_bytes(16)
    board.take(header(uid), mid, content(t="text", body=text, **more), 0)
    return mid


def done(board, uid, now_ms=0, counter=None, **own):
    return board.take(header(uid, counter), next(counters).to_bytes(16), content(**own), now_ms)


def edit(board, uid, mid, rev, body, now_ms=0):
    return done(board, uid, now_ms, t="edit", target=mid.hex(), rev=rev, body=body)


def test_the_highest_rev_wins_and_every_version_is_kept():
    board = Board()
    mid = said(board, ALICE, "zero")
    for rev, body in ((2, "two"), (1, "one"), (2, "two too"), (0, "nothing")):
        assert edit(board, ALICE, mid, rev, body) is None
    assert board.shown[mid].text == "two"
    assert board.shown[mid].versions == ((0, "zero"), (1, "one"), (2, "two too"), (2, "two"))
    assert board.shown[mid].next_rev == 3


def test_a_delete_is_final():
    board = Board()
    mid = said(board, ALICE, "zero")
    done(board, BOB, t="react", target=mid.hex(), e="👍", on=True)
    done(board, ALICE, t="delete", target=mid.hex())
    edit(board, ALICE, mid, 1, "one")
    assert (board.shown[mid].text, board.shown[mid].versions, board.shown[mid].signs) == ("", (), frozenset())
    assert board.shown[mid].deleted


@pytest.mark.parametrize("own", [{"t": "edit", "rev": 1, "body": "mine"}, {"t": "delete"}])
def test_only_the_author_may_change_a_text(own):
    board = Board()
    mid = said(board, ALICE, "zero")
    assert done(board, BOB, target=mid.hex(), **own) == "ACTION_NOT_OWNER"
    assert (board.shown[mid].text, board.shown[mid].deleted) == ("zero", False)


def test_the_last_word_about_a_sign_counts_in_the_order_of_the_device():
    board = Board()
    mid = said(board, ALICE, "zero")
    react = {"t": "react", "target": mid.hex(), "e": "👍"}
    done(board, BOB, counter=9_000, on=False, **react)
    done(board, BOB, counter=8_999, on=True, **react)
    assert board.shown[mid].signs == frozenset()
    done(board, BOB, counter=9_001, on=True, **react)
    assert board.shown[mid].signs == {(BOB, "👍")}


def test_what_comes_first_waits_seven_days():
    board = Board()
    early, late = (next(counters).to_bytes(16) for _ in range(2))
    assert edit(board, ALICE, early, 1, "one") == edit(board, ALICE, late, 1, "one") == "ACTION_UNKNOWN_TARGET"
    assert edit(board, BOB, early, 2, "forged") == "ACTION_UNKNOWN_TARGET"
    board.take(header(ALICE), early, content(t="text", body="zero"), KEPT_MS)
    board.take(header(ALICE), late, content(t="text", body="zero"), KEPT_MS + 1)
    assert (board.shown[early].text, board.shown[late].text) == ("one", "zero")


def test_a_receipt_counts_for_the_texts_of_the_other_and_a_quote_for_what_is_here():
    board = Board()
    hers, his = said(board, ALICE, "hers"), said(board, BOB, "his")
    done(board, BOB, t="receipt", seen=[hers.hex(), his.hex(), "ab" * 16])
    assert (board.shown[hers].read, board.shown[his].read) == (True, False)
    assert board.shown[said(board, BOB, "so", re=hers.hex())].answers == hers
    assert board.shown[said(board, BOB, "so", re="ab" * 16)].answers is None
