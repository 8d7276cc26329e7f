"""The real page in Chromium, a hostile proxy before its server, and people without a browser who write to it."""

import asyncio
import shutil
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from playwright.sync_api import Browser, sync_playwright

from reference.client import Client
from tests.attacks.proxy import Proxy
from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.people import Person
from tests.browser.profile import Profile
from tests.browser.server import Site

PASSWORD = "Correct-Horse-7-Battery"
ANSWER_SECONDS = 60
T = TypeVar("T")


class Peers:
    """Clients of the reference implementation, on an event loop of their own."""

    def __init__(self, site: Site) -> None:
        self.site, self._loop = site, asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._made: list[Client] = []

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWER_SECONDS)

    def make(self, name: str, display_name: str = "") -> "Peer":
        client = self.call(Client.sign_up(self.site.url, name, PASSWORD))
        if display_name:
            client.person.web.submit("/account/name/", {"display_name": display_name})
        client.make_keys(opks=12)
        self.call(client.publish())
        self._made.append(client)
        return Peer(self, client, Person(name, display_name or name.title()))

    def end(self) -> None:
        for client in self._made:
            self.call(client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)


@dataclass
class Peer:
    """`shown`: how the page names them."""

    peers: Peers
    client: Client
    shown: Person
    cids: dict[bytes, bytes] = field(default_factory=dict)

    def say(self, uid: str, *texts: str) -> str:
        """Writes to a person; the chat's cid in hex."""
        to = bytes.fromhex(uid)
        if to not in self.cids:
            self.cids[to] = self.peers.call(self.client.start(to))
        for text in texts:
            self.peers.call(self.client.send(self.cids[to], text))
        return self.cids[to].hex()


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(CHROMIUM_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Stage:
    """Alice in a real browser whose server is the proxy; what she is asked to open lies at `site`."""

    site: Site
    proxy: Proxy
    peers: Peers
    person: Person
    hers: Profile
    chromium: Browser

    @property
    def uid(self) -> str:
        return str(self.hers.page.context.request.get("/api/me/").json()["uid"])

    def reopen(self) -> None:
        self.hers.page.goto("/chat/")
        self.hers.unlock(self.person)


@contextmanager
def listening() -> Iterator["Stranger"]:
    """A foreign server on loopback that counts who comes, and answers with a page of its own."""
    stranger = Stranger()
    try:
        yield stranger
    finally:
        stranger.socket.close()


class Stranger:
    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.came: list[str] = []
        self.page = "<!doctype html><title>evil</title>"
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=[line], daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with line, suppress(OSError):  # some connect ahead and ask for nothing, or only later
            line.settimeout(ANSWER_SECONDS)
            if asked := line.recv(8192).decode("latin-1"):
                self.came.append(asked)
                line.sendall(self._answer())

    def _answer(self) -> bytes:
        body = self.page.encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return head.encode() + body
