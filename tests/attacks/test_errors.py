"""The closed list of errors (protocol.md, section 13), code by code.

Each of class W and B is reached by the real client and ends in a line or a stop; what a stop holds back is the same for
all.
"""

import pytest

from tests.ui.test_words import listed

pytestmark = pytest.mark.browser

# code: the scenario of this folder that drives the real Messenger to it
LINES = {
    "BAD_CONFIRM": "a29",
    "EPOCH_GAP": "far_epoch",
    "COUNTER_GAP": "a41",
    "MESSAGES_WITHHELD": "a41_withheld",
    "COUNTER_REUSE": "a36",
    "MODE_CHANGED": "a31_real",
    "DEVICE_ADDED": "a03_stolen",
    "DEVICE_REMOVED": "a04",
    "NAME_REBOUND": "a05",
    "NOT_A_MEMBER": "not_a_member",
    "LOG_KEY_ROTATED": "a19_rotated",
    "LOG_STALE": "a18_stale",
    "CLOCK_SKEW": "wrong_clock",
    "SEQ_GAP": "announced_only",
    "KEYFILE_STALE": "a73",
}
STOPS = {
    "ROOT_ROTATED": "a02_rotated",
    "ROOT_RESET": "a02",
    "RESTART_SUSPECT": "a28",
    "EPOCH_FORK": "a26",
    "EPOCH_ROLLBACK": "a25",
    "BUNDLE_NOT_IN_LOG": "a01",
    "BUNDLE_CHAIN_BROKEN": "a20",
    "STALE_BUNDLE": "a04_record",
    "LOG_BAD_HEAD": "a19",
    "LOG_ROLLBACK": "a18",
    "LOG_SPLIT_VIEW": "a17",
    "LOG_SELF_FORGED": "a20_owner",
    "SELF_FORGED": "a28_owner",
    "STATE_ROLLBACK": "a76",
    "STORAGE_LOST": "storage_gone",
    "SEQ_REWRITE": "rewritten",
    "CODE_UNTRUSTED": "unknown_program",
}


def test_the_tables_name_every_code():
    assert set(LINES) == set(listed()["W"])
    assert set(STOPS) == set(listed()["B"])


@pytest.mark.thorough
@pytest.mark.parametrize("code", LINES)
def test_each_warning_ends_in_a_line(scenario, code):
    assert code in scenario(LINES[code])["lines"]


@pytest.mark.thorough
@pytest.mark.parametrize("code", STOPS)
def test_each_stop_is_reached(scenario, code):
    assert code in scenario(STOPS[code])["stops"]


def test_every_stop_holds_everything_back_until_the_person_decides(bench):
    assert {*bench("every_stop"), *bench("every_other_stop")} == set(listed()["B"])
