"""Attacks with key files: scenarios of keyfiles.js."""

import pytest

pytestmark = pytest.mark.browser


def test_a68_a_cheaper_derivation_is_refused(bench):
    bench("a68")


def test_a69_an_endless_derivation_is_refused_at_once(bench):
    bench("a69")


def test_a70_each_kind_of_wrong_file_has_a_refusal_of_its_own(bench):
    bench("a70")


def test_a71_parts_of_two_files_make_none(bench):
    bench("a71")


@pytest.mark.parametrize("way", ["a72", "a72_pins", "a72_conversation"])
def test_a72_somebody_elses_file_brings_nothing_in(bench, way):
    bench(way)


@pytest.mark.parametrize("way", ["a73", "a73_old_root"])
def test_a73_an_old_file_opens_the_history_and_says_that_it_is_old(bench, way):
    bench(way)


def test_a73_no_file_goes_on_from_a_version_that_the_log_does_not_show(bench):
    bench("a73_unlogged")


def test_a73_newer_keys_come_with_a_file_only_as_the_bundles_name_them(bench):
    bench("a73_newer_keys")


def test_a73_a_file_of_keys_from_before_a_reset_gives_their_history_alone(bench):
    bench("a73_history")


def test_a74_guessing_a_stolen_file_is_expensive(bench):
    bench("a74")


def test_a75_the_commitment_comes_before_the_ciphertext(bench):
    bench("a75")
