"""Requests that wait, at real server processes: what they hold of one, who rings them, and what is left of them."""

import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from conversations.longpoll import MAX_OF_DEVICE
from conversations.tests.polls import HEADS
from conversations.tests.test_drain import PATIENCE_SECONDS, Line, begin_to_end
from conversations.tests.test_serve import ROOT, Site, wait_until

PEOPLE = [f"person{number}" for number in range(20)]
MANY_THREADS = 40  # of a process; those who wait are more
MAKE_PEOPLE = """
import json, sys, django
django.setup()
from conversations.tests.outfit import make_visitor
print(json.dumps({name: {"session": make_visitor(name).session_key} for name in sys.argv[1:]}))
"""
SERVE = """
import sys, django
django.setup()
from django.core.management import execute_from_command_line
from conversations import longpoll
longpoll.WAIT_SECONDS = 600.0
execute_from_command_line(sys.argv)
"""


class Patient(Site):
    """Its processes never answer because time is up."""

    def start(self, *options: str, skip: bool = False) -> int:
        command = [sys.executable, "-c", SERVE, "serve", "--port", "0", *options]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        process = subprocess.Popen(command, cwd=ROOT, env=self._environment, **pipes)
        self.processes.append(process)
        assert process.stdout
        line = next((each for each in process.stdout if each.startswith("Ready on")), "")
        return int(line.rstrip("/\n").rsplit(":", 1)[1])

    def threads(self) -> int:
        status = Path(f"/proc/{self.processes[-1].pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("Threads:")).split()[1])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Patient:
    site = Patient(tmp_path_factory.mktemp("patient"))
    site._python("manage.py", "collectstatic", "--no-input", "--verbosity", "0")
    site.words |= json.loads(site._python("-c", MAKE_PEOPLE, *PEOPLE).splitlines()[-1])
    return site


@pytest.fixture
def site(made: Patient) -> Iterator[Patient]:
    """Processes of the test's own, on one data folder."""
    yield made
    made.end()


def told(line: Line) -> dict[str, Any]:
    answer = line.line.getresponse()
    body = json.loads(answer.read())
    assert answer.status == 200, body
    return {**body, "Connection": answer.getheader("Connection")}


def wait_at(line: Line, since: str) -> None:
    line.ask("GET", f"{HEADS}?{urlencode({'since': since})}")


def mark(line: Line) -> str:
    line.ask("GET", HEADS)
    return str(told(line)["since"])


def answered(lines: list[Line]) -> list[Line]:
    ready = select.select([each.line.sock for each in lines], [], [], 0)[0]
    return [each for each in lines if each.line.sock in ready]


def all_wait(site: Site, port: int, name: str) -> list[Line]:
    """As many as may, on lines of their own, until no other is let in."""
    lines = [Line(site, port, name) for _ in range(MAX_OF_DEVICE)]
    since = mark(lines[0])

    def is_full() -> bool:
        for each in answered(lines):  # the question below had taken a place
            assert each.line.getresponse().read() == b'{"error": "TOO_MANY", "retry_after": 5}'
            wait_at(each, since)
        return Line(site, port, name).answer("GET", HEADS).status == 429

    for each in lines:
        wait_at(each, since)
    wait_until(is_full)
    return lines


def test_those_who_wait_hold_no_thread_and_are_answered_when_the_server_ends(site: Patient) -> None:
    port = site.start()
    lines = [line for name in PEOPLE for line in all_wait(site, port, name)]
    wait_until(lambda: site.threads() < MANY_THREADS)
    assert len(lines) == 60
    assert Line(site, port, "alice").answer("GET", "/api/conversations/").status == 200
    assert not answered(lines), "all of them wait"
    site.processes[-1].send_signal(signal.SIGTERM)
    assert [told(each)["heads"] for each in lines] == [{}] * len(lines)
    assert site.processes[-1].wait(timeout=PATIENCE_SECONDS) == 0


def test_a_server_that_ends_keeps_nobody_waiting_any_more(site: Patient) -> None:
    port = site.start()
    alice, bob = Line(site, port, "alice"), Line(site, port, "bob")
    since = mark(bob)
    lock = sqlite3.connect(Path(site._environment["DATA_DIR"]) / "chat.sqlite3", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    alice.ask("POST", f"/api/conversations/{site.words['cid']}/events/", site.post("alice"))
    assert Line(site, port, "bob").answer("GET", "/healthz").status == 200, "what was sent before was read, too"
    begin_to_end(site, port)
    wait_at(bob, since)
    last = told(bob)
    assert (last["f"], last["heads"], last["Connection"]) == ("heads", {}, "close")
    lock.execute("ROLLBACK")
    assert told(alice)["f"] == "accepted"
    assert site.processes[-1].wait(timeout=PATIENCE_SECONDS) == 0


def test_who_hangs_up_waits_no_more(site: Patient) -> None:
    port = site.start()
    for each in all_wait(site, port, "bob"):
        each.line.close()
    wait_until(lambda: Line(site, port, "bob").answer("GET", HEADS).status == 200)


@pytest.mark.services
def test_a_message_at_one_process_ends_the_wait_at_another(tmp_path: Path) -> None:
    site = Patient(tmp_path, REDIS_URL=os.environ["TEST_REDIS_URL"])
    try:
        site._python("manage.py", "collectstatic", "--no-input", "--verbosity", "0")
        first, second = site.start(), site.start()
        alice, bob = Line(site, first, "alice"), Line(site, second, "bob")
        events, cid, counter = f"/api/conversations/{site.words['cid']}/events/", site.words["cid"], 0
        since = mark(bob)
        wait_at(bob, since)
        while not answered([bob]):  # they know of each other's people in a moment
            alice.ask("POST", events, site.post("alice", counter=counter))
            assert told(alice)["f"] == "accepted"
            counter += 1
            select.select([bob.line.sock], [], [], 2)
            assert counter < 20, "nothing was heard"
        assert told(bob)["heads"][cid] > 1
    finally:
        site.end()
