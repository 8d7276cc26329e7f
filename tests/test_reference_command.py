"""`python -m reference` against a real server: it sends, listens, exports, leaves; `open` reads without any server."""

import asyncio
import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from reference.account import open_account
from reference.archive import Event, encode_archive, open_archive, seal_archive
from reference.bundle import parse_bundle
from reference.client import Client, File, Message
from reference.encoding import u8
from reference.errors import ProtocolError
from reference.keyring import OPK_POOL
from reference.primitives import x25519_public
from reference.transcript import read_transcript
from tests.server import BASE, running_server

PLAN = bytes(range(256)) * 4100  # three parts
PASSPHRASE = "correct horse battery staple"
WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("command")) as running:
        yield running


@pytest.fixture(scope="module")
def world(server, tmp_path_factory):
    """Alice wrote twice, Bob answered; Bob's key file, his export and what the command said on the way."""
    return asyncio.run(_world(server, tmp_path_factory.mktemp("world")))


async def _world(server, folder):
    alice, bob = await person(server, "alice"), await person(server, "bob")
    try:
        cid = await alice.start(bob.uid)
        await alice.send(cid, "first of alice")
        await alice.send(cid, "second of alice")
        await texts(bob, 2)
        (folder / "bob.e2ck").write_bytes(bob.export_keyfile(PASSPHRASE))
        said = [await run(folder, server, bob, "send", text="sent by the command")]
        assert await texts(alice, 1) == ["sent by the command"]
        (folder / "plan.bin").write_bytes(PLAN)
        said.append(await run(folder, server, bob, "send", "--file", str(folder / "plan.bin")))
        assert await fetched(alice) == ("plan.bin", PLAN)
        (folder / "saved").mkdir()
        (folder / "saved" / "plan.bin").write_bytes(b"was there before")
        saving = ("--count", "4", "--save-to", str(folder / "saved"))
        said.append(await run(folder, server, bob, "listen", *saving))
        said.append(await run(folder, server, bob, "export", file="chat.e2cx"))
        digits = await run(folder, server, bob, "safety")
        compared = await asyncio.to_thread(alice.person.safety_digits, bob.uid)
        bob.person.notary.expect_news()
        await asyncio.to_thread(bob.person.refresh, (bob.uid,), log_size=0)
        devices = bob.person.notary.usable(bob.uid).core.devices
    finally:
        await alice.close()
        await bob.close()
    return {"folder": folder, "said": said, "devices": devices, "bob": bob, "digits": digits, "compared": compared}


async def person(server, name):
    client = await Client.sign_up(server.origin, name, f"a long password of {name} 4711")
    client.make_keys(opks=12)
    await client.publish()
    return client


async def texts(client, count):
    read = []
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in client.events():
            read += [event.text] if isinstance(event, Message) else []
            if len(read) == count:
                return read


async def fetched(client):
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in client.events():
            if isinstance(event, File):
                return event.content["name"], await client.fetch_file(event)


async def run(folder, server, owner, verb, *more, text="", file=None):
    """The command as a person starts it; what it printed. Fails when it ends with anything but 0."""
    credentials = owner.person.credentials
    secrets = folder / "secrets"
    secrets.write_text(f"{credentials.password}\n{credentials.recovery_codes.pop()}\n{PASSPHRASE}\n")
    given = [verb, server.origin, credentials.name, "alice", *([str(folder / file)] if file else []), *more]
    return await asyncio.to_thread(
        command, *given, "--key-file", str(folder / "bob.e2ck"), "--secrets", str(secrets), text=text
    )


