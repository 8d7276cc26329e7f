"""A fault that hangs, however, is a verdict with its place."""

import asyncio
import time

import pytest

from tests.faults.bounds import Hung, run_bounded


async def quick():
    await asyncio.sleep(0)
    return "done"


async def waits_for_ever():
    await asyncio.Event().wait()


async def calls_it():
    await waits_for_ever()


def blocks():
    time.sleep(30)


async def keeps_the_loop():
    blocks()


def test_what_ends_gives_its_result():
    assert run_bounded(quick(), 5) == "done"


def test_what_waits_for_ever_is_told_with_its_place():
    with pytest.raises(Hung, match=r"test_bounds\.py:\d+ waits_for_ever < test_bounds\.py:\d+ calls_it"):
        run_bounded(calls_it(), 0.05)


def test_what_keeps_the_loop_is_told_with_its_place(monkeypatch):
    monkeypatch.setattr("tests.faults.bounds.END_SECONDS", 0.05)
    with pytest.raises(Hung, match=r"stood still.* blocks < test_bounds\.py:\d+ keeps_the_loop"):
        run_bounded(keeps_the_loop(), 0.05)
