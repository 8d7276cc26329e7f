"""Faults of the page's own client: by its Messenger in Chromium (tests/js_chat), and by real pages (tests/browser)."""

from tests.faults.registry import in_browsers, in_page

in_page(
    11,
    "another_database_with_another_past_blocks",
    "a_lower_head_is_a_rewrite",
    "what_a_restored_server_lost_is_sent_again",
)
in_browsers(11, "tests/browser/test_restored.py")
in_page(
    20,
    "two_tabs_write_through_one",
    "a_tab_goes_on_when_the_one_in_charge_ends",
    "what_was_typed_while_the_tab_in_charge_died_goes_out_once",
    "what_was_stored_before_the_tab_in_charge_died_goes_out_once",
)
in_browsers(20, "tests/browser/test_tabs.py")
in_page(
    21,
    "a_crash_between_store_and_post_heals",
    "a_crash_after_the_post_heals",
    "an_older_copy_gets_new_keys_and_loses_nothing",
)
in_page(23, "a_full_disk_refuses_before_a_counter_is_used")
