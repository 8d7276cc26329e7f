"""What the benches say of what they measured, without measuring anything."""

import json
import os
import re
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock
from uuid import UUID

import pytest

from accounts.tests.people import make_person
from bench import cost, crowd, delivery, generator, limits, llave, reads, scaling, table
from bench.scaling import Costs
from bench.stage import Contender, Stage
from conversations import batching
from tests import sources

CORES = 8


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: CORES)


def found(*, app: float = 0.0, cores: float = 0.0, generator: float = 0.1, threads: int = 0) -> dict[str, float]:
    """A row of a thousand messages a second: `app` and `cores` are cores."""
    return {
        "rate": 1000.0,
        "app": app,
        "cores": cores or app,
        "generator_cpu": 2 * generator,
        "seconds": 2.0,
        "threads": threads,
    }


@pytest.mark.parametrize(
    ("load", "row", "says"),
    [
        ("100/s", found(app=0.9, threads=1), "nothing: the load is given"),
        ("50 x 8", found(app=0.9, threads=1, generator=0.9), "the generator (0.90 of a core)"),
        ("50 x 8", found(app=0.9, cores=7.0, threads=1), "all cores (the generator takes 0.10)"),
        ("50 x 8", found(app=0.9, threads=1), "the server's processor time (0.90 of the time)"),
        (
            "50 x 8",
            found(app=0.8, threads=1),
            "waiting for round trips and the disk (the server works 0.80 of the time)",
        ),
        ("50 x 8", found(app=1.8, threads=2), "the server's processor time (1.80 of 2 cores)"),
        (
            "50 x 8",
            found(app=1.1, threads=2),
            "waiting for round trips and the disk (the server works 1.10 of 2 cores)",
        ),
        (
            "50 x 8",
            found(app=1.8, threads=8),
            "waiting for round trips and the disk (the server works 1.80 of 8 cores)",
        ),
        ("8 clients", found(cores=0.8), "the disk: each commit waits for it (PostgreSQL works 0.80 of 8 cores)"),
        ("1 client", found(cores=0.6), "the disk: each commit waits for it (PostgreSQL works 0.60 of the time)"),
        ("1 client", found(cores=0.9), "PostgreSQL's processor time (0.90 of the time)"),
    ],
)
def test_a_limit_is_judged_by_the_cores_that_may_be_used(load: str, row: dict[str, float], says: str) -> None:
    assert table.limit("any", load, row) == says


def test_the_table_of_idle_sockets_says_how_often_they_were_measured() -> None:
    each = {"contender": "llave", "load": "idle", "kib_a_socket": 20.0, "login_ms": 22.0}
    lines = table.markdown([each]).splitlines()
    assert lines[lines.index(table.IDLE_CAPTION) + 2].startswith("| server | KiB an idle socket |")


@pytest.mark.parametrize(("worst", "is_flat"), [(1.0, True), (1.5, True), (1.6, False)])
def test_a_growth_is_flat_within_half_as_much_again(worst: float, is_flat: bool) -> None:
    growth: cost.Growth = [(10, {"cpu": 1.0}), (100, {"cpu": worst})]
    assert cost._is_flat(growth) == is_flat


PGBENCH = """#!/bin/sh
echo "$@" >"$(dirname "$0")/words"
echo "number of transactions actually processed: 300"
"""


def test_what_postgresql_used_is_told_for_the_seconds_that_pgbench_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pgbench"
    program.write_text(PGBENCH)
    program.chmod(0o755)
    used = iter([10.0, 13.0, 20.0, 23.0])  # CPU seconds before and after each
    monkeypatch.setattr(limits, "postgresql_tools", lambda: tmp_path)
    monkeypatch.setattr(limits.psycopg, "connect", MagicMock())
    monkeypatch.setattr(limits.processes, "named_child", lambda name, of: 0)
    monkeypatch.setattr(limits.processes, "cpu_seconds", lambda roots: {"database": next(used)})
    stage = Stage("postgres://chat@127.0.0.1:1", pairs=1, idle=0, ends=ExitStack())
    monkeypatch.setattr(Stage, "database", lambda self, name: self.url(name))
    one, many = limits.Limits(stage, tmp_path).measure(2.5)
    seconds = int(re.search(r"-T (\d+)", (tmp_path / "words").read_text())[1])
    assert (one["rate"], many["rate"]) == (300 / seconds, 300 * limits.BATCH / seconds)
    assert {each["cores"] for each in (one, many)} == {3.0 / seconds}
    assert {each["seconds"] for each in (one, many)} == {seconds}


