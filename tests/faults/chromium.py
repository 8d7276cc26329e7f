"""Chromium with a profile on the disk, which can be copied and put back, and a tab of which can crash.

Playwright wants one thread for all its calls; `do` brings them there.
"""

import asyncio
import contextlib
import re
import shutil
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, CDPSession, Error, Page, Playwright, Request, WebSocket, sync_playwright

from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.profile import Profile
from tests.browser.server import Site
from tests.faults.people import Fault

CRASH_MS = 5_000
FRAMES = re.compile(r"/api/conversations/[0-9a-f]{32}/(events|ack)/(\?|$)")  # what goes over HTTPS as a frame
TRIES, PAUSE_MS = 240, 250  # a browser looks at its quota every half minute at the latest
TAKES_NOTHING = """async () => {
  const done = (request, name) => new Promise((resolve, reject) => {
    request[name] = () => resolve(request.result);
    request.onerror = request.onabort = () => reject(request.error);
  });
  const opening = indexedDB.open("probe");
  opening.onupgradeneeded = () => opening.result.createObjectStore("probe");
  try {
    const db = await done(opening, "onsuccess");
    const writing = db.transaction("probe", "readwrite");
    writing.objectStore("probe").put("x".repeat(1000), 1);
    await done(writing, "oncomplete").finally(() => db.close());
    return false;
  } catch (error) {
    return error.name === "QuotaExceededError";
  }
}"""
# While `__holds` is set, a post is kept here on its way into the socket, and goes no further.
HOLDS_POSTS = """
globalThis.__held = [];
const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (data) {
  if (globalThis.__holds && String(data).startsWith('{"f":"post"')) __held.push(data);
  else send.call(this, data);
};
"""
T = TypeVar("T")


class Chromium:
    """What its sockets carried, and what went over HTTPS in their place, is kept until somebody asks for it."""

    def __init__(self, origin: str, folder: Path) -> None:
        self.origin, self.folder = origin, folder
        self._heard: deque[tuple[bool, str] | Request] = deque()
        self.tabs: list[Profile] = []
        self._thread = ThreadPoolExecutor(1)
        self._playwright: Playwright | None = None
        self._context: BrowserContext | None = None
        self._first: Profile
        self._full: CDPSession

    @property
    def profile(self) -> Profile:
        """The first tab."""
        return self.tabs[0]

    async def do(self, work: Callable[..., T], *given: Any, **named: Any) -> T:
        """Fault when the page does not do what it should."""
        called = partial(work, *given, **named)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, called)
        except (Error, AssertionError) as error:
            raise Fault(" ".join(str(error).split())[:1000]) from error

    async def heard(self) -> list[tuple[bool, str]]:
        """Frames that nobody asked for yet: whether one went up, and its text."""
        return await self.do(self._frames)

    async def start(self) -> None:
        await self.do(self._start)

    async def add_tab(self) -> Profile:
        """One more, which is empty."""
        self.tabs.append(await self.do(self._first.another_tab))
        return self.tabs[-1]

    async def crash(self, tab: Profile) -> None:
        """The tab's process dies; the others, and what is on the disk, stay."""
        self.tabs.remove(tab)
        await self.do(_crash, tab.page)

    async def hold_posts(self, tab: Profile) -> None:
        await self.do(tab.page.evaluate, "() => { globalThis.__holds = true; }")

    async def held(self, tab: Profile) -> str:
        """The first post that got no further than into the socket, as text."""
        await self.do(_wait_until, tab.page, "__held.length > 0", "no post was held")
        return await self.do(tab.page.evaluate, "__held[0]")

    async def fill(self) -> None:
        """The browser stores nothing more for this site: it may keep a byte, as long as it is told so."""
        await self.do(self._fill)

    async def give_room(self) -> None:
        await self.do(self._full.detach)

    async def quit(self) -> None:
        """As a person ends it: the disk has everything."""
        if self._context is not None:
            await self.do(self._context.close)
        self._context, self.tabs = None, []

    async def end(self) -> None:
        """Whatever state it is in."""
        with contextlib.suppress(Fault):
            await self.quit()
        with contextlib.suppress(Fault):
            if self._playwright is not None:
                await self.do(self._playwright.stop)
        self._thread.shutdown(wait=False)

    def copy_to(self, folder: Path) -> None:
        """The profile of a browser that does not run."""
        shutil.copytree(self.folder, folder, symlinks=True)

    def put_back(self, folder: Path) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(folder, self.folder, symlinks=True)

    def _start(self) -> None:
        if self._playwright is None:
            self._playwright = sync_playwright().start()
        context = self._playwright.chromium.launch_persistent_context(
            self.folder, executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS, base_url=self.origin
        )
        context.add_init_script(HOLDS_POSTS)
        context.on("page", lambda page: page.on("websocket", self._listen))
        context.on("requestfinished", self._asked)
        site = Site(self.folder.parent, [urlsplit(self.origin).port], {"EXTRA_ORIGINS": self.origin})
        self._context, self._first = context, Profile(context, site, self.folder)
        self.tabs = [self._first]

    def _fill(self) -> None:
        self._full = self._first.context.new_cdp_session(self.profile.page)
        self._full.send("Storage.overrideQuotaForOrigin", {"origin": self.origin, "quotaSize": 1})
        _wait_until(self.profile.page, TAKES_NOTHING, "the browser goes on to store")

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda text: self._heard.append((True, str(text))))
        socket.on("framereceived", lambda text: self._heard.append((False, str(text))))

    def _asked(self, request: Request) -> None:
        if FRAMES.search(request.url):
            self._heard.append(request)

    def _frames(self) -> list[tuple[bool, str]]:
        found: list[tuple[bool, str]] = []
        while self._heard:
            heard = self._heard.popleft()
            found += [heard] if isinstance(heard, tuple) else _frames_of(heard)
        return found


def _frames_of(request: Request) -> list[tuple[bool, str]]:
    """A post or an acknowledgement with its answer, or the answer to a pull; nothing of what was not answered."""
    response = request.response()
    if response is None:
        return []
    asked = [(True, request.post_data)] if request.method == "POST" else []
    return [*asked, (False, response.text())]


def _wait_until(page: Page, condition: str, otherwise: str) -> None:
    for _ in range(TRIES):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(PAUSE_MS)
    raise Fault(otherwise)


def _crash(page: Page) -> None:
    with contextlib.suppress(Error):
        page.goto("chrome://crash", timeout=CRASH_MS)
