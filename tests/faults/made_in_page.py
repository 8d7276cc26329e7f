"""Faults of the page's own client, by its real Messenger in Chromium (tests/js_chat)."""

from tests.faults.registry import in_page

in_page(11, "another_database_with_another_past_blocks", "a_lower_head_is_a_rewrite")
in_page(20, "a_second_tab_stands_aside")
in_page(
    21,
    "a_crash_between_store_and_post_heals",
    "a_crash_after_the_post_heals",
    "an_older_copy_gets_new_keys_and_loses_nothing",
)
in_page(23, "a_full_disk_refuses_before_a_counter_is_used")