def command(*arguments, text="", status=0):
    done = subprocess.run(
        [sys.executable, "-m", "reference", *arguments],
        cwd=BASE, input=text, capture_output=True, text=True, timeout=WAIT_SECONDS,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def opened(world):
    """Bob's account out of his key file, and the archive that it opens."""
    account = open_account((world["folder"] / "bob.e2ck").read_bytes(), PASSPHRASE)
    data = (world["folder"] / "chat.e2cx").read_bytes()
    return account, data, open_archive(data, hk_seeds=account.hk_seeds.values())


def later_versions(archive):
    return tuple(data for data in archive.bundles if parse_bundle(data).core.version > 1)


def lines(opened, **changes):
    account, _, archive = opened
    return list(read_transcript(replace(archive, **changes), account))


def test_it_sends_and_listens(world):
    sent, sent_file, listened, _ = world["said"]
    assert sent.startswith("accepted as ")
    assert sent_file.startswith("accepted as ")
    heard = [line.partition(" ")[2] for line in listened.splitlines()]
    path = world["folder"] / "saved" / "plan (2).bin"
    said = f"bob: [file] plan.bin, {len(PLAN)} bytes, saved as {path}"
    assert heard == ["alice: first of alice", "alice: second of alice", "bob: sent by the command", said]


def test_a_file_is_saved_whole_and_replaces_none(world):
    saved = {path.name: path.read_bytes() for path in (world["folder"] / "saved").iterdir()}
    assert saved == {"plan.bin": b"was there before", "plan (2).bin": PLAN}


def test_a_visit_leaves_no_device_behind(world):
    assert [device.did for device in world["devices"]] == [world["bob"].person.keyring.device.did]


def test_both_see_one_safety_number(world):
    assert re.fullmatch(r"(\d{5} ){11}\d{5}\n", world["digits"])
    assert world["digits"].replace(" ", "").strip() == world["compared"]


def test_a_pool_that_runs_low_is_refilled(server):
    async def left_before_and_after():
        carol = await person(server, "carol")
        try:
            before = await asyncio.to_thread(carol.person.prekeys_left)
            await carol._upkeep.look_after()
            return before.opks, (await asyncio.to_thread(carol.person.prekeys_left)).opks
        finally:
            await carol.close()

    assert asyncio.run(left_before_and_after()) == (12, OPK_POOL)


def test_open_reads_an_export_without_a_server(world, tmp_path):
    (tmp_path / "secrets").write_text(PASSPHRASE)
    given = ["open", str(world["folder"] / "chat.e2cx"), "--key-file", str(world["folder"] / "bob.e2ck")]
    text = command(*given, "--secrets", str(tmp_path / "secrets"))
    lines = [line.partition(" ")[2].partition(" ")[2] for line in text.splitlines()[:-1]]
    assert lines[:3] == ["alice: first of alice", "alice: second of alice", "bob: sent by the command"]
    assert re.fullmatch(rf"bob: \[file\] plan\.bin, {len(PLAN)} bytes, blob [0-9a-f]{{32}}", lines[3])
    found = [
        json.loads(line) for line in command(*given, "--json", "--secrets", str(tmp_path / "secrets")).splitlines()
    ]
    assert [(line["from"], line["content"].get("body", "(file)"), line["code"]) for line in found] == [
        ("alice", "first of alice", None),
        ("alice", "second of alice", None),
        ("bob", "sent by the command", None),
        ("bob", "(file)", None),
    ]


def test_open_ends_with_status_1_for_a_wrong_passphrase(world, tmp_path):
    (tmp_path / "secrets").write_text("another passphrase")
    given = ["open", str(world["folder"] / "chat.e2cx"), "--key-file", str(world["folder"] / "bob.e2ck")]
    assert command(*given, "--secrets", str(tmp_path / "secrets"), status=1) == ""


def test_an_export_tells_nothing_about_whose_it_is(opened):
    account, data, archive = opened
    names = (b"alice", b'"bob"', b"\0\0\0\x03bob")  # the short one as it stands in JSON and in a bundle
    for told in (*names, account.uid, archive.cid, archive.leaves[0], archive.events[0].blob[:40]):
        assert told not in data


def test_nobody_else_opens_it(opened):
    with pytest.raises(ProtocolError, match="BAD_COMMIT"):
        open_archive(opened[1], hk_seeds=[bytes(range(32))])


def test_every_byte_of_it_counts(opened):
    account, data, _ = opened
    for at in (*range(0, len(data), 97), len(data) - 1):
        for damaged in (data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], data[:at]):
            with pytest.raises(ProtocolError):
                open_archive(damaged, hk_seeds=account.hk_seeds.values())
    with pytest.raises(ProtocolError):
        open_archive(data + b"\x00", hk_seeds=account.hk_seeds.values())


