"""Attacks on time and renewal, each a scenario of renewal.js."""

import pytest

pytestmark = pytest.mark.browser


def test_a28_a_restart_that_takes_a_timer_off_blocks_and_says_so(bench):
    bench("a28_timer")


@pytest.mark.parametrize("way", ["a38", "a38_conflict"])
def test_a38_keys_that_are_never_renewed_are_told_and_then_not_used(bench, way):
    bench(way)


def test_a38_three_days_without_new_keys_are_told(bench):
    bench("a38_time")


def test_a38_a_change_of_browsers_is_never_put_off(bench):
    bench("a38_removed")


def test_a54_a_clock_that_is_set_back_keeps_nothing(bench):
    bench("a54")


def test_a54_what_ended_does_not_come_back(bench):
    bench("a54_again")


@pytest.mark.thorough
def test_a54_what_is_sent_again_ends_when_it_would_have(bench):
    bench("a54_moved")
