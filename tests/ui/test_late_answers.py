"""A dialog that was closed, or asks something else by then, when the answer to what it asked before comes."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.chats import held, let_go, open_chat, until, wait_for_held
from tests.ui.test_own_keys import choose
from tests.ui.test_safety import compare, part

pytestmark = pytest.mark.browser

# Writes down for whom a verb is asked.
NOTE = """(verb) => {
    const ask = fake[verb].bind(fake);
    fake.asked = [];
    fake[verb] = (given) => (fake.asked.push(fake.conversation(given.cid).peer.displayName), ask(given));
}"""

# The verb fails, once `fake.letGo()` is called.
FAIL_LATE = """(verb) => {
    fake[verb] = () => new Promise((_, fail) => {
        fake.letGo = () => fail(Object.assign(new Error("OFFLINE"), { code: "OFFLINE" }));
    });
}"""

FILE = {"name": "a.e2ck", "mimeType": "application/octet-stream", "buffer": b"E2CK"}


def from_menu(page: Page, name: str, item: str) -> Locator:
    """The dialog that this item of the menu opens for this chat."""
    open_chat(page, name)
    page.locator(".chat-view__header summary").click()
    page.locator(f".chat-view__header [data-part={item}]").click()
    return page.locator("chat-view dialog[open]")


def set_timer(page: Page, name: str, time: str) -> Locator:
    dialog = from_menu(page, name, "timerItem")
    dialog.get_by_label(time).check()
    dialog.locator("[data-part=go]").click()
    return dialog


def save_file(page: Page, name: str) -> Locator:
    dialog = from_menu(page, name, "save")
    dialog.locator("pass-field input").fill("long enough for a file")
    dialog.locator("[data-part=go]").click()
    return dialog


def choose_file(page: Page) -> Locator:
    dialog = from_menu(page, "Bob Marrero", "read")
    dialog.locator("input[type=file]").set_input_files(FILE)
    dialog.locator("pass-field input").fill("right")
    return page.locator("read-file-dialog")


def read_file(page: Page) -> Locator:
    dialog = choose_file(page)
    dialog.locator("[data-part=go]").click()
    return dialog


def answer_late(page: Page, answer: str) -> None:
    """Presses it for Bob, and leaves the dialog before that is kept."""
    held(page, "setVerified")
    compare(page)
    part(page, answer).click()
    wait_for_held(page)
    page.keyboard.press("Escape")


def test_a_mark_that_is_kept_late_says_nothing_of_the_next_person(show):
    page = show()
    answer_late(page, "same")
    open_chat(page, "Inés")
    page.locator("stop-banner [data-part=compare] button").click()
    expect(part(page, "mine").locator("li")).to_have_count(6)
    let_go(page)
    assert page.evaluate("fake.calls") == [["verified", True]]
    expect(part(page, "stateText")).to_have_text("Not verified yet")
    expect(part(page, "same")).to_be_visible()
    expect(page.locator("stop-banner")).to_be_visible()
    assert page.evaluate("fake.chats.find(({blocked}) => blocked?.code === 'ROOT_RESET').verified") is False


def test_a_difference_that_is_kept_late_says_nothing_of_the_next_person(show):
    page = show()
    answer_late(page, "differ")
    compare(page, "Grace H.")
    let_go(page)
    expect(part(page, "wrong")).to_be_hidden()
    expect(part(page, "same")).to_be_visible()


def test_a_number_that_fails_late_says_nothing_of_the_next_person(show):
    page = show()
    open_chat(page, "Carol")
    page.evaluate("() => { fake.number = fake.safetyNumber.bind(fake); }")
    page.evaluate(FAIL_LATE, "safetyNumber")
    page.locator("chat-view [data-part=trust]").click()
    page.keyboard.press("Escape")
    page.evaluate("() => { fake.safetyNumber = fake.number; }")
    compare(page, "Grace H.")
    let_go(page)
    expect(part(page, "error")).to_be_hidden()
    expect(part(page, "same")).to_be_visible()


def test_a_timer_is_set_while_that_of_another_chat_is_on_its_way(show):
    page = show()
    page.evaluate(NOTE, "setTimer")
    held(page, "setTimer")
    set_timer(page, "Bob Marrero", "After 1 week")
    wait_for_held(page)
    page.keyboard.press("Escape")
    dialog = set_timer(page, "Carol", "After 1 hour")
    until(page, "fake.holds() > 1")
    let_go(page)
    expect(dialog).to_be_hidden()
    assert page.evaluate("fake.asked") == ["Bob Marrero", "Carol"]
    assert page.evaluate("fake.calls") == [["timer", 604_800], ["timer", 3_600]]


def test_the_end_of_what_was_asked_before_closes_nothing(show):
    page = show()
    held(page, "setTimer")
    set_timer(page, "Bob Marrero", "After 1 week")
    wait_for_held(page)
    page.keyboard.press("Escape")
    dialog = from_menu(page, "Carol", "timerItem")
    let_go(page)
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Never: messages stay")).to_be_checked()


def test_an_error_that_comes_late_is_a_toast(show):
    page = show()
    page.evaluate(FAIL_LATE, "setTimer")
    set_timer(page, "Bob Marrero", "After 1 week")
    page.keyboard.press("Escape")
    dialog = from_menu(page, "Carol", "timerItem")
    let_go(page)
    expect(page.locator(".toast")).to_have_count(1)
    expect(dialog.locator("[data-part=error]")).to_be_hidden()


def test_a_button_stays_busy_until_its_own_work_ends(show):
    page = show()
    held(page, "setTimer")
    set_timer(page, "Bob Marrero", "After 1 week")
    wait_for_held(page)
    page.evaluate("() => { fake.letBobGo = fake.letGo; }")
    page.keyboard.press("Escape")
    held(page, "setTimer")
    dialog = set_timer(page, "Carol", "After 1 hour")
    page.evaluate("() => { fake.letBobGo(); return new Promise((done) => setTimeout(done, 50)); }")
    expect(dialog.locator("[data-part=go]")).to_have_attribute("aria-busy", "true")


def test_a_file_is_saved_while_that_of_another_chat_is_made(show):
    page, saved = show(), []
    page.on("download", lambda one: saved.append(one))
    page.evaluate(NOTE, "conversationFile")
    held(page, "conversationFile")
    save_file(page, "Bob Marrero")
    wait_for_held(page)
    page.keyboard.press("Escape")
    dialog = save_file(page, "Carol")
    until(page, "fake.holds() > 1")
    with page.expect_download():
        let_go(page)
    expect(dialog).to_be_hidden()
    assert page.evaluate("fake.asked") == ["Bob Marrero", "Carol"]
    assert len(saved) == 1


def test_a_browser_that_goes_late_leaves_the_form_that_is_open_by_then(show):
    page = show()
    held(page, "removeBrowser")
    choose(page, "browsers")
    dialog = page.locator("browsers-dialog")
    remove = dialog.get_by_role("button", name="Remove A browser without a name")
    remove.click()
    dialog.locator("pass-field input").fill("right")
    page.keyboard.press("Enter")
    wait_for_held(page)
    dialog.locator("[data-part=keep]").click()
    remove.click()
    let_go(page)
    expect(dialog.locator("[data-part=form]")).to_be_visible()
    expect(page.locator(".toast")).to_contain_text("The browser was taken off")


def test_a_file_that_is_read_late_leaves_nothing_in_the_page(show):
    page = show()
    held(page, "readConversationFile")
    dialog = read_file(page)
    wait_for_held(page)
    page.keyboard.press("Escape")
    let_go(page)
    expect(dialog.locator("[data-part=messages] li")).to_have_count(0)


def test_a_long_file_stops_coming_when_the_dialog_is_closed(show):
    page = show("open&many=2000")
    dialog = choose_file(page)
    page.evaluate("() => { window.frames = []; window.requestAnimationFrame = (go) => frames.push(go); }")
    dialog.locator("[data-part=go]").click()
    rows = dialog.locator("[data-part=messages] li")
    expect(rows).not_to_have_count(0)
    page.keyboard.press("Escape")
    expect(rows).to_have_count(0)
    page.evaluate("() => frames.splice(0).forEach((go) => go())")
    expect(rows).to_have_count(0)
