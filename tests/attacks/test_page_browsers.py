"""Whoever holds the key file, or empties the browser: what the person's page says, words and buttons."""

import json
import re
from collections.abc import Callable
from itertools import count

import pytest
from playwright.sync_api import Request, WebSocket, expect

from tests.attacks.pages import Stage, listening
from tests.browser.people import Person
from tests.browser.profile import Profile
from tests.browser.scanner import Heap

pytestmark = pytest.mark.browser

NUMBERS = count(1)
EMPTY = """async () => {
  const names = (await indexedDB.databases()).map(({ name }) => name);
  for (const name of names) await new Promise((done) => (indexedDB.deleteDatabase(name).onsuccess = done));
  return names.length;
}"""
# Elsewhere: the page's own code, to be run there.
BORROW = """(url) => Promise.all([
  import(url).then(() => "ran", () => "refused"),
  fetch(url).then(() => "read", () => "refused"),
])"""
NEW_BROWSER = re.compile(r"A new browser reads your chats: Chrome, Linux, since Today, \d{1,2}:\d\d\b")


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
    expect(told).to_contain_text(NEW_BROWSER)
    told.get_by_role("button", name="Not me: take it off").click()
    dialog = hers.page.locator("browsers-dialog dialog[open]")
    dialog.locator("[data-part=form] pass-field input").fill(person.passphrase)
    hers.page.keyboard.press("Enter")
    expect(thief.page.locator("toast-line")).to_contain_text("taken off your account")
    expect(told).to_be_hidden()
    expect(dialog.locator("[data-part=rows] li")).to_have_count(1)


def wire_of(profile: Profile) -> Heap:
    """What the profile's page will ask for and say, in whatever request or frame."""
    wire = Heap()

    def note(request: Request) -> None:
        wire.add("address", request.url)
        wire.add("body", request.post_data_buffer or b"")

    def listen(line: WebSocket) -> None:
        line.on("framesent", lambda frame: wire.add("frame", frame))

    profile.context.on("request", note)
    profile.page.on("websocket", listen)
    return wire


@pytest.mark.thorough
def test_a23_no_link_brings_a_browser_in_and_the_file_is_read_in_this_page_alone(stage, profile_of, victim):
    """With a login alone: there is no code to show or to scan, and nothing in an address counts."""
    hers, person = victim
    fresh = profile_of(stage)
    fresh.log_in(person)
    did = hers.page.evaluate("async () => Object.keys((await (await fetch('/api/keys/browsers/')).json()).browsers)[0]")
    form = fresh.page.locator("key-import [data-part=bring]")
    for way in (f"?link={did}", f"#link={did}", f"?passphrase={person.passphrase}", f"#{person.passphrase}"):
        fresh.page.goto("about:blank")
        fresh.page.goto(f"/chat/{way}")
        expect(form.locator("input")).to_have_count(2)
        found = form.locator("input").evaluate_all("fields => fields.map(({ type, value }) => [type, value])")
        assert found == [["file", ""], ["password", ""]]
        expect(fresh.page.locator("key-import").locator("canvas, img, video, a")).to_have_count(0)
    assert fresh.context.request.get("/api/me/").json()["bundle_version"] == 1
    imports = json.loads(fresh.page.locator("script[type=importmap]").text_content())["imports"]
    (code,) = [address for address in imports.values() if "/js/chat/key-import." in address]
    assert fresh.context.request.get(code).ok
    with listening() as stranger:
        elsewhere = stage.chromium.new_context()
        page = elsewhere.new_page()
        page.goto(stranger.url)
        assert page.evaluate(BORROW, f"{stage.proxy.url}{code}") == ["refused", "refused"]
        elsewhere.close()
    fresh.page.goto("/chat/")
    wire = wire_of(fresh)
    fresh.import_key_file(person.key_file, person.passphrase)
    fresh.expect_chats()
    assert wire.places_of(bytes.fromhex(did)), "what does cross is seen"
    assert wire.places_of(person.passphrase.encode()) | wire.places_of(person.key_file[-64:]) == set()
    assert fresh.foreign == []
    expect(hers.page.locator("new-browser")).to_contain_text(NEW_BROWSER)


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
