"""10,000 events of random schedules, from seeds that are named when something is wrong."""

import pytest

from tests.schedules.runner import run_worlds, story
from tests.vectors.browser import module_page

FIRST_SEED = 1
EVENTS = 10_000
PATIENCE = """async (isMoving) => {
    const { withPatience } = await import("/tests/schedules/patience.js");
    let steps = 0;
    const told = { steps: () => (isMoving ? (steps += 1) : 0), describe: () => "alice0 waits", lookMs: 2 };
    return withPatience(() => new Promise(() => {}), told).catch(({ message }) => message);
}"""

pytestmark = pytest.mark.browser


def test_whatever_happens_all_members_read_the_same():
    outcomes = list(run_worlds(FIRST_SEED, EVENTS))
    broken = [outcome for outcome in outcomes if outcome.findings]
    assert not broken, story(broken[0])
    assert sum(outcome.events for outcome in outcomes) >= EVENTS
    assert sum("is not shown" in outcome.trace[-1] for outcome in outcomes) >= 2
    assert sum("record of its own" in outcome.trace[-1] for outcome in outcomes) >= 1
    assert sum("is put back" in line for outcome in outcomes for line in outcome.trace) >= 20


def test_what_does_not_end_is_told():
    with module_page(answer_seconds=60) as evaluate:
        assert evaluate(PATIENCE, False) == "it stands still: alice0 waits"
        assert evaluate(PATIENCE, True) == "it does not end: alice0 waits"


def test_a_page_that_does_not_even_tell_is_ended():
    with module_page(answer_seconds=1) as evaluate, pytest.raises(TimeoutError, match="no answer within 1 s"):
        evaluate("() => { for (;;); }")
