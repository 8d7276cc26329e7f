"""Attacks on identities and on the log, each a scenario of identity.js or logs.js."""

import pytest

pytestmark = pytest.mark.browser


def test_a01_keys_that_the_log_does_not_know_get_no_message(bench):
    bench("a01")


def test_a01_a_false_entry_in_the_log_is_seen_by_its_owner_and_changes_the_number(bench):
    bench("a01_logged")


@pytest.mark.parametrize("way", ["a02", "a02_rotated"])
def test_a02_another_root_in_mid_conversation_blocks_and_clears_the_mark(bench, way):
    bench(way)


def test_a03_a_device_without_the_roots_signature_is_refused(bench):
    bench("a03")


def test_a03_a_device_under_a_stolen_root_is_told_before_it_reads(bench):
    bench("a03_stolen")


@pytest.mark.parametrize("way", ["a04", "a04_first", "a04_record"])
def test_a04_an_old_bundle_is_not_sent_to(bench, way):
    bench(way)


@pytest.mark.parametrize("way", ["a05", "a05_known", "a05_running"])
def test_a05_a_name_that_moves_to_another_account_is_told(bench, way):
    bench(way)


@pytest.mark.parametrize("way", ["a06", "a06_moved", "a06_twice"])
def test_a06_the_device_keys_of_another_bring_nothing(bench, way):
    bench(way)


def test_a10_a_signature_has_one_form_only(bench):
    bench("a10")


@pytest.mark.parametrize("way", ["a11", "a11_nonce"])
def test_a11_a_signature_counts_for_its_own_purpose_only(bench, way):
    bench(way)


@pytest.mark.parametrize("way", ["a12", "a12_expired", "a12_low_order"])
def test_a12_a_device_without_a_sound_prekey_is_left_out(bench, way):
    bench(way)


@pytest.mark.parametrize("way", ["a17", "a17_both", "a17_heads", "a17_history", "a17_new"])
def test_a17_two_views_of_the_log_are_found_and_kept_as_evidence(bench, way):
    bench(way)


def test_a18_a_smaller_log_blocks(bench):
    bench("a18")


def test_a18_an_old_head_warns(bench):
    bench("a18_stale")


def test_a18_a_log_that_is_not_answered_warns_when_its_last_head_is_old(bench):
    bench("a18_withheld")


@pytest.mark.parametrize("way", ["a19", "a19_signature", "a19_keyfile", "a19_keyfile_size_0"])
def test_a19_a_head_under_another_key_is_refused(bench, way):
    bench(way)


@pytest.mark.parametrize(
    "way", ["a19_successor", "a19_foreign", "a19_moved", "a19_far", "a19_other_tree", "a19_old_key", "a19_first_use"]
)
def test_a19_another_key_counts_only_by_the_word_of_the_old_one_at_its_place(bench, way):
    bench(way)


@pytest.mark.parametrize("way", ["a19_rotated", "a19_keyfile_rotated"])
def test_a19_a_key_that_the_old_one_names_carries_on_and_is_told(bench, way):
    bench(way)


@pytest.mark.parametrize("way", ["a20", "a20_skip"])
def test_a20_shadow_versions_break_the_chain(bench, way):
    bench(way)


def test_a20_the_owner_finds_a_version_it_did_not_make(bench):
    bench("a20_owner")


def test_a21_the_safety_number_comes_from_the_local_keys_alone(bench):
    bench("a21")


def test_a22_the_mark_is_bound_to_the_root_that_was_compared(bench):
    bench("a22")
