"""Attacks on messages, each a scenario of messages.js: the real Messenger against a server or a peer that lies."""

import pytest

pytestmark = pytest.mark.browser


def test_a34_a_counter_far_ahead_is_refused_before_any_derivation(bench):
    bench("a34")


def test_a36_two_clones_are_told_apart_by_one_counter(bench):
    bench("a36")


def test_a39_a_replayed_message_is_shown_once(bench):
    bench("a39")


def test_a40_swapped_messages_stand_in_the_senders_order(bench):
    bench("a40")


def test_a40_any_order_of_one_sender_is_mended(bench):
    bench("a40_many")


def test_a40_an_answer_never_stands_above_what_it_acknowledges(bench):
    bench("a40_ack")


def test_a40_a_peer_cannot_pull_later_messages_above_a_claim(bench):
    bench("a40_lie")


def test_a41_a_dropped_message_leaves_a_placeholder_and_may_come_late(bench):
    bench("a41")


def test_a41_what_does_not_come_for_a_minute_is_said_to_be_held_back(bench):
    bench("a41_withheld")


def test_a42_a_dropped_tail_is_told_by_the_next_record(bench):
    bench("a42")


def test_a43_an_echo_of_ones_own_message_is_not_the_peers(bench):
    bench("a43")


def test_a44_a_message_moved_to_another_chat_is_refused(bench):
    bench("a44")


def test_a45_another_sender_in_the_servers_words_is_refused(bench):
    bench("a45")


def test_a46_every_flipped_byte_has_one_named_refusal(bench):
    bench("a46")


def test_a47_a_ciphertext_that_commits_to_another_key_is_refused(bench):
    bench("a47")
