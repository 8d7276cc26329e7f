"""The command's visits: what stops them, how they end, and that none leaves its device on the account."""

import asyncio
import io
import json
import os
import signal
import threading

import pytest

from reference import __main__, safety, visit
from reference.account import Pin
from reference.client import Client, File
from reference.courier import seal_file
from reference.encoding import b64
from reference.patience import to_its_end
from reference.person import Person
from reference.primitives import private_key
from reference.tests.world import PASSPHRASE, Server, browser, key_file, one_round, read, talking


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    one_round(monkeypatch)


@pytest.fixture
def world(monkeypatch, tmp_path):
    """Alice and Bob have written; `run(verb, ...)` is alice's command, and gives its status."""
    server = Server()
    alice, bob, cid = asyncio.run(talking(server))

    async def log_in(_origin, _credentials):
        return browser(server, "alice")

    monkeypatch.setattr(Client, "log_in", log_in)
    monkeypatch.setattr("sys.stdin", io.StringIO("by the command\n"))
    (tmp_path / "secrets").write_text(f"password\ncode\n{PASSPHRASE}\n")

    def run(verb, *more, pins=()):
        (tmp_path / "key").write_bytes(key_file(alice, *pins))
        given = [verb, "https://chat.example", "alice", "bob", *map(str, more)]
        return __main__.main([*given, "--key-file", str(tmp_path / "key"), "--secrets", str(tmp_path / "secrets")])

    run.server, run.alice, run.bob, run.cid = server, alice, bob, cid
    return run


