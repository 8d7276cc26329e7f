"""Attacks on epochs, each a scenario of records.js: records that an honest peer would never make."""

import pytest

pytestmark = pytest.mark.browser


def test_a07_stolen_keys_without_the_last_secret_open_no_next_epoch(bench):
    bench("a07")


def test_a07_copies_of_both_browsers_read_on_only_until_each_side_made_a_record(bench):
    bench("a07_copies")


@pytest.mark.parametrize("place", ["a08", "a08_all"])
def test_a08_points_of_low_order_are_refused(bench, place):
    bench(place)


@pytest.mark.parametrize("encoding", ["a09", "a09_large"])
def test_a09_another_encoding_of_a_key_is_refused(bench, encoding):
    bench(encoding)


@pytest.mark.parametrize("object_", ["a16_record", "a16_envelope", "a16_bundle"])
def test_a16_another_suite_is_refused(bench, object_):
    bench(object_)


def test_a25_an_old_epoch_blocks_and_its_keys_are_never_used_again(bench):
    bench("a25")


@pytest.mark.thorough
@pytest.mark.parametrize("way", ["a25_later", "a25_places", "a25_file", "a25_keyless", "a25_stray"])
def test_a25_what_stands_behind_the_end_of_its_epoch_is_not_believed_later(bench, way):
    bench(way)


def test_a26_two_branches_are_found_at_the_first_message_across(bench):
    bench("a26")


def test_a27_an_honest_race_is_settled_without_a_word(bench):
    bench("a27")


@pytest.mark.parametrize("seen_by", ["a28", "a28_owner"])
def test_a28_a_restart_by_a_known_device_blocks(bench, seen_by):
    bench(seen_by)


def test_a29_another_secret_for_one_recipient_is_refused(bench):
    bench("a29")


def test_a30_a_poisoned_record_freezes_neither_the_chat_nor_others(bench):
    bench("a30")


@pytest.mark.parametrize("flip", ["a31", "a31_real"])
def test_a31_the_mode_changes_in_sight_or_not_at_all(bench, flip):
    bench(flip)


@pytest.mark.parametrize("change", ["a32", "a32_swap"])
def test_a32_history_wraps_are_bound_to_the_record(bench, change):
    bench(change)


@pytest.mark.parametrize(("forgery", "code"), [("a32_forged", "BAD_CONFIRM"), ("a32_garbage", "BAD_TAG")])
def test_a32_history_under_a_key_of_the_servers_choice_is_told_and_not_shown(bench, forgery, code):
    codes = bench(forgery)
    assert code in codes
    assert codes.count("NO_EPOCH_KEY") == 2
