"""The verbs that talk to a server. Each visit is a device of its own, taken out of the account when it ends."""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

from reference.asking import ask_secrets
from reference.client import Changed, Client, File, Message, Problem
from reference.errors import ProtocolError
from reference.filename import EXTENSION, clean_file_name
from reference.login import Credentials
from reference.offline import ESCAPED
from reference.web import HttpRefused

VISIT_OPKS = 4
MOST_OF_ONE_NAME = 1000
MOST_NAME_BYTES = 255
GROUP_DIGITS = 5


async def send(given: argparse.Namespace) -> int:
    """A file, or one text from standard input."""
    data = given.data_file.read_bytes() if given.data_file else b""
    text = "" if given.data_file else sys.stdin.read().rstrip("\n")
    async with _looking(given) as (client, cid):
        client.heeds_blocks, client.decided = True, frozenset(given.decided)
        client.check_open(cid)
        sending = client.send_file(cid, given.data_file.name, data) if given.data_file else client.send(cid, text)
        print(f"accepted as {await sending}")
    return 0


async def listen(given: argparse.Namespace) -> int:
    """Text by text, with problems on standard error; ends after `count` texts, or when it is interrupted."""
    async with _visit(given) as (client, cid):
        left = given.count or None
        async for event in client.events():
            if isinstance(event, Problem):
                _tell(event)
            elif event.cid == cid:
                said = await _said(client, event, given.save_to)
                print(f"{event.seq} {client.person.notary.name_of(event.uid)}: {said}".translate(ESCAPED), flush=True)
                left = None if left is None else left - isinstance(event, Message | File)
            if left == 0:
                break
    return 0


async def export(given: argparse.Namespace) -> int:
    async with _looking(given) as (client, cid):
        data = await client.export(cid)
    with given.file.open("xb") as file:
        file.write(data)
    return 0


async def safety(given: argparse.Namespace) -> int:
    """What two people compare by another way; no device joins the account for it."""
    client, key_file, passphrase = await _logged_in(given)
    person = client.person
    try:
        _, notices = await asyncio.to_thread(person.judge, key_file, passphrase)
        uid = await asyncio.to_thread(person.find, given.person)
        notices += await asyncio.to_thread(person.refresh, (uid,), log_size=0)
    finally:
        _keep_evidence(client, given.evidence)
    for code in notices:
        _tell(Problem(None, 0, code))
    digits = person.safety_digits(uid)
    print(" ".join(digits[at : at + GROUP_DIGITS] for at in range(0, len(digits), GROUP_DIGITS)))
    return 0


async def _said(client: Client, event: Message | File | Changed, folder: Path | None) -> str:
    if isinstance(event, Message):
        return event.text
    if isinstance(event, Changed):
        return "changed a message"
    name = clean_file_name(event.content["name"])
    about = f"[file] {name}, {event.content['size']} bytes"
    if folder is None:
        return about
    try:
        return f"{about}, saved as {_save(folder, name, await client.fetch_file(event))}"
    except (ProtocolError, HttpRefused, OSError) as refused:
        return f"{about}, not saved: {refused}"


def _save(folder: Path, name: str, data: bytes) -> Path:
    """Under its name only when it is whole; what is there already is never replaced."""
    for number in range(1, MOST_OF_ONE_NAME):
        path = folder / _numbered(name, number)
        if not path.exists():
            draft = folder / f".{uuid4().hex}.part"
            draft.write_bytes(data)
            return draft.rename(path)
    raise FileExistsError(name)


def _numbered(name: str, number: int) -> str:
    """The true extension last, and no more bytes than a disk takes."""
    found = EXTENSION.search(name)
    extension = found[0] if found else ""
    tail = extension if number == 1 else f" ({number}){extension}"
    stem = name.removesuffix(extension).encode()[: MOST_NAME_BYTES - len(tail)]
    return stem.decode(errors="ignore") + tail


@contextlib.asynccontextmanager
async def _looking(given: argparse.Namespace) -> AsyncIterator[tuple[Client, bytes]]:
    """A visit that has seen all that there is; what is told of it stands on standard error."""
    async with _visit(given) as (client, cid):
        try:
            await client.look(cid)
            yield client, cid
        finally:
            for event in client.heard():
                if isinstance(event, Problem):
                    _tell(event)


def _tell(problem: Problem) -> None:
    print(f"{problem.seq}: {problem.code}", file=sys.stderr)


@contextlib.asynccontextmanager
async def _visit(given: argparse.Namespace) -> AsyncIterator[tuple[Client, bytes]]:
    client, key_file, passphrase = await _logged_in(given)
    try:
        await client.restore(key_file, passphrase, opks=VISIT_OPKS)
        uid = await asyncio.to_thread(client.person.find, given.person)
        yield client, await client.start(uid)
    finally:
        _keep_evidence(client, given.evidence)
        await client.leave()


async def _logged_in(given: argparse.Namespace) -> tuple[Client, bytes, str]:
    """A client, the key file and its passphrase."""
    secrets, key_file = ask_secrets(given.secrets), given.key_file.read_bytes()
    credentials = Credentials(given.account, secrets.password, b"", [secrets.code])
    return await Client.log_in(given.origin, credentials), key_file, secrets.passphrase


def _keep_evidence(client: Client, path: Path | None) -> None:
    """What shows an alarm of the log is not replaced; who gave no file is told that there would be one."""
    evidence = client.person.evidence_file()
    if evidence is None:
        return
    if path is None:
        print("--evidence FILE keeps what shows this", file=sys.stderr)
        return
    try:
        with path.open("xb") as file:
            file.write(evidence)
    except OSError as error:
        print(f"not kept: {error}", file=sys.stderr)
