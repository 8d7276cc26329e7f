"""My browsers and my passphrase, from my menu."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.ui.chats import open_chat

pytestmark = pytest.mark.browser


def choose(page: Page, part: str) -> None:
    page.locator("app-menu summary").click()
    page.locator(f"app-menu [data-part={part}]").click()


def test_my_browsers_are_listed_and_one_is_taken_off_with_the_passphrase(show):
    page = show()
    choose(page, "browsers")
    dialog = page.locator("browsers-dialog")
    rows = dialog.locator("[data-part=rows] li")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("this one")
    expect(rows.first.locator("[data-part=remove]")).to_be_hidden()
    assert Axe().run(page).response["violations"] == []
    dialog.get_by_role("button", name="Remove A browser without a name").click()
    expect(dialog.locator("[data-part=form]")).to_contain_text("reads nothing new")
    dialog.locator("pass-field input").fill("wrong")
    page.keyboard.press("Enter")
    expect(dialog.locator("[data-part=error]")).to_contain_text("This passphrase does not open your keys.")
    dialog.locator("pass-field input").fill("right")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(1)


def test_a_browser_gets_a_name_that_stays_here(show):
    page = show()
    choose(page, "browsers")
    dialog = page.locator("browsers-dialog")
    rows = dialog.locator("[data-part=rows] li")
    expect(rows.first.locator("[data-part=name]")).to_have_text("Chrome, Linux")
    dialog.get_by_role("button", name="Name A browser without a name").click()
    expect(dialog.locator("[data-part=nameForm]")).to_contain_text("Only this browser knows the name")
    assert Axe().run(page).response["violations"] == []
    dialog.get_by_label("Name of this browser").fill("The old laptop")
    page.keyboard.press("Enter")
    expect(rows.nth(1).locator("[data-part=name]")).to_have_text("The old laptop")
    dialog.get_by_role("button", name="Remove The old laptop").click()
    expect(dialog.locator("[data-part=what]")).to_contain_text("The old laptop")


def test_the_reminder_stands_there_as_soon_as_a_browser_was_removed(show):
    page = show()
    page.evaluate("fake.removeBrowser = async () => void (fake.file.due = 'renew')")
    choose(page, "browsers")
    dialog = page.locator("browsers-dialog")
    dialog.get_by_role("button", name="Remove A browser without a name").click()
    dialog.locator("pass-field input").fill("right")
    page.keyboard.press("Enter")
    expect(page.locator("key-file-reminder")).to_contain_text("Save a new key file")


def test_the_passphrase_is_changed_and_a_new_file_is_asked_for(show):
    page = show(lang="es", theme="dark")
    choose(page, "changePhrase")
    dialog = page.locator("passphrase-dialog")
    dialog.get_by_label("Frase secreta actual", exact=True).fill("right")
    dialog.get_by_label("Frase secreta nueva", exact=True).fill("una frase bastante larga")
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Guarda un archivo de llave nuevo")
    assert page.evaluate("fake.calls.at(-1)") == ["passphrase", "una frase bastante larga"]


def test_a_messenger_without_them_offers_neither(show):
    page = show("import")
    page.evaluate("fake.browsers = fake.changePassphrase = undefined")
    page.locator("key-import input[type=file]").set_input_files(
        {"name": "a.e2ck", "mimeType": "application/octet-stream", "buffer": b"E2CK"}
    )
    page.locator("key-import input[type=password]:visible").fill("right")
    page.keyboard.press("Enter")
    page.locator("app-menu summary").click()
    expect(page.locator("app-menu [data-part=keyFile]")).to_be_visible()
    expect(page.locator("app-menu [data-part=browsers]")).to_be_hidden()
    expect(page.locator("app-menu [data-part=changePhrase]")).to_be_hidden()


def test_the_key_file_is_asked_for_calmly_and_no_more_once_it_is_proved(show):
    page = show("open&due=check")
    reminder = page.locator("key-file-reminder")
    expect(reminder).to_contain_text("Do you still have your key file?")
    assert Axe().run(page).response["violations"] == []
    reminder.get_by_role("button", name="Check it now").click()
    dialog = page.locator("key-file-dialog")
    expect(dialog.locator("[data-part=proved]")).to_contain_text("You last showed it on")
    dialog.locator("input[type=file]").set_input_files(
        {"name": "a.e2ck", "mimeType": "application/octet-stream", "buffer": b"E2CK"}
    )
    dialog.locator("input[type=password]").fill("right")
    page.keyboard.press("Enter")
    expect(dialog.locator("[data-part=good]")).to_be_visible()
    expect(reminder).to_be_hidden()


def test_a_key_file_in_other_hands_is_answered_with_new_keys(show):
    page = show()
    choose(page, "keyFile")
    page.get_by_role("button", name="Someone else may have my key file").click()
    dialog = page.locator("root-dialog")
    expect(dialog).to_contain_text("Your other browsers leave your account")
    assert Axe().run(page).response["violations"] == []
    dialog.locator("input").fill("wrong")
    page.keyboard.press("Enter")
    expect(dialog.locator("[data-part=error]")).to_contain_text("This passphrase does not open your keys.")
    dialog.locator("input").fill("right")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Save a new key file now")
    expect(page.locator("key-file-reminder")).to_contain_text("Save a new key file")


def test_an_earlier_key_file_opens_old_messages_and_a_new_one_is_asked_for(show):
    page = show()
    choose(page, "keyFile")
    page.get_by_role("button", name="I found my earlier key file").click()
    expect(page.locator("key-file-dialog dialog")).to_be_hidden()
    dialog = page.locator("app-menu bring-dialog")
    expect(dialog).to_contain_text("before you started over")
    expect(dialog).not_to_contain_text("this browser goes on", use_inner_text=True)
    assert Axe().run(page).response["violations"] == []
    dialog.locator("input[type=file]").set_input_files(
        {"name": "old.e2ck", "mimeType": "application/octet-stream", "buffer": b"E2CK"}
    )
    dialog.locator("[data-part=passphrase] input").fill("of a former root")
    page.keyboard.press("Enter")
    dialog.locator("[data-part=own] input").fill("right")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("the messages of that time can be read again")
    expect(page.locator("key-file-reminder")).to_contain_text("Save a new key file")


NEWER = {"en": "I have a newer key file", "es": "Tengo un archivo de llave más reciente"}


@pytest.mark.parametrize(
    ("lang", "title", "lead"),
    [
        ("en", "Bring your newest key file", "Your account may have newer keys than this browser"),
        ("es", "Traer tu archivo de llave más reciente", "Puede que tu cuenta tenga llaves más nuevas"),
    ],
)
def test_keys_older_than_the_account_lead_to_its_newest_file(show, lang, title, lead):
    page = show(lang=lang)
    page.evaluate("fake.emit('phase', {phase: 'locked', code: 'KEYS_OLD_HERE'})")
    expect(page.locator("key-unlock [data-part=error]")).to_contain_text(NEWER[lang])
    page.locator("key-unlock pass-field input").fill("right")
    page.keyboard.press("Enter")
    choose(page, "keyFile")
    page.get_by_role("button", name=NEWER[lang], exact=True).click()
    expect(page.locator("key-file-dialog dialog")).to_be_hidden()
    dialog = page.locator("app-menu bring-dialog")
    expect(dialog.locator("h2")).to_have_text(title)
    expect(dialog.locator("[data-part=lead]")).to_contain_text(lead)
    assert Axe().run(page).response["violations"] == []
    dialog.locator("input[type=file]").set_input_files(
        {"name": "new.e2ck", "mimeType": "application/octet-stream", "buffer": b"E2CK"}
    )
    dialog.locator("[data-part=passphrase] input").fill("right")
    page.keyboard.press("Enter")
    expect(dialog.locator("dialog")).to_be_hidden()
    expect(page.locator(".toast")).to_have_count(1)


@pytest.mark.parametrize("lang", NEWER)
def test_what_the_alarm_about_my_keys_refuses_names_the_way_to_the_newest_file(show, lang):
    page = show(lang=lang)
    page.evaluate("() => { fake.renewRoot = () => Promise.reject({ code: 'LOG_SELF_FORGED' }); }")
    choose(page, "keyFile")
    page.locator("key-file-dialog [data-part=stolen]").click()
    dialog = page.locator("root-dialog")
    dialog.locator("input").fill("right")
    page.keyboard.press("Enter")
    expect(dialog.locator("[data-part=error]")).to_contain_text(NEWER[lang])


def test_a_reminder_can_wait(show):
    page = show("open&due=renew")
    reminder = page.locator("key-file-reminder")
    expect(reminder).to_contain_text("Save a new key file")
    reminder.get_by_role("button", name="Later").click()
    expect(reminder).to_be_hidden()
    assert page.evaluate("fake.calls") == ["later"]


def test_nothing_is_asked_when_nothing_is_due(show):
    page = show()
    expect(page.locator("key-file-reminder")).to_be_hidden()


def test_a_new_browser_is_told_with_its_kind_and_can_be_taken_off_at_once(show):
    page = show()
    told = page.locator("new-browser")
    expect(told).to_be_hidden()
    page.evaluate(
        "fake.strangers = [{...fake.own[1], kind: 'Firefox, Linux', addedAt: Date.now()}]; fake.emit('browsers')"
    )
    expect(told).to_contain_text("A new browser reads your chats: Firefox, Linux, since Today")
    assert Axe().run(page).response["violations"] == []
    told.get_by_role("button", name="Not me: take it off").click()
    dialog = page.locator("browsers-dialog")
    expect(dialog.locator("[data-part=form]")).to_be_visible()
    dialog.locator("[data-part=form] input").fill("right")
    page.keyboard.press("Enter")
    expect(told).to_be_hidden()
    assert page.evaluate("fake.own.length") == 1


def test_a_new_browser_that_was_me_is_told_no_more(show):
    page = show(lang="es")
    page.evaluate("fake.strangers = [{...fake.own[1], kind: '', addedAt: Date.now()}]; fake.emit('browsers')")
    told = page.locator("new-browser")
    expect(told).to_contain_text("No dijo cuál es")
    told.get_by_role("button", name="Fui yo", exact=True).click()
    expect(told).to_be_hidden()
    assert page.evaluate("fake.strangers") == []


def test_the_line_of_a_new_browser_of_mine_leads_to_taking_it_off(show):
    page = show()
    open_chat(page)
    page.evaluate(
        "fake.notice(fake.chats[0].cid, {code: 'DEVICE_ADDED', detail: {mine: true, added: [fake.own[1].did]}})"
    )
    page.locator("notice-line").last.get_by_role("button", name="Not me: take it off").click()
    expect(page.locator("browsers-dialog [data-part=form]")).to_be_visible()
    page.keyboard.press("Escape")
    page.evaluate("fake.notice(fake.chats[0].cid, {code: 'DEVICE_ADDED', detail: {mine: false, added: ['00']}})")
    expect(page.locator("notice-line").last.get_by_role("button", name="Not me: take it off")).to_be_hidden()
