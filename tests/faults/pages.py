"""A real page of the product among the readers, in front of real servers.

Its sockets are heard and what it draws is read: the history has of a page what it has of a client of the reference.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from reference import wire
from reference.encoding import unb64
from tests.browser.people import Person
from tests.browser.profile import STATE_MS, Profile
from tests.faults.chromium import Chromium
from tests.faults.gate import Gate
from tests.faults.history import History, Stored
from tests.faults.people import PAGE, Watched
from tests.faults.recorder import Recorder

SENT = ("sent", "delivered", "read")
DRAWN = """() => Array.from(document.querySelectorAll("message-bubble"), (bubble) => {
  const { seq, mine, state, code, kind } = bubble.message;
  const text = bubble.querySelector("[data-part=text]").textContent;
  return { seq, mine, state, code, text, isText: kind === "text" };
})"""


class ChatPage(Watched):
    """A person's browser with one open chat. `gate`: its way to the servers."""

    def __init__(self, name: str, history: History, gate: Gate, folder: Path) -> None:
        super().__init__(name, history)
        self.gate, self.person = gate, Person(name, name.title())
        self.browser = Chromium(f"http://127.0.0.1:{gate.port}", folder / f"profile of {name}")
        self.peer: Person | None = None
        self._recorder = Recorder(history, name)
        self._known: Counter[bytes] = Counter()
        self._cursors: dict[bytes, int] = {}
        self._cid = b""
        self._drawn: list[list[dict[str, Any]]] = []

    # --- what a person does

    async def sign_up(self) -> None:
        await self.browser.start()
        await self.browser.do(self.browser.profile.new_account, self.person)
        await self.browser.do(self.browser.profile.make_keys, self.person)

    async def start_chat(self, other: Person) -> bytes:
        """The first chat; its cid."""
        self.peer = other
        await self.browser.do(self.browser.profile.start_chat, other)
        self._cid = bytes.fromhex((await self.ask("/api/conversations/"))["conversations"][0]["cid"])
        return self._cid

    async def open_chat(self, other: Person, cid: bytes) -> None:
        self.peer, self._cid = other, cid
        await self.browser.do(self.browser.profile.open_chat, other)

    async def open_tab(self) -> Profile:
        """One more with the same chat, while another is unlocked."""
        tab = await self.browser.add_tab()
        await self.browser.do(tab.page.goto, "/chat/")
        await self.browser.do(tab.expect_chats)
        await self.browser.do(tab.open_chat, self.peer)
        return tab

    async def come_in(self) -> None:
        """A page of a browser that was ended, or whose tab was: log in when that is asked, unlock, open the chat."""
        await self.browser.do(self._come_in, self.browser.profile)

    async def unlock(self) -> None:
        """The tab that is left asks for the passphrase."""
        await self.browser.do(self.browser.profile.unlock, self.person)

    async def come_back(self) -> None:
        """Online again, at once."""
        await self.browser.do(self.browser.profile.come_back)

    async def type_at_once(self, tab: Profile, texts: list[str]) -> None:
        """Without a pause, and without looking what becomes of them."""
        for text in texts:
            self.type(self._cid, text)
        await self.browser.do(tab.send_at_once, texts)

    async def say(self, cid: bytes, text: str) -> None:
        """A text is typed and gets its tick."""
        self.type(cid, text)
        await self.browser.do(self.browser.profile.send, text)
        await self.sees(text, state="sent")

    async def hold_posts(self) -> None:
        await self.browser.hold_posts(self.browser.profile)

    async def held(self) -> str:
        """The first post that is held; it is in the history as one that was tried."""
        frame = await self.browser.held(self.browser.profile)
        self.sent(frame)
        return frame

    async def write(self, text: str) -> None:
        """A text is typed; what becomes of it is seen later."""
        await self.browser.do(self.browser.profile.write, text)
        await self.press_enter()

    async def press_enter(self) -> None:
        await self.browser.do(self.browser.profile.page.keyboard.press, "Enter")

    async def renew(self) -> None:
        """The banner that says that this browser is an older copy leads to new keys."""
        await self.browser.do(self._renew, self.browser.profile)

    async def send_again(self) -> None:
        """The banner that says that the server's past is another leads to what was lost."""
        await self.browser.do(self._send_again, self.browser.profile)

    async def is_told(self, words: str) -> None:
        toast = self.browser.profile.page.locator("toast-line", has_text=words)
        await self.browser.do(lambda: expect(toast.first).to_be_visible())

    async def sees_nothing_of(self, text: str) -> None:
        await self.browser.do(lambda: expect(self.browser.profile.bubble(text)).to_have_count(0))

    async def sees(self, *texts: str, state: str = "") -> None:
        for tab in self.browser.tabs:
            for text in texts:
                await self.browser.do(tab.expect_message, text, state=state)

    # --- what a reader tells

    def cursor(self, cid: bytes) -> int:
        """What the page last said of how far it has come: in its hello, or with its last acknowledgement."""
        return self._cursors.get(cid, 0)

    async def everything(self, cid: bytes) -> tuple[Stored, ...]:
        found: list[Stored] = []
        while True:
            path = f"/api/conversations/{cid.hex()}/events/?after={len(found)}&limit={PAGE}"
            items = (await self.ask(path))["items"]
            found += [Stored(item["seq"], item["client_id"], unb64(item["sha256"])) for item in items]
            if not items:
                return tuple(found)

    async def look(self) -> None:
        self._drawn = await self.browser.do(lambda: [tab.page.evaluate(DRAWN) for tab in self.browser.tabs])
        for is_up, text in await self.browser.heard():
            if is_up:
                self.sent(text)
            else:
                self._heard(wire.read(text))

    def forget(self) -> None:
        """The database is an older one: what was accepted beyond it is not known any more."""
        self._known.clear()

    def tell(self) -> None:
        for number, rows in enumerate(self._drawn, start=1):
            who = self.name if number == 1 else f"{self.name} in tab {number}"
            there = [row for row in rows if row["isText"] and (not row["mine"] or row["state"] in SENT)]
            self.history.shown[who, self._cid] = [(row["seq"], row["text"]) for row in there]
            self.history.ticked |= {row["text"]: row["seq"] for row in there if row["mine"]}
            self.history.failed |= {row["text"]: row["code"] for row in rows if row["state"] == "failed"}

    async def close(self) -> None:
        await self.browser.end()

    def sent(self, text: str) -> None:
        """A frame that the page sends."""
        frame = json.loads(text)
        match frame["f"]:
            case "hello":
                self._recorder.begins()
                self._cursors = {bytes.fromhex(cid): seq for cid, seq in frame["cursors"].items()}
            case "ack":
                self._cursors[bytes.fromhex(frame["cid"])] = frame["upto"]
            case "post":
                self._recorder.posts(bytes.fromhex(frame["cid"]), frame["client_id"], unb64(frame["blob"]))
            case "pull":
                cid = bytes.fromhex(frame["cid"])
                self._recorder.pulls(cid, frame["after"], frame["limit"], self._known[cid])

    def _heard(self, frame: wire.ServerFrame) -> None:
        """Frames are heard late, so that only what the page itself was told counts as known to it."""
        self._recorder.hears(frame)
        if isinstance(frame, wire.Accepted) and frame.client_id in self.history.posted:
            cid, _sha256 = self.history.posted[frame.client_id]
            self._known[cid] = max(self._known[cid], frame.seq)

    async def ask(self, path: str) -> Any:
        """What the server answers this person."""
        return await self.browser.do(lambda: self.browser.profile.context.request.get(path).json())

    def _renew(self, tab: Profile) -> None:
        banner = tab.page.locator("stop-banner")
        tab.part("safe", banner).click(timeout=STATE_MS)
        dialog = tab.page.locator("renew-dialog dialog[open]")
        dialog.locator("pass-field input").first.fill(self.person.passphrase)
        tab.page.keyboard.press("Enter")
        expect(dialog).to_be_hidden(timeout=STATE_MS)
        expect(banner).to_be_hidden(timeout=STATE_MS)

    def _send_again(self, tab: Profile) -> None:
        banner = tab.page.locator("stop-banner")
        tab.part("safe", banner).click(timeout=STATE_MS)
        expect(banner).to_be_hidden(timeout=STATE_MS)

    def _come_in(self, tab: Profile) -> None:
        tab.page.goto("/chat/")
        if "/login/" in tab.page.url:
            tab.log_in(self.person)
        tab.unlock(self.person)
        tab.open_chat(self.peer)