@pytest.fixture
def interrupt():
    """Ctrl-C, whatever the program that runs the tests makes of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: os.kill(os.getpid(), signal.SIGINT)
    signal.signal(signal.SIGINT, before)


def devices(world):
    return [device.did for device in world.server.bundles[world.alice.uid][-1].core.devices]


def is_as_before(world):
    return devices(world) == [world.alice.person.keyring.device.did]


def test_send_and_export_end_well(world, tmp_path, capsys):
    assert world("send") == 0
    assert capsys.readouterr().out == f"accepted as {len(world.server.events[world.cid])}\n"
    asyncio.run(world.bob.catch_up(world.cid))
    assert "by the command" in read(world.bob)
    assert world("export", tmp_path / "chat.e2cx") == 0
    assert (tmp_path / "chat.e2cx").stat().st_size > 0
    assert is_as_before(world)


@pytest.mark.parametrize("is_file", [False, True])
def test_a_code_of_class_b_is_printed_and_nothing_is_sealed(world, tmp_path, capsys, is_file):
    more = ("--file", tmp_path / "secrets") if is_file else ()
    before = list(world.server.events[world.cid])
    assert world("send", *more, pins=[Pin(world.bob.uid, bytes(32), True)]) == 1
    said = capsys.readouterr()
    assert "ROOT_RESET\n" in said.err
    assert said.out == ""
    assert world.server.events[world.cid] == before
    assert is_as_before(world)


def test_whoever_decided_goes_on(world, capsys, monkeypatch):
    pins = [Pin(world.bob.uid, bytes(32), True)]
    assert world("send", "--continue-after", "EPOCH_FORK", pins=pins) == 1
    monkeypatch.setattr("sys.stdin", io.StringIO("by the command\n"))
    assert world("send", "--continue-after", "EPOCH_FORK", "--continue-after", "ROOT_RESET", pins=pins) == 0
    assert "ROOT_RESET\n" in capsys.readouterr().err
    asyncio.run(world.bob.catch_up(world.cid))
    assert "by the command" in read(world.bob)


@pytest.mark.parametrize("code", ["SEQ_REWRITE", "CODE_UNTRUSTED", "NOT_A_MEMBER"])
def test_what_nobody_can_decide_is_no_word_of_the_command(world, code):
    with pytest.raises(SystemExit):
        world("send", "--continue-after", code)


def test_an_export_is_made_whatever_was_told(world, tmp_path, capsys):
    assert world("export", tmp_path / "chat.e2cx", pins=[Pin(world.bob.uid, bytes(32), True)]) == 0
    assert "ROOT_RESET\n" in capsys.readouterr().err
    assert (tmp_path / "chat.e2cx").stat().st_size > 0


def test_what_shows_an_alarm_of_the_log_is_kept_where_it_is_wanted(world, tmp_path, capsys):
    world.server.log_seed = private_key()
    file = tmp_path / "evidence.json"
    assert world("send", "--evidence", file) == 1
    kept = file.read_bytes()
    assert json.loads(kept)["found"][0]["code"] == "LOG_BAD_HEAD"
    assert capsys.readouterr().err == "ProtocolError: LOG_BAD_HEAD\n"
    assert world("send", "--evidence", file) == 1
    assert "not kept: " in capsys.readouterr().err
    assert file.read_bytes() == kept
    assert world("send") == 1
    assert "--evidence FILE" in capsys.readouterr().err


@pytest.mark.parametrize(("known", "told"), [(True, ""), (False, "0: ROOT_RESET\n")])
def test_the_safety_number_is_that_of_both_roots_and_costs_no_device(world, capsys, known, told):
    one, other = (
        safety.Person(who.uid, who.person.name, who.person.keyring.vault.root_pub) for who in (world.alice, world.bob)
    )
    pin = Pin(world.bob.uid, other.root_pub if known else bytes(32), True)
    assert world("safety", pins=[pin]) == 0
    said = capsys.readouterr()
    assert said.out.replace(" ", "") == safety.safety_number(one, other)[0] + "\n"
    assert said.err == told
    assert len(world.server.bundles[world.alice.uid]) == 1


def test_without_an_alarm_there_is_no_evidence(world, tmp_path):
    assert world("send", "--evidence", tmp_path / "evidence.json") == 0
    assert not (tmp_path / "evidence.json").exists()


def test_what_blocks_nothing_is_printed_only(world, capsys):
    assert world("send") == 0
    assert world("send") == 0
    assert "KEYFILE_STALE\n" in capsys.readouterr().err


def test_a_visit_that_breaks_off_while_history_is_read_leaves_no_device(world):
    honest = world.server.given_to
    world.server.given_to = lambda *asked: honest(*asked)[1:]
    assert world("send") == 1
    assert len(world.server.bundles[world.alice.uid]) == 3
    assert is_as_before(world)


def test_a_visit_that_was_not_let_in_has_nothing_to_take_back(world, capsys):
    (first,) = world.server.bundles[world.alice.uid]
    world.server.uids["alice"], kept = bytes(16), world.server.uids["alice"]
    assert world("send") == 1
    assert capsys.readouterr().err == "ProtocolError: KEYFILE_WRONG_ACCOUNT\n"
    world.server.uids["alice"] = kept
    assert world.server.bundles[world.alice.uid] == [first]


def test_an_interrupted_visit_leaves_no_device_and_says_so(world, monkeypatch, interrupt):
    publish, leave, leaving = Person.publish, Client.leave, threading.Event()

    def interrupted(self):
        interrupt()
        leaving.wait(0.3)  # in vain: nobody leaves before it is known what there is to take back
        publish(self)

    def left(self):
        leaving.set()
        return leave(self)

    monkeypatch.setattr(Person, "publish", interrupted)
    monkeypatch.setattr(Client, "leave", left)
    assert world("send") == 130
    assert len(world.server.bundles[world.alice.uid]) == 3
    assert is_as_before(world)


def test_listen_ends_by_an_interrupt(world, monkeypatch, interrupt):
    monkeypatch.setattr(visit, "_tell", pytest.fail)
    printed = []

    def say(*given, **_):
        printed.append(given)
        if len(printed) == 2:
            interrupt()

    monkeypatch.setattr("builtins.print", say)
    assert world("listen") == 0
    assert is_as_before(world)


@pytest.mark.asyncio
async def test_who_is_cancelled_waits_for_what_runs():
    begun, go, over = threading.Event(), threading.Event(), []

    def work():
        begun.set()
        go.wait(10)
        over.append(True)

    waiting = asyncio.create_task(to_its_end(work))
    await asyncio.to_thread(begun.wait, 10)
    waiting.cancel()
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert over == [True]


@pytest.mark.parametrize(
    ("name", "number", "saved"),
    [
        ("plan.pdf", 1, "plan.pdf"),
        ("plan.pdf", 2, "plan (2).pdf"),
        ("a.tar.gz", 12, "a.tar (12).gz"),
        ("日" * 100, 1, "日" * 85),
        ("日" * 100, 3, "日" * 83 + " (3)"),
        ("日" * 100 + ".pdf", 1, "日" * 83 + ".pdf"),
        ("x." + "日" * 100, 2, "x." + "日" * 83 + " (2)"),
    ],
)
def test_a_saved_name_fits_on_a_disk(name, number, saved):
    assert visit._numbered(name, number) == saved
    assert len(saved.encode()) <= 255


class Fetching:
    def __init__(self, data):
        self._data = data

    async def fetch_file(self, _):
        return self._data


def said(folder, name="日" * 100):
    content = {**seal_file("x", b"x").content, "name": name, "hash": b64(bytes(32))}
    return asyncio.run(visit._said(Fetching(b"x"), File(b"", 1, b"", b"", b"", content, 0), folder))


def test_a_long_name_is_saved(tmp_path):
    for _ in range(2):
        assert "not saved" not in said(tmp_path)
    assert sorted(len(path.name.encode()) for path in tmp_path.iterdir()) == [253, 255]


def test_what_cannot_be_saved_ends_nothing(tmp_path):
    assert "not saved" in said(tmp_path / "missing")
