"""Makes one fault and judges it: the pass line of the fault, then the checker over the whole history."""

import importlib
import time
from dataclasses import dataclass

from tests.faults.bounds import run_bounded
from tests.faults.browsers import run_tests
from tests.faults.crowd import EQUAL_SECONDS
from tests.faults.open import OPEN
from tests.faults.people import Fault
from tests.faults.registry import SPECS, NotMade, Spec
from tests.faults.world import Template, World, world
from tests.vectors.browser import module_page

for _module in ("made_in_server", "made_in_services", "made_in_network", "made_by_members", "made_in_page"):
    importlib.import_module(f"tests.faults.{_module}")
RUN = """async (name) => (await import("/tests/js_chat/scenarios.js")).run(name)"""
MOST_SECONDS = 240.0  # of one fault, with its beginning and its end
BROWSER_SECONDS = 420.0  # of one that real pages make, in two engines


@dataclass(frozen=True, slots=True)
class Outcome:
    """`word`: held, OPEN, BROKEN or NOT MADE; `detail`: what was measured, or what is wrong."""

    word: str
    detail: str
    seconds: float = 0.0


def make(number: int, template: Template, *, seed: int, equal_seconds: float = EQUAL_SECONDS) -> Outcome:
    spec, began = SPECS.get(number), time.monotonic()
    if spec is None:
        return Outcome("OPEN", OPEN.get(number, "no test"))
    try:
        said = [_in_page(spec), _in_browsers(spec)]
        if spec.make is not None:
            said.append(run_bounded(_in_world(spec, template, seed, equal_seconds), MOST_SECONDS))
        word, detail = ("OPEN", OPEN[number]) if number in OPEN else ("held", "; ".join(filter(None, said)))
    except NotMade as reason:
        word, detail = "NOT MADE", str(reason)
    except Exception as error:
        word, detail = "BROKEN", str(error) or type(error).__name__
    return Outcome(word, detail, time.monotonic() - began)


async def judged(spec: Spec, made: World, equal_seconds: float = EQUAL_SECONDS) -> str:
    """What the fault measured. Fault when its line does not hold or an invariant is broken."""
    if spec.make is None:
        raise NotMade("this fault has no world")
    try:
        said = await spec.make(made)
    except NotMade:
        raise
    except Exception as error:
        said = [str(error) or type(error).__name__]
        try:
            await made.settle(equal_seconds)
        except Fault as more:
            said.append(str(more))
        raise Fault("; ".join(filter(None, [*said, _violations(made)]))) from error
    await made.settle(equal_seconds)
    if violations := _violations(made):
        raise Fault(violations)
    return said


async def _in_world(spec: Spec, template: Template, seed: int, equal_seconds: float) -> str:
    async with world(template, seed=seed, **spec.world) as made:
        return await judged(spec, made, equal_seconds)


def _violations(made: World) -> str:
    """The first of each invariant, and how many there are."""
    found = made.verdict()
    first = {one.invariant: one for one in reversed(found)}
    text = "; ".join(str(first[invariant]) for invariant in sorted(first))
    return f"{text} ({len(found)} in all)" if len(found) > len(first) else text


def _in_page(spec: Spec) -> str:
    if not spec.scenarios:
        return ""
    with module_page() as evaluate:
        for name in spec.scenarios:
            outcome = evaluate(RUN, name)
            if outcome["faults"]:
                raise Fault(f"{name}: {outcome['faults']}")
    return f"{len(spec.scenarios)} scenarios of the page"


def _in_browsers(spec: Spec) -> str:
    return f"{run_tests(spec.tests, BROWSER_SECONDS)}, real pages" if spec.tests else ""
