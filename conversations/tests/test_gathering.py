"""One read for all who ask at about the same time, and none that began before it was asked for."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

import pytest
from django.db import OperationalError

from conversations import gathering
from conversations.gathering import Gathering

pytestmark = pytest.mark.asyncio
PATIENCE_SECONDS = 30


class Database:
    """Answers a read when it is told to, with how many there were before."""

    def __init__(self) -> None:
        self.reads: list[set[str]] = []
        self.began = asyncio.Event()
        self._answers: list[asyncio.Future[None]] = []

    async def read(self, keys: Collection[str]) -> Mapping[str, int]:
        number = len(self.reads)
        self.reads.append(set(keys))
        self._answers.append(asyncio.get_running_loop().create_future())
        self.began.set()
        await self._answers[number]
        return dict.fromkeys(keys, number)

    def answer(self) -> None:
        self._answers[-1].set_result(None)

    def fail(self, error: Exception) -> None:
        self._answers[-1].set_exception(error)


@pytest.fixture
def database() -> Database:
    return Database()


async def settle() -> None:
    """Until all that can go on now has."""
    for _ in range(10):
        await asyncio.sleep(0)


async def told(answers: Collection[Any]) -> list[Any]:
    return await asyncio.wait_for(asyncio.gather(*answers, return_exceptions=True), PATIENCE_SECONDS)


async def test_who_comes_while_others_are_read_is_read_with_the_next(database: Database) -> None:
    asks = Gathering("any", database.read)
    first = [asks.ask("a")]
    await settle()
    others = [asks.ask(key) for key in "bcdb"]
    await settle()
    assert database.reads == [{"a"}], "at once; and the others wait"
    database.answer()
    await settle()
    assert database.reads == [{"a"}, {"b", "c", "d"}]
    database.answer()
    assert await told(first + others) == [0, 1, 1, 1, 1]


async def test_what_is_told_was_read_after_it_was_asked_for(database: Database) -> None:
    asks = Gathering("any", database.read)
    before = asks.ask("a")
    await settle()
    after = asks.ask("a")
    database.answer()
    await settle()
    database.answer()
    assert await told([before, after]) == [0, 1]


async def test_so_many_are_read_together_and_no_more(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MAX_TOGETHER", 2)
    asks = Gathering("any", database.read)
    answers = [asks.ask(key) for key in "abcde"]
    for _ in range(3):
        await settle()
        database.answer()
    assert await told(answers) == [0, 0, 1, 1, 2]


async def test_with_a_pause_who_comes_in_it_is_read_together(database: Database) -> None:
    asks = Gathering("any", database.read, pause=0.01)
    answers = [asks.ask("a")]
    await settle()
    answers.append(asks.ask("b"))
    await asyncio.wait_for(database.began.wait(), PATIENCE_SECONDS)
    database.answer()
    assert (await told(answers), database.reads) == ([0, 0], [{"a", "b"}])


@pytest.mark.parametrize("error", [OperationalError(), TimeoutError()])
async def test_who_waits_behind_a_database_that_cannot_answer_is_told_so_too(
    database: Database, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    asks = Gathering("any", database.read)
    answers = [asks.ask("a")]
    await settle()
    answers.append(asks.ask("b"))
    database.fail(error)
    assert (await told(answers), database.reads) == ([error, error], [{"a"}])
    later = asks.ask("c")
    await settle()
    database.answer()
    assert await told([later]) == [1]
    assert caplog.text == "", "who asked says it"


async def test_a_mistake_of_ours_is_logged_and_ends_its_own_read_alone(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    asks, error = Gathering("reads of any", database.read), RuntimeError("SECRET")
    answers = [asks.ask("a")]
    await settle()
    answers.append(asks.ask("b"))
    database.fail(error)
    await settle()
    database.answer()
    assert await told(answers) == [error, 1]
    assert "reads of any failed: RuntimeError" in caplog.text
    assert "SECRET" not in caplog.text


async def test_who_went_away_keeps_nobody_from_an_answer(database: Database) -> None:
    asks = Gathering("any", database.read)
    gone, stays = asks.ask("a"), asks.ask("b")
    gone.cancel()
    await settle()
    database.answer()
    assert await told([stays]) == [0]
