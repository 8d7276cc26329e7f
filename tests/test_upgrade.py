"""A rolling upgrade: the release before goes on serving on the new tables, old and new processes side by side."""

import asyncio
import os
import shutil
from contextlib import asynccontextmanager

import pytest

from reference.client import Client, Message
from tests import releases
from tests.server import running_server
from tests.test_backup_drill import databases, manage

WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def old_tree(tmp_path_factory):
    return releases.unpack(releases.current()[0].beside, tmp_path_factory.mktemp("before"))


@pytest.fixture
def stores():
    with databases(2) as urls:
        yield {**urls, "REDIS_URL": os.environ["TEST_REDIS_URL"]}


async def read(client, *wanted):
    found = []
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in client.events():
            found += [event.text] if isinstance(event, Message) else []
            if len(found) == len(wanted):
                assert found == list(wanted)
                return


@asynccontextmanager
async def person(server, name):
    client = await Client.sign_up(server.origin, name, f"a long password of {name} 4711")
    try:
        client.make_keys(opks=6)
        await client.publish()
        yield client
    finally:
        await client.close()


async def write_both_ways(one, other, round_name):
    """From each server to the other."""
    cid = await one.start(other.uid)
    await one.send(cid, f"there {round_name}")
    await read(other, f"there {round_name}")
    await other.send(cid, f"back {round_name}")
    await read(one, f"back {round_name}")


@pytest.mark.services
@pytest.mark.asyncio
async def test_old_and_new_processes_serve_the_same_people_on_the_new_tables(tmp_path, old_tree, stores):
    old, new = tmp_path / "old", tmp_path / "new"
    with running_server(old, tree=old_tree, **stores) as before:
        async with person(before, "alice") as alice, person(before, "bob") as bob:
            await write_both_ways(alice, bob, "on the old tables")
            shutil.copytree(old / "secrets", new / "secrets")
            with running_server(new, **stores) as after:  # migrates; the old process has not been told
                await write_both_ways(alice, bob, "through the old process, on the new tables")
                async with person(after, "carol") as carol:
                    await write_both_ways(alice, carol, "old to new")
                    await write_both_ways(carol, bob, "new to old")
            async with person(before, "dave") as dave:  # rolled back: the old program alone takes everybody
                await write_both_ways(dave, alice, "after the way back")
    with running_server(old, tree=old_tree, **stores) as again:  # and starts on the new tables, too
        async with person(again, "erin") as erin, person(again, "frank") as frank:
            await write_both_ways(erin, frank, "started anew")
    verified = await asyncio.to_thread(manage, new, "keylog_verify", "--quiet", **stores)
    assert verified.returncode == 0, verified.stdout
