"""Whoever holds the key file, or empties the browser: what the person's page says, words and buttons."""

from collections.abc import Callable
from itertools import count

import pytest
from playwright.sync_api import expect

from tests.attacks.pages import Stage
from tests.browser.people import Person
from tests.browser.profile import Profile

pytestmark = pytest.mark.browser

NUMBERS = count(1)
EMPTY = """async () => {
  const names = (await indexedDB.databases()).map(({ name }) => name);
  for (const name of names) await new Promise((done) => (indexedDB.deleteDatabase(name).onsuccess = done));
  return names.length;
}"""


@pytest.fixture
def victim(stage: Stage, profile_of: Callable[[Stage], Profile]) -> tuple[Profile, Person]:
    """Somebody new for each test: all of them share one server."""
    made, person = profile_of(stage), Person(f"wanda{next(NUMBERS)}", "Wanda White")
    made.new_account(person)
    made.make_keys(person)
    return made, person


@pytest.mark.thorough
def test_a23_a_browser_that_a_phisher_brought_is_told_at_once_and_thrown_out(stage, profile_of, victim):
    hers, person = victim
    thief = profile_of(stage)
    thief.log_in(person)
    thief.import_key_file(person.key_file, person.passphrase)
    thief.expect_chats()
    told = hers.page.locator("new-browser")
    expect(told).to_contain_text("A new browser reads your chats: Chrome, Linux, since Today")
    told.get_by_role("button", name="Not me: take it off").click()
    dialog = hers.page.locator("browsers-dialog dialog[open]")
    dialog.locator("[data-part=form] pass-field input").fill(person.passphrase)
    hers.page.keyboard.press("Enter")
    expect(thief.page.locator("toast-line")).to_contain_text("taken off your account")
    expect(told).to_be_hidden()
    expect(dialog.locator("[data-part=rows] li")).to_have_count(1)


@pytest.mark.thorough
def test_a77_an_emptied_browser_says_what_happened_and_the_file_brings_all_back(stage, victim):
    hers, person = victim
    peer = stage.peers.make("walter")
    peer.say(str(hers.context.request.get("/api/me/").json()["uid"]), "before it was emptied")
    hers.open_chat(peer.shown)
    hers.expect_message("before it was emptied")
    hers.page.goto("/account/")
    assert hers.page.evaluate(EMPTY) == 1
    hers.page.goto("/chat/")
    screen = hers.page.locator("key-import")
    expect(screen.locator("[data-part=error]").first).to_contain_text(
        "This browser had keys of yours, and they are gone"
    )
    hers.import_key_file(person.key_file, person.passphrase)
    hers.expect_chats()
    hers.open_chat(peer.shown)
    hers.expect_message("before it was emptied")


def test_a77_no_chat_opens_before_the_key_file_was_saved_and_read(stage, profile_of):
    hers, person = profile_of(stage), Person("xenia", "Xenia Xanthic")
    hers.new_account(person)
    setup = hers.page.locator("key-setup")
    expect(setup).to_be_visible()
    hers.page.goto("/chat/")
    expect(setup).to_be_visible()
    expect(hers.page.locator("conversation-list")).to_be_hidden()


@pytest.mark.thorough
def test_a77_who_lost_the_file_as_well_starts_over_and_the_others_are_told(stage, victim):
    hers, person = victim
    stage.reopen()
    stage.hers.start_chat(person)
    stage.hers.send("before you lost it all")
    hers.open_chat(stage.person)
    hers.expect_message("before you lost it all")
    hers.page.goto("/account/")
    hers.page.evaluate(EMPTY)
    hers.page.goto("/chat/")
    screen = hers.page.locator("key-import")
    screen.locator("[data-part=lost]").click()
    screen.locator("[data-part=reset] input").fill(person.name)
    screen.locator("[data-part=resetNow]").click()
    hers.make_keys(person)
    title = stage.hers.page.locator("stop-banner [data-part=title]")
    expect(title).to_have_text("Wanda White’s security keys are new")
    expect(stage.hers.page.locator("stop-banner [data-part=safe]")).to_have_text("Don’t send")
    stage.hers.page.locator("stop-banner [data-part=other]").click()
    stage.hers.send("is it you?")
    hers.open_chat(stage.person)
    hers.expect_message("is it you?")
