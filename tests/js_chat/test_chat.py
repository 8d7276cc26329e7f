"""The chat of the page: Messengers of several browsers in one Chromium page, against the contract in memory."""

import pytest

from reference.account import open_account
from reference.archive import open_archive
from reference.encoding import unb64
from reference.transcript import read_transcript
from tests.vectors.browser import module_page

pytestmark = pytest.mark.browser

RUN = """async (name) => {
    const { run } = await import("/tests/js_chat/scenarios.js");
    return run(name);
}"""
NAMES = """async () => (await import("/tests/js_chat/scenarios.js")).NAMES"""

EXPORT = "an_export_holds_everything_but_the_key"
SCENARIOS = [
    "setup_steps_and_phases",
    "setup_goes_on_after_a_lost_answer",
    "first_chat_both_ways",
    "a_chat_with_oneself",
    "an_older_copy_that_was_opened_offline_stops_once_online",
    "another_decision_does_not_let_an_older_copy_go_on",
    "delivered_ticks",
    "a_chat_is_shown_while_its_lock_waits_for_the_server",
    "a_tick_outlives_my_own_new_keys",
    "a_message_that_was_under_way_with_a_record_gets_its_tick",
    "an_offline_queue_is_sent_once",
    "a_lost_answer_makes_no_second_message",
    "a_crash_between_store_and_post_heals",
    "a_crash_after_the_post_heals",
    "a_reload_goes_on",
    "two_first_messages_race",
    "an_imported_key_file_reads_and_writes",
    "a_new_browser_alone_restarts",
    "a_reset_root_blocks_until_decided",
    "a_replayed_event_is_shown_once",
    "a_broken_message_is_kept_as_missing",
    "a_taken_counter_blocks_and_repair_heals",
    "a_refused_message_can_be_tried_again",
    "without_sockets_it_polls",
    "over_https_a_pull_that_failed_is_made_again",
    "a_browser_that_polls_waits_at_the_server",
    "where_sockets_hang_it_polls_and_goes_on",
    "a_conversation_file_reads_back",
    EXPORT,
    "two_tabs_write_through_one",
    "what_one_tab_shows_the_other_shows",
    "every_verb_is_done_by_the_tab_in_charge",
    "a_tab_goes_on_when_the_one_in_charge_ends",
    "what_was_typed_while_the_tab_in_charge_died_goes_out_once",
    "what_was_stored_before_the_tab_in_charge_died_goes_out_once",
    "a_lock_in_one_tab_locks_all_and_keeps_what_is_typed",
    "a_stuck_tab_can_be_replaced",
    "a_tab_with_another_program_stands_aside",
    "a_tab_whose_login_ended_lets_another_go_on",
    "a_tab_that_is_older_than_the_login_lets_another_go_on",
    "without_a_login_no_tab_keeps_the_next_one_waiting",
    "what_the_server_leaves_out_is_seen",
    "an_idle_browser_locks",
    "another_database_with_another_past_blocks",
    "pages_of_a_long_chat",
    "what_was_missed_is_looked_up_by_the_page",
    "pages_that_lead_nowhere_end",
    "wrong_shapes_are_named",
    "a_chat_begins_before_the_session_knows_the_browser",
    "nobody_else_is_let_into_a_pair",
    "a_line_that_is_closing_takes_nothing",
    "waits_have_bounds",
    "a_post_that_nobody_heard_is_sent_again",
    "a_request_without_an_answer_ends",
    "a_place_that_is_taken_is_a_rewrite",
    "other_bytes_than_were_sent_are_a_rewrite",
    "a_lower_head_is_a_rewrite",
    "a_late_lower_head_is_nothing",
    "the_past_is_compared_before_anything_is_read",
    "nothing_is_read_while_the_past_waits_to_be_compared",
    "an_own_message_again_is_silent",
    "an_epoch_far_away_moves_nothing",
    "keys_that_the_server_denies_stay",
    "a_chain_without_an_end_ends",
    "a_log_without_an_end_ends",
    "wrong_prekey_numbers_keep_nothing_back",
    "a_message_taken_back_stays_back",
    "trying_again_what_goes_out_anyway_is_nothing",
    "two_clicks_unlock_once",
    "what_does_not_load_is_not_open",
    "no_timer_outlives_the_lock",
    "a_mark_is_for_the_root_that_was_shown",
    "what_is_too_long_on_the_wire_is_said_at_once",
    "what_had_no_keys_is_read_in_its_place",
    "what_stands_behind_the_end_of_its_epoch_is_not_read_later",
    "what_was_missed_under_two_records_is_read_each_under_its_own",
    "a_chat_file_shows_nothing_from_behind_the_end_of_its_epoch",
    "a_record_without_a_key_in_the_chat_file_ends_an_epoch_too",
    "a_record_that_follows_no_other_neither_ends_nor_reopens_an_epoch_of_a_chat_file",
    "what_a_resend_moves_ends_though_its_epoch_is_long_over",
    "an_older_copy_gets_new_keys_and_loses_nothing",
    "an_older_copy_with_older_keys_of_the_account_is_told_so_and_brought_the_file",
    "a_renewal_goes_on_after_a_lost_answer",
    "what_a_restored_server_lost_is_sent_again",
    "lost_keys_are_agreed_anew_and_no_text_is_lost",
    "a_browser_that_lost_its_storage_says_so",
    "a_timer_is_agreed_and_told_at_both_sides",
    "a_chat_can_begin_with_a_timer",
    "texts_with_a_timer_end_at_both_sides",
    "a_clock_that_is_turned_neither_keeps_nor_spares",
    "what_ended_while_locked_is_gone_at_the_next_unlock",
    "nothing_of_a_timer_epoch_is_left_to_read_with",
    "a_message_without_its_bytes_is_a_gap_where_nothing_ends",
    "browsers_are_listed_and_named_here",
    "a_lock_ends_what_is_being_done_to_the_keys",
    "only_the_browsers_that_were_shown_are_known",
    "a_removed_browser_reads_nothing_new_and_writes_nothing",
    "a_browser_that_learns_of_its_removal_while_it_makes_keys_makes_none",
    "own_new_keys_are_no_forgery_to_who_looks_meanwhile",
    "after_a_removal_an_old_file_opens_only_what_was",
    "a_removal_goes_on_after_a_lost_answer",
    "new_keys_of_the_account_are_signed_with_the_old_ones",
    "a_browser_that_was_away_for_long_reads_what_waited",
    "a_leaf_that_is_a_week_old_is_renewed_without_a_message",
    "another_passphrase_opens_everything_from_then_on",
    "a_passphrase_that_could_not_be_stored_changes_nothing",
    "the_key_file_is_asked_for_after_a_week_a_month_and_three",
    "a_reply_quotes_what_is_kept_here",
    "what_is_done_to_a_message_reaches_every_browser",
    "what_is_done_offline_goes_out_once",
    "nobody_changes_what_is_not_theirs",
    "a_change_that_is_refused_is_taken_off_the_screen",
    "who_has_read_is_told_under_seal",
    "what_one_browser_read_is_read_in_the_others",
    "a_full_disk_refuses_before_a_counter_is_used",
    "a_full_disk_keeps_nobody_out_and_shows_nothing_that_has_ended",
    "what_could_not_be_stored_is_not_sent_twice_again",
    "a_newer_web_session_goes_on",
    "a_line_that_was_too_much_stays_away_a_minute",
    "a_clock_a_day_off_is_told",
    "who_comes_back_while_a_line_fails_is_not_kept_waiting",
    "a_version_that_comes_between_bundles_and_log_is_no_alarm",
    "an_older_copy_is_not_told_of_messages_held_back",
    "an_event_handed_over_needs_no_pull",
    "messages_that_cross_need_no_pull",
    "an_event_handed_over_out_of_turn_is_a_bell",
    "an_event_handed_over_twice_out_of_turn_is_no_gap",
    "an_answer_from_before_the_news_is_no_gap",
    "a_program_that_the_log_does_not_name_stops_writing",
    "a_file_goes_up_before_its_message_and_comes_down_whole",
    "texts_do_not_wait_for_a_file",
    "a_file_waits_as_long_as_the_server_asks",
    "an_upload_goes_on_after_a_reload",
    "a_blob_that_the_server_lost_goes_up_again",
    "a_server_that_lost_the_thread_gets_all_of_it_again",
    "a_file_that_is_opened_twice_at_once_is_whole_both_times",
    "a_refused_file_is_told_and_can_be_tried_again_or_taken_back",
    "bytes_of_an_attempt_that_was_cut_off_are_swept",
    "what_a_person_deletes_is_gone_at_the_server",
    "a_file_that_a_restored_server_lost_is_sent_again",
    "a_file_that_is_gone_or_too_large_is_told",
    "new_keys_of_the_account_are_brought_by_the_file_and_the_chats_stay",
    "where_the_new_keys_of_the_account_are_unknown_nothing_on_it_is_changed",
    "the_file_of_keys_from_before_a_reset_opens_their_messages_alone",
    "the_next_key_file_holds_the_keys_from_before_a_reset",
    "what_is_told_while_the_last_is_stored_is_told_next",
    "a_long_history_is_read_to_its_end",
    "a_browser_taken_off_comes_back_with_the_file_of_the_other",
    "a_browser_that_comes_back_is_in_its_own_list_at_once",
    "newer_history_keys_come_with_the_file_and_another_passphrase",
    "a_new_browser_is_told_in_every_other_one_until_the_person_knows_it",
    "what_was_done_to_messages_is_sent_again_after_a_restore",
    "a_reaction_to_a_message_that_was_lost_finds_it_when_it_is_sent_again",
    "who_is_not_reached_is_listed_on_both_sides",
    "marks_reads_and_settings_are_the_same_in_every_browser",
    "a_second_chat_of_a_pair_is_used_only_when_the_person_says_so",
]


@pytest.fixture(scope="module")
def evaluate():
    with module_page() as run_in_page:
        yield run_in_page


def test_every_scenario_is_run(evaluate):
    assert sorted(evaluate(NAMES)) == sorted(SCENARIOS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_holds(evaluate, name):
    outcome = evaluate(RUN, name)
    assert outcome["faults"] == []
    assert not [problem for problem in outcome["problems"] if problem.startswith("UNEXPECTED")]


def test_an_export_of_the_page_is_verified_and_read_by_the_reference(evaluate):
    told = evaluate(RUN, EXPORT)["told"]
    account = open_account(unb64(told["keyFile"]), told["passphrase"])
    archive = open_archive(unb64(told["bytes"]), hk_seeds=account.hk_seeds.values())
    lines = list(read_transcript(archive, account))
    names = dict(zip(archive.uids, archive.names, strict=True))
    said = [(names[line.uid], line.fields["body"]) for line in lines]
    assert said == [("alice", "hello"), ("bob", "hi"), ("alice", "more")]
    assert not any(line.code for line in lines)
