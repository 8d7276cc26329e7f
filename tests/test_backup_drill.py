"""The drill: two people talk, a backup is made while they do, it is restored elsewhere, and they see what they saw."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from reference.client import Client, File, Message
from tests.server import BASE, Server, running_server

PASSPHRASE = "correct horse battery staple"
WAIT_SECONDS = 60
SECRETS = "secrets"
PLAN = bytes(range(256)) * 5000  # three parts


def manage(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    environment = {**kept, "DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "chatproject.settings", **settings}
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(command, cwd=BASE, env=environment, capture_output=True, text=True, check=False)


@contextmanager
def databases(count: int) -> Iterator[dict[str, str]]:
    """Settings for SQLite (0), or for as many fresh PostgreSQL databases."""
    if not count:
        yield {}
        return
    names = [f"drill_{number}_{time.time_ns()}" for number in range(count)]
    server = os.environ["TEST_POSTGRES_URL"]
    with psycopg.connect(f"{server}/accounts".replace("postgres://", "postgresql://"), autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")
        try:
            keys = ("DATABASE_URL", "MESSAGES_DATABASE_URL")
            yield {key: f"{server}/{name}" for key, name in zip(keys, names, strict=False)}
        finally:
            for name in names:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def texts(client: Client, count: int, files: list[File] | None = None) -> list[str]:
    read: list[str] = []
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in client.events():
            if isinstance(event, Message):
                read.append(event.text)
            if isinstance(event, File) and files is not None:
                files.append(event)
            if len(read) == count:
                break
    return read


async def talk(server: Server, archive: Path, **settings: str) -> tuple[list[Client], list[bytes], list[str]]:
    """Two people, six texts and a file, a backup between the sixth and the ninth; who they are, what both had then."""
    alice = await Client.sign_up(server.origin, "alice", "a long password of alice 4711")
    bob = await Client.sign_up(server.origin, "bob", "a long password of bob 4711")
    for client in (alice, bob):
        client.make_keys(opks=6)
        await client.publish()
    cid = await alice.start(bob.uid)
    said = [f"line {number}" for number in range(6)]
    for text in said[:3]:
        await alice.send(cid, text)
    await alice.send_file(cid, "plan.bin", PLAN)
    for text in said[3:]:
        await alice.send(cid, text)
    assert await texts(bob, 6) == said
    making = asyncio.to_thread(manage, server.folder, "backup", str(archive), **settings)
    done, *_ = await asyncio.gather(making, *(alice.send(cid, f"meanwhile {number}") for number in range(3)))
    assert done.returncode == 0, done.stderr
    files = [client.export_keyfile(PASSPHRASE) for client in (alice, bob)]
    for client in (alice, bob):
        await client.close()
    return [alice, bob], files, said


async def come_back(server: Server, people: list[Client], files: list[bytes], said: list[str]) -> None:
    """Each from the key file on a new browser: the history as it was, and a conversation that goes on."""
    fresh = [await Client.log_in(server.origin, person.person.credentials) for person in people]
    try:
        for client, file in zip(fresh, files, strict=True):
            await client.restore(file, PASSPHRASE, opks=6)
        sent: list[File] = []
        before = [await texts(client, len(said), sent) for client in fresh]
        assert before == [said, said]
        assert [await client.fetch_file(one) for client, one in zip(fresh, sent, strict=True)] == [PLAN, PLAN]
        alice, bob = fresh
        cid = await alice.start(bob.uid)
        assert alice.uid == people[0].uid
        await alice.send(cid, "after the restore")
        assert (await later_texts(bob))[-1] == "after the restore"
        await bob.send(cid, "and back")
        assert (await later_texts(alice, "and back"))[-1] == "and back"
    finally:
        for client in fresh:
            await client.close()


async def later_texts(client: Client, last: str = "after the restore") -> list[str]:
    """What was written while the backup ran may be in it or not."""
    read: list[str] = []
    while not read or read[-1] != last:
        read += await texts(client, 1)
    assert all(text.startswith("meanwhile") or text in (last, "after the restore") for text in read)
    return read


@pytest.mark.services
@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("source", "target", "prepared"),
    [(0, 2, True), (2, 0, False)],
    ids=["sqlite-to-two-that-are-migrated", "two-to-sqlite"],
)
async def test_what_two_people_see_survives_a_backup_and_its_restore(
    tmp_path: Path, source: int, target: int, prepared: bool
) -> None:
    private, archive = tmp_path / "backup.key", tmp_path / "archive"
    old, new = tmp_path / "old", tmp_path / "new"
    with databases(source) as before, databases(target) as after:
        public = await asyncio.to_thread(_make_key, old, private)
        settings = {**before, "BACKUP_PUBLIC_KEY": public}
        with running_server(old, **settings) as server:
            people, files, said = await talk(server, archive, **settings)
            first = manage(old, "shell", "-c", INCARNATION, **settings).stdout
        verified = manage(old, "verify_backup", str(archive), "--key", str(private))
        assert verified.returncode == 0, verified.stderr
        assert b"alice" not in archive.read_bytes()

        refused = manage(old, "restore", str(archive), "--key", str(private), **before)
        assert (refused.returncode, "NOT_EMPTY" in refused.stderr) == (1, True), refused.stderr
        shutil.copytree(old / SECRETS, new / SECRETS)
        if prepared:
            assert manage(new, "prepare", **after).returncode == 0
            release = manage(new, "shell", "-c", RELEASES, **after).stdout
        restored = manage(new, "restore", str(archive), "--key", str(private), **after)
        assert restored.returncode == 0, restored.stderr
        assert "The log is whole." in restored.stderr
        if prepared:
            assert manage(new, "shell", "-c", RELEASES, **after).stdout == release != ""
        assert manage(new, "shell", "-c", INCARNATION, **after).stdout != first
        with running_server(new, **after) as server:
            await come_back(server, people, files, said)


RELEASES = "from keys.models import LogLeaf; print(*(each.leaf.hex() for each in LogLeaf.objects.filter(bundle=None)))"
INCARNATION = "from conversations.services import incarnation; print(incarnation())"


def _make_key(folder: Path, private: Path) -> str:
    subprocess.run([sys.executable, "-m", "chatproject.first_secrets", str(folder)], cwd=BASE, check=True)
    return manage(folder, "backup", "--make-key", str(private)).stdout.strip()