def test_an_item_out_of_order_or_of_no_kind_is_refused(opened):
    account, _, archive = opened
    public = x25519_public(account.hk_seeds[1])
    items = encode_archive(archive)
    for wrong in (u8(6) + items[1:], items[:-1] + u8(1) + bytes(4) + u8(0)):
        with pytest.raises(ProtocolError):
            open_archive(seal_archive(wrong, hk_pub=public), hk_seeds=account.hk_seeds.values())


def test_what_was_left_out_is_named(opened):
    events = opened[2].events
    at = next(i for i, event in enumerate(events) if not event.is_record)
    told = lines(opened, events=events[:at] + events[at + 1 :])
    assert "SEQ_GAP" in [line.code for line in told]
    renumbered = [replace(event, seq=i + 1) for i, event in enumerate(events[:at] + events[at + 1 :])]
    codes = [line.code for line in lines(opened, events=tuple(renumbered))]
    assert {"COUNTER_GAP", "MESSAGES_WITHHELD"} & set(codes)


def test_a_message_of_somebody_else_is_not_believed(opened):
    events = opened[2].events
    at = next(i for i, event in enumerate(events) if not event.is_record)
    other = next(event for event in events if event.uid != events[at].uid)
    forged = Event(events[at].seq, False, other.uid, other.did, events[at].at_ms, events[at].blob)
    assert "SENDER_MISMATCH" in [line.code for line in lines(opened, events=(*events[:at], forged, *events[at + 1 :]))]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (lambda archive: {"leaves": archive.leaves[:-1]}, "LOG_SPLIT_VIEW"),
        (lambda archive: {"log_pub": bytes(32)}, "LOG_BAD_HEAD"),
        (lambda archive: {"head": archive.head[:-1] + bytes([archive.head[-1] ^ 1])}, "LOG_BAD_HEAD"),
        (lambda archive: {"bundles": later_versions(archive)}, "BUNDLE_CHAIN_BROKEN"),
        (lambda archive: {"names": archive.names[::-1]}, "NAME_REBOUND"),
        (lambda archive: {"uids": (bytes(16), bytes(16))}, "KEYFILE_WRONG_ACCOUNT"),
    ],
)
def test_log_and_bundles_are_judged_before_anything_is_read(opened, changes, code):
    with pytest.raises(ProtocolError, match=code):
        lines(opened, **changes(opened[2]))


def test_a_record_whose_confirm_is_wrong_opens_no_epoch(opened):
    events = list(opened[2].events)
    blob = events[0].blob
    events[0] = replace(events[0], blob=blob[:-1] + bytes([blob[-1] ^ 1]))
    told = lines(opened, events=tuple(events))
    assert told[0].code == "BAD_CONFIRM"
    later = next(event.seq for event in events[1:] if event.is_record)
    assert {line.code for line in told if line.seq < later} == {"BAD_CONFIRM", "NO_EPOCH_KEY"}


def test_help_names_every_verb_and_no_secret_can_be_an_argument():
    text = command("--help")
    assert all(verb in text for verb in ("send", "listen", "export", "open", "vectors", "verify-assets"))
    for verb in ("send", "listen", "export", "open"):
        assert not {"--password", "--passphrase", "--code"} & set(command(verb, "--help").split())


def test_vectors_judges_files_of_test_values(tmp_path):
    own = json.loads((BASE / "tests/vectors/own.json").read_text())
    few = {"cases": [case for case in own["cases"] if case["type"] in {"label", "padme", "refuse"}]}
    (tmp_path / "few.json").write_text(json.dumps(few))
    assert "label" in command("vectors", str(tmp_path / "few.json"))
    refused = next(case for case in few["cases"] if case["type"] == "refuse")
    refused["error"] = "STATE_ROLLBACK"
    (tmp_path / "few.json").write_text(json.dumps(few))
    assert f"{refused['id']}: " in command("vectors", str(tmp_path / "few.json"), status=1)
    (tmp_path / "few.json").write_text(json.dumps({"cases": []}))
    command("vectors", str(tmp_path / "few.json"), status=1)