@pytest.mark.django_db(databases="__all__")
def test_idle_sockets_are_of_people_who_do_not_talk(capsys: pytest.CaptureFixture[str]) -> None:
    crowd.main(["1", "2", "3"])
    made = json.loads(capsys.readouterr().out)
    talking, others = made["people"][:2], made["people"][2:]
    idle = [llave.idle_browser(made, number) for number in range(6)]
    assert {browser["uid"] for browser in idle} == {person["uid"] for person in others}
    assert {UUID(browser["did"]).hex for browser in idle} == {did for person in others for did in person["dids"]}
    assert {made["conversations"][0][end] for end in ("from", "to")} == set(range(len(talking)))


class OfEqualSockets(generator.Generator):
    """Of a server where each socket takes 30 KiB, and 5 ms to log it in."""

    def __init__(self) -> None:
        self._roots = {"app": 1}
        self.open = self.most = self._opened = 0

    def ask(self, **step: Any) -> dict[str, Any]:
        self._opened += max(0, step["count"] - self.open)
        self.open, self.most = step["count"], max(step["count"], self.most)
        return {"idle": self.open}

    def memory_kib(self, _processes: list[int]) -> float:
        return 5000 + 30 * self.open

    def cpu_seconds(self, _roots: dict[str, int]) -> dict[str, float]:
        return {"app": 0.005 * self._opened, "database": 1.0}


@pytest.mark.parametrize("count", [1, 2, 20, 21, 1000])
def test_idle_sockets_are_measured_however_few_they_are(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    server = OfEqualSockets()
    monkeypatch.setattr(generator.processes, "memory_kib", server.memory_kib)
    monkeypatch.setattr(generator.processes, "cpu_seconds", server.cpu_seconds)
    assert server.idle(count) == {"kib_a_socket": pytest.approx(30.0), "login_ms": pytest.approx(5.0)}
    assert (server.most, server.open) == (count, 0)


class Generator:
    """Of `bench.generator`: tells what each step is to have found."""

    def __init__(self, *found: dict[str, float]) -> None:
        self._found = list(found)

    def step(self, **_step: object) -> dict[str, float]:
        return self._found.pop(0)


def test_a_size_is_the_median_of_its_rounds_and_nothing_wrong_is_lost() -> None:
    rounds = [{"cpu": 3.0, "wrong": 0}, {"cpu": 1.0, "wrong": 0}, {"cpu": 2.0, "wrong": 1}]
    options = cost._options(["--rounds", "3"])
    assert cost._measured(Generator(*rounds), 50, options) == {"cpu": 2.0, "wrong": 1}


def test_a_generator_that_ended_costs_its_servers_turn_alone(tmp_path: Path) -> None:
    ended = generator.Generator(Contender("naive", "plain", 1, "", {}, {}), tmp_path)
    ended._process.kill()
    ended._process.wait()
    with pytest.raises(RuntimeError, match="ended"):
        ended.step(do="closed")
    fresh = ended.living()
    assert fresh is not ended
    assert fresh.living() is fresh
    for each in (ended, fresh):
        each.end()


@pytest.mark.django_db
def test_a_login_is_measured_by_its_posts_again_and_again(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [reads.HOST]
    entrance = reads.Entrance(make_person("alice"))
    for _ in range(2):  # within the life of one code
        entrance.ready_for_code()
        assert entrance._browser.get("/api/me/", HTTP_HOST=reads.HOST).status_code == 401
        entrance.type_code()
        assert entrance._browser.get("/api/me/", HTTP_HOST=reads.HOST).status_code == 200


def written_constants() -> dict[str, float]:
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", sources.read("docs/scaling.md"), flags=re.MULTILINE)
    return {name: float(value) for name, value in rows}


def test_the_constants_of_the_simulation_are_those_of_its_text() -> None:
    assert written_constants() == {field.name: field.default for field in fields(Costs)}


def test_a_simulated_batch_has_the_bound_of_a_real_one():
    assert scaling.MAX_BATCH == batching.MAX_BATCH


def test_the_bench_acknowledges_as_often_as_the_page() -> None:
    (page_ms,) = re.findall(r"^const ACK_MS = ([\d_]+);", sources.read("static/js/chat/line.js"), flags=re.MULTILINE)
    assert int(page_ms) == 1000 * llave.ACK_SECONDS


@pytest.mark.parametrize(("text", "count"), [("0", 0), ("1000", 1000), ("-1", None), ("-1000", None), ("1.5", None)])
def test_idle_sockets_are_a_count(text: str, count: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    if count is not None:
        assert delivery._options([f"--idle={text}"]).idle == count
        return
    with pytest.raises(SystemExit) as ended:
        delivery._options([f"--idle={text}"])
    assert ended.value.code == 2
    assert "argument --idle: 0 or more" in capsys.readouterr().err
