"""Two people who have never been here: `python -m reference.probe https://chat.example` tries a running server.

Two throw-away accounts, keys, a message each way, the log of keys verified; then both log out. What a server cannot do
for itself, since it never has a key: this is a client, from outside. Status 0: all of it worked; 2: wrong usage; 3: it
did not, with the step that failed.
"""

import asyncio
import secrets
import sys
import time
from collections.abc import Awaitable
from typing import TypeVar

from reference.client import Client, Message, Problem

WAIT_SECONDS = 30
UNHEALTHY = 3
R = TypeVar("R")


async def probe(origin: str, made: list[str]) -> None:
    """`made` gets the names of the accounts, whose log entries stay, as all do. Raises what went wrong, the step as a
    note.
    """
    mark = secrets.token_hex(4)
    people: list[Client] = []
    try:
        for name in (f"probe-{mark}-a", f"probe-{mark}-b"):
            people.append(await _step("sign up", Client.sign_up(origin, name, secrets.token_urlsafe(24))))
            made.append(name)
            people[-1].make_keys(opks=2)
            await _step("publish keys, read the log", people[-1].publish())
        one, other = people
        cid = await _step("open a conversation", one.start(other.uid))
        await _say(one, other, cid, f"there {mark}")
        await _say(other, one, cid, f"and back {mark}")
    finally:
        for person in people:
            await person.close()
            await asyncio.to_thread(person.person.web.submit, "/logout/", {})


async def _say(one: Client, other: Client, cid: bytes, text: str) -> None:
    began = time.perf_counter()
    await _step("send", one.send(cid, text))
    got = await _step("receive and open", _next_text(other))
    if got != text:
        raise ValueError("what arrived is not what was sent")
    _tell(f"delivered in {time.perf_counter() - began:.2f} s")


async def _next_text(client: Client) -> str:
    async for event in client.events():
        if isinstance(event, Message):
            return event.text
        raise ValueError(event.code if isinstance(event, Problem) else "no new message")
    raise ValueError("nothing came")


async def _step(name: str, work: Awaitable[R]) -> R:
    _tell(name)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            return await work
    except Exception as error:
        error.add_note(name)
        raise


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def main(words: list[str]) -> int:
    if len(words) != 1 or words[0].startswith("-"):
        print(__doc__)
        return 0 if words == ["--help"] else 2
    made: list[str] = []
    try:
        asyncio.run(probe(words[0], made))
    except Exception as error:
        print(f"PROBE_FAILED: {' '.join(getattr(error, '__notes__', []))}: {type(error).__name__} {error}")
        print(f"Accounts made: {' '.join(made)}")
        return UNHEALTHY
    print(f"Two people wrote to each other. Switch them off: llave manage account_disable {' '.join(made)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
