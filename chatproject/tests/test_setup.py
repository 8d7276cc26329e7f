"""What `check_setup` says of the log of keys and of the nightly jobs."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connections

from chatproject.lib import jobs
from chatproject.services.setup import Finding, jobs_run, log_is_signed
from keys.models import LogHead, LogLeaf

DAY_SECONDS = 24 * 60 * 60
pytestmark = pytest.mark.django_db(databases="__all__")


def codes(look: Callable[[], Iterator[Finding]]) -> list[str]:
    return [finding.code for finding in look()]


def make_leaf() -> None:
    LogLeaf.objects.create(index=0, leaf=b"leaf", leaf_hash=bytes(32))


def make_head(age_seconds: float) -> None:
    LogHead.objects.create(size=1, root=bytes(32), ts_ms=int((time.time() - age_seconds) * 1000), sig=bytes(64))


def test_a_log_that_was_signed_today_is_well() -> None:
    make_leaf()
    make_head(3 * DAY_SECONDS)
    make_head(DAY_SECONDS / 2)
    assert codes(log_is_signed) == []


def test_a_log_whose_newest_head_is_old_is_told() -> None:
    make_leaf()
    make_head(2 * DAY_SECONDS)
    (found,) = log_is_signed()
    assert (found.code, found.serious) == ("LOG_NOT_SIGNED", False)
    assert "keylog_sign" in found.fix


def test_a_log_with_leaves_and_no_head_at_all_is_told() -> None:
    make_leaf()
    assert codes(log_is_signed) == ["LOG_NOT_SIGNED"]


def test_a_log_without_leaves_needs_no_head() -> None:
    assert codes(log_is_signed) == []
    make_head(2 * DAY_SECONDS)
    assert codes(log_is_signed) == []


def test_a_database_that_does_not_answer_is_told_by_another_look() -> None:
    def away(*_: object) -> None:
        raise DatabaseError

    with connections["default"].execute_wrapper(away):
        assert codes(log_is_signed) == []


@pytest.fixture
def nothing_done(settings: Any) -> Iterator[None]:
    """With a Redis, as far as the look is concerned, in which no job has told anything."""
    settings.REDIS_URL = "redis://127.0.0.1/0"
    cache.clear()
    yield
    cache.clear()


@pytest.mark.usefixtures("nothing_done")
def test_every_job_that_was_never_done_is_told() -> None:
    assert [finding.says.split()[0] for finding in jobs_run()] == list(jobs.JOBS)


@pytest.mark.usefixtures("nothing_done")
@pytest.mark.parametrize("late", jobs.JOBS)
def test_the_job_that_is_late_is_told(late: str) -> None:
    for job in jobs.JOBS:
        if job != late:
            jobs.succeeded(job)
    (found,) = jobs_run()
    assert found.code == "JOB_LATE"
    assert found.fix.endswith(f"llave manage {late}")
