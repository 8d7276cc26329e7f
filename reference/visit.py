"""The verbs that talk to a server. Each visit is a device of its own, taken out of the account when it ends."""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

from reference.asking import ask_secrets
from reference.client import Client, Message, Problem
from reference.login import Credentials
from reference.offline import ESCAPED

VISIT_OPKS = 4


async def send(given: argparse.Namespace) -> int:
    text = sys.stdin.read().rstrip("\n")
    async with _visit(given) as (client, cid):
        print(f"accepted as {await client.send(cid, text)}")
    return 0


async def listen(given: argparse.Namespace) -> int:
    """Text by text, with problems on standard error; ends after `count` texts, or when it is interrupted."""
    async with _visit(given) as (client, cid):
        left = given.count or None
        async for event in client.events():
            if isinstance(event, Problem):
                print(f"{event.seq}: {event.code}", file=sys.stderr)
            elif event.cid == cid:
                said = event.text if isinstance(event, Message) else "changed a message"
                print(f"{event.seq} {client.person.notary.name_of(event.uid)}: {said}".translate(ESCAPED), flush=True)
                left = None if left is None else left - isinstance(event, Message)
            if left == 0:
                break
    return 0


async def export(given: argparse.Namespace) -> int:
    async with _visit(given) as (client, cid):
        await client.catch_up(cid)
        data = await client.export(cid)
    with given.file.open("xb") as file:
        file.write(data)
    return 0


@contextlib.asynccontextmanager
async def _visit(given: argparse.Namespace) -> AsyncIterator[tuple[Client, bytes]]:
    secrets, key_file = ask_secrets(given.secrets), given.key_file.read_bytes()
    credentials = Credentials(given.account, secrets.password, b"", [secrets.code])
    client = await Client.log_in(given.origin, credentials)
    await client.restore(key_file, secrets.passphrase, opks=VISIT_OPKS)
    try:
        uid = await asyncio.to_thread(client.person.find, given.person)
        yield client, await client.start(uid)
    finally:
        await client.leave()
