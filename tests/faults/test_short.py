"""The quick faults, one after the other in one world and one history. All of them: `bin/test faults`.

Everything is judged as there but one thing: how quick F18's 500 posts are. That measures the machine as well, which
other tests share with this one; here F18 says that there is no gap, no deadlock and no loss, and nothing of its p99.
"""

import asyncio

import pytest

from reference import link
from tests.faults import runner
from tests.faults.registry import SPECS
from tests.faults.world import template, world

pytestmark = pytest.mark.services
SHORT = (1, 2, 3, 16, 17, 18)
HEARTBEAT_SECONDS = 2.0  # instead of 25: how long a bell that never rang is missed


@pytest.fixture(scope="module")
def made():
    with asyncio.Runner() as loop, template() as prepared, pytest.MonkeyPatch.context() as patch:
        patch.setattr(link, "HEARTBEAT_SECONDS", HEARTBEAT_SECONDS)
        place = world(prepared, seed=4711, servers=2)
        opened = loop.run(place.__aenter__())
        opened.judges_speed = False
        try:
            yield loop, opened
        finally:
            loop.run(place.__aexit__(None, None, None))


@pytest.mark.parametrize("number", SHORT, ids=lambda number: f"F{number:02d}")
def test_it_holds(made, number):
    loop, opened = made
    loop.run(runner.judged(SPECS[number], opened))
