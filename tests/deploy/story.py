"""The story of an installation from end to end: `python -m tests.deploy.story ORIGIN [--silent] [-- COMMAND...]`.

Two people sign up, make keys and write to each other. Then COMMAND runs (a restart, a rolling update) while both keep
writing, or with `--silent` only wait; afterwards every text must have arrived once and in order, both must be able to
go on, and a new browser must read all of it from the key file.
SSL_CERT_FILE names the certificate to trust when it is not a public one.
"""

import argparse
import asyncio
import contextlib
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence

from reference.client import Client, Message

PASSPHRASE = secrets.token_urlsafe(24)
READY_SECONDS, ARRIVAL_SECONDS, PAUSE_SECONDS = 120.0, 60.0, 0.25


class Story:
    """Two people, what they wrote, and what each has read."""

    def __init__(self, first: Client, second: Client, cid: bytes) -> None:
        self.people, self.cid = (first, second), cid
        self.written: list[list[str]] = [[], []]
        self.read: list[list[str]] = [[], []]
        self.news, self.slowest = asyncio.Event(), 0.0

    async def write(self, side: int, text: str) -> None:
        started = time.monotonic()
        await self.people[side].send(self.cid, text)
        self.slowest = max(self.slowest, time.monotonic() - started)
        self.written[side].append(text)

    async def listen(self, side: int) -> None:
        async for event in self.people[side].events():
            if not isinstance(event, Message):
                raise AssertionError(f"a problem instead of a text: {event}")
            self.read[side].append(event.text)
            self.news.set()

    async def arrived(self) -> None:
        """Wait until each has read what the other wrote, all of it, once and in order."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ARRIVAL_SECONDS):
                while self.read != self.written[::-1]:
                    self.news.clear()
                    await self.news.wait()
        if self.read != self.written[::-1]:
            raise AssertionError(f"written {self.written}, read {self.read}")


async def person(origin: str, name: str) -> Client:
    client = await Client.sign_up(origin, name, secrets.token_urlsafe(24))
    client.make_keys(opks=12)
    await client.publish()
    return client


async def tell(origin: str, command: Sequence[str], *, silent: bool) -> Story:
    mark = secrets.token_hex(4)
    first, second = await person(origin, f"ana-{mark}"), await person(origin, f"ben-{mark}")
    story = Story(first, second, await first.start(second.uid))
    await second.start(first.uid)
    listeners = [asyncio.create_task(story.listen(side)) for side in (0, 1)]
    try:
        for number in range(3):
            await story.write(number % 2, f"before {number}")
        await story.arrived()
        if command:
            await _during(story, command, silent=silent)
        await story.write(0, "after 0")
        await story.write(1, "after 1")
        await story.arrived()
        await _on_a_new_browser(story, origin)
    finally:
        for listener in listeners:
            listener.cancel()
        for client in story.people:
            await client.close()
    for listener in listeners:
        with contextlib.suppress(asyncio.CancelledError):
            await listener
    return story


async def _during(story: Story, command: Sequence[str], *, silent: bool) -> None:
    """Both write in turn for as long as the command runs, and once more."""
    process = await asyncio.create_subprocess_exec(*command, stdout=sys.stderr)
    if silent:
        await process.wait()
    number = 0
    while process.returncode is None or number < 2:
        await story.write(number % 2, f"during {number}")
        number += 1
        await asyncio.sleep(PAUSE_SECONDS)
    if process.returncode:
        raise AssertionError(f"{command[0]} ended with {process.returncode}")


async def _on_a_new_browser(story: Story, origin: str) -> None:
    """The key file opens everything that was written by either side."""
    first = story.people[0]
    browser = await Client.log_in(origin, first.person.credentials)
    try:
        await browser.restore(first.export_keyfile(PASSPHRASE), PASSPHRASE)
        found: set[str] = set()
        wanted = {*story.written[0], *story.written[1]}
        async with asyncio.timeout(ARRIVAL_SECONDS):
            async for event in browser.events():
                found |= {event.text} if isinstance(event, Message) else set()
                if found == wanted:
                    return
    finally:
        await browser.close()


def wait_until_ready(origin: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(f"{origin}/login/", timeout=5):
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"{origin} does not answer: {error}") from None
        time.sleep(0.5)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("origin")
    parser.add_argument("--silent", action="store_true")
    own, command = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    given = parser.parse_args(own)
    origin = given.origin.rstrip("/")
    wait_until_ready(origin)
    started = time.monotonic()
    story = asyncio.run(tell(origin, command, silent=given.silent))
    count = sum(map(len, story.written))
    print(
        f"story told in {time.monotonic() - started:.1f} s: {count} texts sent, {count} read in order, 0 lost, "
        f"0 failed; the slowest post took {story.slowest:.1f} s; a new browser reads all of them"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
