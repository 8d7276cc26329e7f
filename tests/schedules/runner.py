"""Runs schedules in a page: worlds of a few hundred events, one after another, each from a seed of its own."""

import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any

from reference.errors import ProtocolError
from reference.link import PostRefused
from reference.web import HttpRefused
from tests.schedules.second import Second, simulated
from tests.vectors.browser import Evaluate, module_page

EVENTS_A_WORLD = 400
HOSTILE_EVERY = 4  # in every fourth world the server lies at the end
SECOND_EVERY = 3  # in every third world the reference is a member, too
PART = 25  # events, then it is the reference's turn
ANSWER_SECONDS = 300  # the page tells by itself what stands still (patience.js), unless it does not even get that far
OPEN = """async ([seed, isHostile]) => {
    const { World } = await import("/tests/schedules/schedule.js");
    globalThis.world = new World(seed, { isHostile });
    return globalThis.world.attempt("begin");
}"""
GO_ON = "async (count) => globalThis.world.attempt('run', count)"
SPEAKS = "(text) => globalThis.world.secondSays(text)"
FINISH = "async () => globalThis.world.finish()"
CLOSE = """async (told) => {
    const { world } = globalThis;
    return { findings: await world.end(told), events: world.events, trace: world.trace };
}"""


@dataclass(frozen=True)
class Outcome:
    seed: int
    events: int
    seconds: float
    findings: list[str]
    trace: list[str] = field(repr=False)


def run_worlds(first_seed: int, events: int) -> Iterator[Outcome]:
    """Worlds from that seed on, until so many events happened."""
    seed = first_seed
    with module_page(answer_seconds=ANSWER_SECONDS) as evaluate:
        while events > 0:
            try:
                outcome = run_world(evaluate, seed, min(EVENTS_A_WORLD, events))
            except TimeoutError as error:
                error.add_note(f"seed {seed}")
                raise
            yield outcome
            events -= outcome.events
            seed += 1


def run_world(evaluate: Evaluate, seed: int, events: int) -> Outcome:
    """One world; what went wrong stands in `findings`."""
    began = time.monotonic()
    goes_on = evaluate(OPEN, [seed, seed % HOSTILE_EVERY == 0])
    person = "alice" if seed % 2 else "bob"
    told: dict[str, Any] = {"isComparable": False, "second": None}
    failures = []
    try:
        with simulated(evaluate) as pairs, ExitStack() as opened:
            second = None
            if goes_on and seed % SECOND_EVERY == 0:
                second = opened.enter_context(closing(Second(evaluate, person)))
            _take_turns(evaluate, events, second)
            told["isComparable"] = evaluate(FINISH)
            if second and told["isComparable"]:
                told["second"] = {"texts": second.texts(), "codes": second.codes, "pairs": pairs}
    except (ProtocolError, PostRefused, HttpRefused) as error:
        failures = [f"the reference failed: {error!r} {traceback.format_exc()}"]
    closed = evaluate(CLOSE, told)
    findings = failures + closed["findings"]
    return Outcome(seed, closed["events"], time.monotonic() - began, findings, closed["trace"])


def _take_turns(evaluate: Evaluate, events: int, second: Second | None) -> None:
    for turn in range(0, events, PART):
        if not evaluate(GO_ON, min(PART, events - turn)):
            return
        if second:
            evaluate(SPEAKS, f"r{turn}")
            second.say(f"r{turn}")


def shrunk(outcome: Outcome) -> Outcome:
    """The shortest beginning of that world which still fails, by halves; itself when nothing shorter does."""
    shortest, low, high = outcome, 0, outcome.events
    with module_page(answer_seconds=ANSWER_SECONDS) as evaluate:
        while high - low > 1:
            middle = (low + high) // 2
            tried = run_world(evaluate, outcome.seed, middle)
            if tried.findings:
                shortest, high = tried, middle
            else:
                low = middle
    return shortest


def story(outcome: Outcome) -> str:
    """What a person needs to look into a failure."""
    again = f"python -m tests.schedules --seed {outcome.seed} --events {outcome.events} --worlds 1"
    return "\n".join([f"seed {outcome.seed}: again with {again}", *outcome.findings, *outcome.trace])
