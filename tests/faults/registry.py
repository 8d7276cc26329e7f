"""Which fault is made by what: `@fault(1, people=2)` above a coroutine that makes F01 in a world of that kind."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.faults.world import World

Make = Callable[[World], Awaitable[str]]


class NotMade(Exception):
    """This machine cannot make the fault; the reason."""


@dataclass(frozen=True, slots=True)
class Spec:
    """`make` does what the fault says, holds its pass line, and returns what it measured. `scenarios`: of the page's
    own client; `tests`: files of browser tests, in which real pages make it.
    """

    number: int
    make: Make | None = None
    world: dict[str, Any] = field(default_factory=dict)
    scenarios: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()


NAMES: dict[int, str] = {}
for _line in (Path(__file__).parent / "catalogue.txt").read_text("utf-8").splitlines():
    _number, _, _name = _line.partition(" ")
    NAMES[int(_number[1:])] = _name
SPECS: dict[int, Spec] = {}


def fault(number: int, **world: Any) -> Callable[[Make], Make]:
    def keep(make: Make) -> Make:
        SPECS[number] = replace(SPECS.get(number, Spec(number)), make=make, world=world)
        return make

    return keep


def in_page(number: int, *scenarios: str) -> None:
    """What the page's own client does about a fault, by scenarios of tests/js_chat."""
    SPECS[number] = replace(SPECS.get(number, Spec(number)), scenarios=scenarios)


def in_browsers(number: int, *tests: str) -> None:
    """What real pages do about a fault, with real servers: files of tests/browser."""
    SPECS[number] = replace(SPECS.get(number, Spec(number)), tests=tests)
