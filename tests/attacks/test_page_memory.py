"""What stays in the memory of a real page after a lock, after a log-out, and after a message has disappeared."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.attacks.memory import look
from tests.attacks.pages import Peer, Stage
from tests.browser.people import Person
from tests.browser.profile import KEYS_MS, Profile

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
HOUR_S = 3600
LATER = "() => { const { now } = Date; Date.now = () => now.call(Date) + 2 * 3_600_000; }"


def canary(what: str) -> str:
    return f"canary-{what}-{secrets.token_hex(8)}"


@dataclass
class Victim:
    """A person, and a page of hers in which Playwright has never spoken of what is looked for."""

    person: Person
    page: Page
    uid: str

    def unlock(self) -> None:
        field = self.page.locator("key-unlock pass-field input")
        expect(field).to_be_focused()
        self.page.keyboard.insert_text(self.person.passphrase)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("chat-desk")).to_be_visible(timeout=KEYS_MS)

    def open_chat(self) -> None:
        self.page.locator("conversation-row [data-part=button]").first.click()
        expect(self.page.locator("message-composer")).to_be_visible()

    def expect_messages(self, number: int) -> None:
        expect(self.page.locator("message-bubble")).to_have_count(number)

    def write(self, text: str, *, send: bool) -> None:
        self.page.locator("message-composer textarea").focus()
        self.page.keyboard.insert_text(text)
        if send:
            self.page.keyboard.press("Enter")


@pytest.fixture
def victim(stage: Stage, profile_of: Callable[[Stage], Profile]) -> Victim:
    made, person = profile_of(stage), Person(f"yvonne{secrets.token_hex(2)}", "Yvonne Yellow")
    made.new_account(person)
    made.make_keys(person)
    page = made.another_tab().page
    made.page.close()
    page.goto("/chat/")
    expect(page.locator("key-unlock")).to_be_visible()
    return Victim(person, page, str(made.context.request.get("/api/me/").json()["uid"]))


@pytest.fixture
def peer(stage: Stage) -> Peer:
    return stage.peers.make(f"zacharias{secrets.token_hex(2)}")


def test_a78_a_locked_page_holds_no_words_and_no_keys(victim, peer):
    heard, said, unsent = canary("heard"), canary("said"), canary("unsent")
    before = look(victim.page)
    victim.unlock()
    peer.say(victim.uid, heard)
    victim.open_chat()
    victim.expect_messages(1)
    victim.write(said, send=True)
    victim.expect_messages(2)
    victim.write(unsent, send=False)
    opened = look(victim.page)
    assert opened.found([heard, said, unsent]) == [heard, said, unsent], "the search finds what is there"
    assert opened.arrays > before.arrays + 20, "keys and seeds of an open chat"
    assert opened.keys != before.keys
    victim.page.locator("app-menu summary").click()
    victim.page.locator("app-menu [data-part=lock]").click()
    expect(victim.page.locator("key-unlock")).to_be_visible()
    locked = look(victim.page)
    assert locked.found([heard, said, unsent, victim.person.passphrase]) == []
    assert locked.keys == before.keys
    assert locked.arrays <= before.arrays


def test_a78_a_page_that_was_left_holds_none_either(victim, peer):
    heard = canary("heard")
    victim.unlock()
    peer.say(victim.uid, heard)
    victim.open_chat()
    victim.expect_messages(1)
    opened = look(victim.page)
    assert opened.found([heard]) == [heard]
    victim.page.locator("app-menu summary").click()
    victim.page.locator("app-menu").get_by_role("button", name="Log out").click()
    expect(victim.page).to_have_url(re.compile(r"/login/|/$"))
    left = look(victim.page)
    assert left.found([heard, victim.person.passphrase]) == []
    assert left.keys == ()
    assert left.arrays < opened.arrays


def test_a78_a_message_that_disappeared_is_in_no_memory(victim, peer):
    passing = canary("passing")
    cid = peer.say(victim.uid, "before the timer")
    victim.unlock()
    victim.open_chat()
    victim.expect_messages(1)
    peer.peers.call(peer.client.set_timer(bytes.fromhex(cid), HOUR_S))
    peer.say(victim.uid, passing)
    victim.expect_messages(2)
    assert look(victim.page).found([passing]) == [passing]
    victim.page.evaluate(LATER)
    peer.say(victim.uid, "two hours later")
    expect(victim.page.locator("message-bubble").nth(1)).to_contain_text("two hours later")
    assert look(victim.page).found([passing]) == []
