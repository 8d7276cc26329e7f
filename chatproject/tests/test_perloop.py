"""What is kept for each event loop: no two share it, and nothing is left of a loop that has been closed."""

import asyncio
import gc
import weakref
from asyncio import AbstractEventLoop
from collections.abc import Iterator

import pytest

from chatproject.lib.perloop import PerLoop


class Thing:
    """Holds its loop, as whoever keeps tasks does."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()


@pytest.fixture
def things() -> PerLoop[Thing]:
    return PerLoop(Thing)


@pytest.fixture
def loops() -> Iterator[list[AbstractEventLoop]]:
    made = [asyncio.new_event_loop() for _ in range(2)]
    yield made
    for loop in made:
        loop.close()


def ask(things: PerLoop[Thing], loop: AbstractEventLoop) -> Thing:
    async def work() -> Thing:
        return things()

    return loop.run_until_complete(work())


def test_each_loop_has_one_of_its_own_and_keeps_it(things: PerLoop[Thing], loops: list[AbstractEventLoop]) -> None:
    first, second = [ask(things, loop) for loop in loops]
    assert [first.loop, second.loop] == loops
    assert [ask(things, loop) for loop in loops] == [first, second]


def test_where_no_loop_runs_there_is_none(things: PerLoop[Thing]) -> None:
    with pytest.raises(RuntimeError):
        things()
    assert things.living() == []


def test_those_of_loops_that_are_closed_are_not_listed(things: PerLoop[Thing], loops: list[AbstractEventLoop]) -> None:
    made = [(loop, ask(things, loop)) for loop in loops]
    assert things.living() == made
    loops[0].close()
    assert things.living() == made[1:]


def test_nothing_is_left_of_a_closed_loop_when_the_next_one_asks(
    things: PerLoop[Thing], loops: list[AbstractEventLoop]
) -> None:
    left = weakref.ref(ask(things, loops[0]))
    loops[0].close()
    ask(things, loops[1])
    gc.collect()
    assert left() is None
