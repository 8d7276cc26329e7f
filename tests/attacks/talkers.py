"""Two people of a seeded chat, each with several browsers, who send well-formed envelopes that mean nothing."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from websockets.asyncio.client import connect

from chatproject.lib.encoding import to_base64url
from conversations.tests import blobs
from reference import wire
from tests import services
from tests.attacks import seeds
from tests.attacks.doors import Answer, Visitor
from tests.browser.server import Site


@dataclass
class Talker:
    """One browser of a person, at one process of the site."""

    visitor: Visitor
    cid: str
    uid: str
    did: str
    counters: Iterator[int] = field(default_factory=count)

    def envelope(self, **size: int) -> dict[str, str]:
        """The frame of a post; each takes the next place of this browser's chain."""
        blob = blobs.envelope(
            cid=UUID(self.cid), uid=UUID(self.uid), did=UUID(self.did), counter=next(self.counters), **size
        )
        ids = {"cid": self.cid, "client_id": str(uuid4())}
        return {"f": "post", **ids, "kind": "message", "blob": to_base64url(blob)}

    def post(self) -> Answer:
        """By the contract: the same frame again while the database cannot answer."""
        frame = self.envelope()
        while True:
            answer = self.visitor.post_json(f"/api/conversations/{self.cid}/events/", **frame)
            if answer.status != 503:
                return answer

    def page(self, after: int) -> dict[str, Any]:
        return dict(json.loads(self.visitor.get(f"/api/conversations/{self.cid}/events/?after={after}&limit=200").text))

    def line(self, **options: Any) -> Any:
        headers = {"Cookie": f"session={self.visitor.cookies['session']}", "X-Forwarded-For": self.visitor.network}
        address = self.visitor.origin.replace("http", "ws") + "/ws/"
        return connect(address, origin=self.visitor.origin, additional_headers=headers, proxy=None, **options)

    async def greet(self, line: Any) -> wire.Welcome:
        await line.send(wire.hello(bytes.fromhex(self.did), {}, None))
        welcome = wire.parse(await line.recv())
        assert isinstance(welcome, wire.Welcome)
        return welcome


def seed_conversation(site: Site, browsers: int) -> dict[str, list[Talker]]:
    """{"alice": [...], "bob": [...]}; their browsers take turns at the processes of the site."""
    words = json.loads(seeds.run(site, "conversation", str(browsers)))
    return {name: [_talker(site, words, name, n) for n in range(browsers)] for name in ("alice", "bob")}


def _talker(site: Site, words: dict[str, Any], name: str, number: int) -> Talker:
    one = words[name]["browsers"][number]
    cookies = {"csrf": "a" * 32, "session": one["session"]}
    process = (number + (name == "bob")) % len(site.urls)
    return Talker(Visitor(site.urls[process], cookies=cookies), words["cid"], words[name]["uid"], one["did"])


@contextmanager
def database() -> Iterator[str]:
    """A PostgreSQL server: the one of the run, or one of our own."""
    with _given("TEST_POSTGRES_URL", services.postgresql) as url:
        yield url


@contextmanager
def redis() -> Iterator[str]:
    with services.redis() as url:  # always its own: the tests make it forget everything
        yield url


@contextmanager
def _given(name: str, start: Any) -> Iterator[str]:
    if name in os.environ:
        yield os.environ[name]
    else:
        with start() as url:
            yield url
