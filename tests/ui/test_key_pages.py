"""The path of the keys, and the screens in front of it."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

FILE = {"name": "chat-key-alice-2026-11-23.e2ck", "mimeType": "application/octet-stream", "buffer": b"E2CK"}


def visible(page, selector):
    return page.locator(f"{selector}:visible")


def test_a_new_person_saves_and_proves_the_key_file_before_the_chats_open(show):
    page = show("setup")
    phrase = page.locator("[data-part=phrase]").inner_text()
    page.locator("key-setup [data-part=kept]").check()
    page.get_by_role("button", name="Make my keys").click()
    expect(page.locator("key-setup [data-part=saved]")).to_be_disabled()
    with page.expect_download() as offered:
        page.get_by_role("button", name="Save key file").click()
    assert offered.value.suggested_filename == FILE["name"]
    page.locator("key-setup [data-part=saved]").click()
    prove = page.locator("key-setup [data-part=prove]")
    prove.locator("input[type=file]").set_input_files(FILE)
    prove.locator("[data-part=provePhrase] input").fill("something else")
    page.keyboard.press("Enter")
    expect(prove.locator("[data-part=proveError]")).to_contain_text("The passphrase does not open this file.")
    prove.locator("[data-part=provePhrase] input").fill(phrase)
    page.keyboard.press("Enter")
    expect(page.locator("chat-desk")).to_be_visible()


def test_an_own_passphrase_must_be_long(show):
    page = show("setup")
    page.locator("key-setup [data-part=own]").click()
    field = page.locator("[data-part=ownPhrase] input")
    field.fill("too short")
    page.locator("key-setup [data-part=kept]").check()
    page.get_by_role("button", name="Make my keys").click()
    expect(page.locator("key-setup [data-part=choose]")).to_be_visible()
    expect(page.locator("[data-part=ownPhrase] [data-part=hint]")).to_have_text("7 more characters")
    field.fill("a whole sentence of 30 letters")
    page.get_by_role("button", name="Make my keys").click()
    expect(page.locator("key-setup [data-part=save]")).to_be_visible()


def test_keys_without_a_proved_file_ask_for_the_file_again(show):
    page = show("prove")
    expect(page.locator("key-setup [data-part=savePhrase]")).to_be_visible()


def test_unlocking_says_when_the_passphrase_is_wrong(show):
    page = show("locked")
    field = visible(page, "key-unlock input")
    field.fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("key-unlock [data-part=error]")).to_contain_text("This passphrase does not open your keys.")
    expect(field).to_be_focused()
    field.fill("right")
    page.keyboard.press("Enter")
    expect(page.locator("chat-desk")).to_be_visible()


def test_a_new_browser_takes_the_file_and_shows_the_history_coming(show):
    page = show("import")
    page.evaluate("() => { fake.lateHistory = new Promise((give) => (fake.give = give)); }")
    page.locator("key-import input[type=file]").set_input_files(FILE)
    visible(page, "key-import input[type=password]").fill("right")
    page.keyboard.press("Enter")
    expect(page.locator("key-import [data-part=count]")).to_contain_text("of 1,200 messages")
    page.evaluate("fake.give()")
    expect(page.locator("chat-desk")).to_be_visible()


def test_an_old_file_that_was_taken_is_told_apart_from_one_that_was_refused(show):
    page = show("import")
    page.evaluate("() => { fake.notices = ['KEYFILE_STALE']; }")
    page.locator("key-import input[type=file]").set_input_files(FILE)
    visible(page, "key-import input[type=password]").fill("of a former root")
    page.keyboard.press("Enter")
    expect(page.locator("key-import [data-part=error]")).to_contain_text("it was not used")
    visible(page, "key-import input[type=password]").fill("right")
    page.keyboard.press("Enter")
    expect(page.locator("toast-stack")).to_contain_text("The key file was an old one")


def test_without_a_file_nothing_is_asked_of_the_messenger(show):
    page = show("import")
    visible(page, "key-import input[type=password]").fill("right")
    page.keyboard.press("Enter")
    expect(page.locator("key-import [data-part=bring]")).to_be_visible()


def test_starting_over_wants_the_user_name(show):
    page = show("import")
    page.get_by_role("button", name="I have lost it").click()
    page.locator("key-import input[data-part=name]").fill("bob")
    page.get_by_role("button", name="Start over").click()
    expect(page.locator("key-import [data-part=resetError]")).to_contain_text("This is not your user name.")
    page.locator("key-import input[data-part=name]").fill("alice")
    page.get_by_role("button", name="Start over").click()
    expect(page.locator("key-setup")).to_be_visible()


def test_another_tab_can_hand_over(show):
    page = show("elsewhere")
    page.get_by_role("button", name="Use here").click()
    expect(page.locator("key-unlock")).to_be_visible()


def test_a_page_without_tls_explains_itself_without_a_messenger(show):
    page = show("insecure")
    expect(page.get_by_role("heading")).to_have_text("This address is not secure enough")
    assert page.locator("gate-page a").get_attribute("href").startswith("https://")


def test_what_did_not_open_says_what_to_do_and_shows_the_code_in_details(show):
    page = show("failed")
    expect(page.locator("gate-page [data-part=text]")).to_contain_text("Use a normal window")
    page.locator("gate-page summary").click()
    expect(page.locator("gate-page [data-part=code]")).to_have_text("STORAGE_FAILED")
