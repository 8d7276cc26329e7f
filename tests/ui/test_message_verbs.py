"""Reply, edit, delete for both and reactions: by menu and by keyboard, with quotes from the local store only."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.ui.chats import focused, open_chat

pytestmark = pytest.mark.browser

MINE, THEIRS = "Here it is:", "Same as always"


def bubble(page: Page, text: str) -> Locator:
    return page.locator("message-bubble", has_text=text).first


def menu_of(page: Page, text: str) -> Locator:
    bubble(page, text).focus()
    page.keyboard.press("Enter")
    return page.get_by_role("menu", name="This message")


def test_the_menu_offers_what_the_message_allows_and_gives_the_focus_back(show):
    page = show()
    open_chat(page)
    menu = menu_of(page, MINE)
    expect(menu.get_by_role("menuitem")).to_have_text(["Reply", "Edit", "Copy", "Delete for both"])
    expect(menu.get_by_role("menuitemcheckbox", name="React with 👍")).to_be_focused()
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []
    page.keyboard.press("Escape")
    expect(bubble(page, MINE)).to_be_focused()
    expect(menu_of(page, THEIRS).get_by_role("menuitem")).to_have_text(["Reply", "Copy"])


def test_r_answers_and_the_quote_leads_back(show):
    page = show()
    open_chat(page)
    bubble(page, THEIRS).focus()
    page.keyboard.press("r")
    expect(page.locator("[data-part=contextTitle]")).to_have_text("Reply to Bob Marrero")
    page.keyboard.type("Exactly")
    page.keyboard.press("Enter")
    answer = page.locator("message-bubble").last
    expect(answer.locator("[data-part=quoteWho]")).to_have_text("Bob Marrero")
    expect(answer.locator("[data-part=quoteText]")).to_have_text(THEIRS)
    assert "in answer to “Same as always”: Exactly" in (answer.get_attribute("aria-label") or "")
    expect(page.locator("[data-part=context]")).to_be_hidden()
    answer.locator("[data-part=quote]").click()
    expect(bubble(page, THEIRS)).to_be_focused()


def test_an_answer_to_something_unknown_says_so(show):
    page = show()
    open_chat(page)
    page.evaluate("fake.send(fake.chats[0].cid, 'To what?', {re: 'nowhere'})")
    page.evaluate("fake.arrive(fake.chats[0].cid, 'later')")
    page.evaluate("fake.change(fake.talks.get(fake.chats[0].cid).find((one) => one.text === 'To what?'), {})")
    expect(bubble(page, "To what?").locator("[data-part=quoteText]")).to_have_text(
        "A message that is not in this browser"
    )


def test_e_edits_mine_and_the_draft_waits(show):
    page = show()
    open_chat(page)
    page.keyboard.type("a draft")
    bubble(page, MINE).focus()
    page.keyboard.press("e")
    field = page.locator(".message-composer__text")
    expect(field).to_have_value(
        "Here it is: https://example.org/map?q=plaza%20mayor. Bring something to drink, the rest is there"
    )
    field.fill("Here it was")
    page.keyboard.press("Enter")
    expect(bubble(page, "Here it was").locator("[data-part=edited]")).to_be_visible()
    expect(field).to_have_value("a draft")
    bubble(page, "Here it was").focus()
    page.keyboard.press("e")
    page.keyboard.press("Escape")
    expect(field).to_have_value("a draft")
    assert focused(page) == "text"


def test_what_it_said_before_is_one_press_away_and_goes_when_closed(show):
    page = show()
    open_chat(page)
    page.evaluate("fake.edit(fake.chats[0].cid, fake.talks.get(fake.chats[0].cid)[5].id, 'Second')")
    page.evaluate("fake.edit(fake.chats[0].cid, fake.talks.get(fake.chats[0].cid)[5].id, 'Third')")
    page.evaluate("fake.change(fake.talks.get(fake.chats[0].cid)[5], {})")
    dialog = page.locator("earlier-dialog")
    bubble(page, "Third").get_by_role("button", name="edited: what it said before").click()
    expect(dialog.locator(".archive__text")).to_have_text([re.compile("^Here it is"), "Second"])
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []
    page.keyboard.press("Escape")
    expect(dialog.locator(".archive__text")).to_have_count(0)
    menu_of(page, "Third").get_by_role("menuitem", name="Before the edit").click()
    expect(dialog.locator(".archive__text")).to_have_count(2)


def test_a_quote_follows_what_it_quotes(show):
    page = show("open&many=2000")
    open_chat(page)
    page.evaluate("window.old = fake.talks.get(fake.chats[0].cid)[3]")
    page.evaluate("fake.send(fake.chats[0].cid, 'About long ago', {re: old.id}).then((one) => fake.change(one, {}))")
    quote = bubble(page, "About long ago").locator("[data-part=quoteText]")
    expect(quote).to_have_text("2: Same as always")
    page.evaluate("fake.change(old, {deleted: true})")
    expect(quote).to_have_text("This message was deleted.")
    expect(page.locator("message-bubble", has_text="This message was deleted.")).to_have_count(1)


def test_theirs_cannot_be_edited(show):
    page = show()
    open_chat(page)
    bubble(page, THEIRS).focus()
    page.keyboard.press("e")
    expect(page.locator("[data-part=context]")).to_be_hidden()


def test_deleting_for_both_asks_first_and_leaves_a_placeholder(show):
    page = show()
    open_chat(page)
    menu_of(page, MINE).get_by_role("menuitem", name="Delete for both").click()
    dialog = page.locator("erase-dialog")
    expect(dialog.locator("[data-part=stay]")).to_be_focused()
    dialog.get_by_role("button", name="Delete for both").click()
    gone = page.locator("message-bubble.is-odd", has_text="This message was deleted.")
    expect(gone).to_have_count(1)
    expect(gone.locator("[data-part=more]")).to_be_hidden()


def test_reactions_are_added_and_taken_back(show):
    page = show()
    open_chat(page)
    menu_of(page, THEIRS).get_by_role("menuitemcheckbox", name="React with ❤️").click()
    chip = bubble(page, THEIRS).locator(".reaction")
    expect(chip).to_have_attribute("aria-pressed", "true")
    assert "Reactions: ❤️" in (bubble(page, THEIRS).get_attribute("aria-label") or "")
    chip.click()
    expect(chip).to_have_count(0)


def test_a_messenger_without_these_verbs_is_not_asked_for_them(show):
    page = show()
    page.evaluate("for (const name of ['message', 'edit', 'erase', 'react']) fake[name] = undefined")
    open_chat(page)
    expect(page.locator("[data-part=more]:visible")).to_have_count(0)
