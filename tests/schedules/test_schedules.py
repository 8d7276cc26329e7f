"""10,000 events of random schedules, from seeds that are named when something is wrong."""

import pytest

from tests.schedules.runner import run_worlds, story

FIRST_SEED = 1
EVENTS = 10_000

pytestmark = pytest.mark.browser


def test_whatever_happens_all_members_read_the_same():
    outcomes = list(run_worlds(FIRST_SEED, EVENTS))
    broken = [outcome for outcome in outcomes if outcome.findings]
    assert not broken, story(broken[0])
    assert sum(outcome.events for outcome in outcomes) >= EVENTS
    assert sum("is not shown" in outcome.trace[-1] for outcome in outcomes) >= 2
    assert sum("record of its own" in outcome.trace[-1] for outcome in outcomes) >= 1
    assert sum("is put back" in line for outcome in outcomes for line in outcome.trace) >= 20
