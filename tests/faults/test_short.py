"""The quick faults, one after the other in one world and one history. All of them: `bin/test faults`."""

import asyncio

import pytest

from reference import link
from tests.faults import runner
from tests.faults.registry import SPECS
from tests.faults.world import template, world

pytestmark = pytest.mark.services
SHORT = (1, 2, 3, 16, 17, 18)
HEARTBEAT_SECONDS = 2.0  # instead of 25: how long a bell that never rang is missed
PATIENCE = 20.0  # how long 500 posts take is judged by bin/test faults, where nothing else runs


@pytest.fixture(scope="module")
def made():
    with asyncio.Runner() as loop, template() as prepared, pytest.MonkeyPatch.context() as patch:
        patch.setattr(link, "HEARTBEAT_SECONDS", HEARTBEAT_SECONDS)
        place = world(prepared, seed=4711, servers=2)
        opened = loop.run(place.__aenter__())
        opened.patience = PATIENCE
        try:
            yield loop, opened
        finally:
            loop.run(place.__aexit__(None, None, None))


@pytest.mark.parametrize("number", SHORT, ids=lambda number: f"F{number:02d}")
def test_it_holds(made, number):
    loop, opened = made
    loop.run(runner.judged(SPECS[number], opened))
