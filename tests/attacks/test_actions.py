"""Attacks with edits, deletes, reactions, replies and receipts: scenarios of actions.js."""

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("way", ["a48", "a48_early"])
def test_a48_an_edit_of_anothers_message_is_refused_and_told(bench, way):
    bench(way)


def test_a49_a_delete_of_anothers_message_is_refused_and_told(bench):
    bench("a49")


def test_a50_an_action_on_an_unknown_message_says_so_and_touches_nothing(bench):
    bench("a50")


def test_a50_what_comes_before_its_target_waits_seven_days_for_it(bench):
    bench("a50_early")


def test_a50_a_reply_never_stands_above_what_it_answers(bench):
    bench("a50_reply_above")


@pytest.mark.parametrize("way", ["a51", "a51_reactions"])
def test_a51_the_newest_word_wins_whatever_the_order_and_the_older_are_kept(bench, way):
    bench(way)


@pytest.mark.parametrize("way", ["a52", "a52_before"])
def test_a52_only_the_peers_sealed_word_is_a_receipt(bench, way):
    bench(way)
