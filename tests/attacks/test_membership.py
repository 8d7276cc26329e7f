"""Attacks on who is let in, and on what a profile holds: scenarios of membership.js and storage.js."""

import pytest

pytestmark = pytest.mark.browser


def test_a13_a_one_time_prekey_opens_one_record_only(bench):
    bench("a13")


def test_a14_a_chat_begins_without_one_time_prekeys_and_record_and_page_say_so(bench):
    bench("a14")


def test_a15_a_replayed_start_is_silent(bench):
    bench("a15")


def test_a15_a_second_chat_of_the_pair_is_told_apart_and_waits_for_a_choice(bench):
    bench("a15_second")


def test_a23_a_new_browser_is_told_in_every_other_one_and_can_be_taken_off(bench):
    bench("a23")


def test_a23_every_other_browser_is_told_open_or_closed(bench):
    bench("a23_every")


def test_a33_a_browser_that_was_left_out_says_so_and_asks(bench):
    bench("a33")


def test_a33_the_others_list_it_on_both_sides(bench):
    bench("a33_listed")


def test_a35_an_old_copy_of_the_profile_blocks_and_uses_no_key_twice(bench):
    bench("a35")


def test_a36_the_honest_browser_finds_its_clone_with_one_message(bench):
    bench("a36_own")


def test_a37_prekeys_past_their_date_are_gone_from_the_profile(bench):
    bench("a37")


def test_a60_a_strangers_browser_does_not_answer_by_itself(bench):
    bench("a60")


def test_a76_last_weeks_database_is_told_at_once(bench):
    bench("a76")


@pytest.mark.parametrize("way", ["a77", "a77_first"])
def test_a77_an_emptied_browser_gets_everything_back_from_the_file(bench, way):
    bench(way)


def test_a79_nothing_is_restored_that_the_peers_browser_did_not_make(bench):
    bench("a79")


def test_a78_a_locked_profile_gives_a_thief_nothing(bench):
    bench("a78")
