"""Disappearing messages as a person sets and sees them."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.ui.chats import open_chat

pytestmark = pytest.mark.browser


def choose(page: Page) -> None:
    page.locator(".chat-view__header summary").click()
    page.locator("[data-part=timerItem]").click()


def test_a_timer_is_set_and_shown_in_header_composer_and_flow(show):
    page = show()
    open_chat(page)
    header, text = page.locator("chat-view [data-part=timer]"), page.locator("message-composer textarea")
    expect(header).to_be_hidden()
    expect(text).to_have_attribute("placeholder", "Message")
    choose(page)
    dialog = page.locator("timer-dialog")
    expect(dialog.locator("label")).to_have_count(6)
    expect(dialog.get_by_label("Never: messages stay")).to_be_checked()
    assert Axe().run(page).response["violations"] == []
    dialog.get_by_label("After 1 week").check()
    dialog.get_by_role("button", name="Set it for both").click()
    assert page.evaluate("fake.calls.at(-1)") == ["timer", 604_800]
    expect(header).to_have_text("1 week")
    expect(header).to_have_attribute("aria-label", "Messages disappear after 1 week")
    expect(text).to_have_attribute("placeholder", "Message, gone after 1 week")
    expect(page.locator("notice-line").last).to_contain_text("You set messages to disappear after 1 week")
    header.click()
    expect(dialog.get_by_label("After 1 week")).to_be_checked()
    dialog.get_by_label("Never: messages stay").check()
    page.keyboard.press("Enter")
    expect(header).to_be_hidden()
    expect(page.locator("notice-line").last).to_contain_text("You turned disappearing messages off")


def test_a_timer_of_the_other_is_told_by_name_in_spanish(show):
    page = show(lang="es", narrow=True, theme="dark")
    open_chat(page)
    page.evaluate("fake.notice(fake.chats[0].cid, {code: 'MODE_CHANGED', detail: {mine: false, timerS: 28800}})")
    expect(page.locator("notice-line").last).to_contain_text(
        "Bob Marrero ha puesto que los mensajes desaparezcan tras 8 horas"
    )
    choose(page)
    expect(page.locator("timer-dialog").get_by_label("Tras 4 semanas")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
