"""The log's key is rotated on a real server while two people write; key files and exports from before lead on."""

import asyncio
import base64
import os

import pytest

from reference.account import open_account
from reference.archive import open_archive
from reference.client import Client, Message, Problem
from reference.transcript import read_transcript
from tests.server import running_server

PASSPHRASE = "correct horse battery staple"
WAIT_SECONDS = 60


def text(key):
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


async def person(server, name):
    client = await Client.sign_up(server.origin, name, f"a long password of {name} 4711")
    client.make_keys(opks=6)
    await client.publish()
    return client


async def until(client, last):
    """Codes and texts up to this one."""
    codes, read = [], []
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in client.events():
            codes += [event.code] if isinstance(event, Problem) else []
            read += [event.text] if isinstance(event, Message) else []
            if read and read[-1] == last:
                return codes, read


@pytest.mark.asyncio
async def test_an_honest_rotation_carries_on(tmp_path):
    old, new = (text(os.urandom(32)) for _ in range(2))
    with running_server(tmp_path / "site", LOG_KEY_SEED=f"{new},{old}") as server:
        alice, bob = await person(server, "alice"), await person(server, "bob")
        cid = await alice.start(bob.uid)
        await alice.send(cid, "before")
        assert await until(bob, "before") == ([], ["before"])
        file = bob.export_keyfile(PASSPHRASE)
        old_pub = bob.person.notary.log_pub
        assert "signs from leaf" in await asyncio.to_thread(server.run, "manage.py", "keylog_rotate")
        carol = await person(server, "carol")  # sees the chain from its beginning
        assert carol.person.notary.log_pub != old_pub
        await alice.send(cid, "after")
        await bob.send(cid, "and back")
        bob.person.notary.expect_news()
        told = await asyncio.to_thread(bob.person.refresh, (alice.uid,), log_size=0)
        codes, _ = await until(bob, "after")
        assert [*told, *codes].count("LOG_KEY_ROTATED") == 1
        assert bob.person.notary.log_pub == carol.person.notary.log_pub
        fresh = await Client.log_in(server.origin, bob.person.credentials)
        await fresh.restore(file, PASSPHRASE, opks=6)
        codes, read = await until(fresh, "and back")
        assert (codes.count("LOG_KEY_ROTATED"), read) == (1, ["before", "after", "and back"])
        archive = open_archive(await fresh.export(cid), hk_seeds=open_account(file, PASSPHRASE).hk_seeds.values())
        assert [line.code for line in read_transcript(archive, open_account(file, PASSPHRASE)) if line.code] == []
        assert "The log is whole." in await asyncio.to_thread(server.run, "manage.py", "keylog_verify", "--quiet")
        for client in (alice, bob, carol, fresh):
            await client.close()
