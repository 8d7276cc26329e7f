"""Writing in the chat page: sending, drafts, what failed, what cannot be written to."""

import pytest
from playwright.sync_api import expect

from tests.ui.chats import focused, open_chat

pytestmark = pytest.mark.browser


def test_it_says_in_words_why_a_message_failed_and_tries_again(show):
    page = show()
    open_chat(page)
    failed = page.locator("message-bubble", has_text="This one could not go out")
    expect(failed.locator("[data-part=why]")).to_have_text("This is longer than the server takes. Send it in parts.")
    failed.locator("[data-part=again]").click()
    expect(failed.locator("[data-part=failed]")).to_be_hidden()


def test_it_drops_a_message_that_failed(show):
    page = show()
    open_chat(page)
    failed = page.locator("message-bubble", has_text="This one could not go out")
    failed.locator("[data-part=discard]").click()
    expect(failed).to_have_count(0)


def test_it_copies_a_message_that_failed(show):
    page = show()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_chat(page)
    page.locator("message-bubble", has_text="This one could not go out").locator("[data-part=copy]").click()
    expect(page.locator(".toast")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "This one could not go out"


def test_it_sends_with_enter_and_breaks_lines_with_shift(show):
    page = show()
    open_chat(page)
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    bubble = page.locator("message-bubble").last
    expect(bubble.locator("[data-part=text]")).to_have_text("one\ntwo", use_inner_text=True)
    expect(bubble.locator("[data-part=state]")).to_have_attribute("data-state", "delivered")
    expect(page.locator("[data-part=text].message-composer__text")).to_have_value("")


def test_it_does_not_send_while_a_word_is_composed(show):
    page = show()
    open_chat(page)
    page.keyboard.type("にほ")
    page.evaluate(
        """() => document.activeElement.dispatchEvent(
             new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"""
    )
    assert page.evaluate("fake.calls.length") == 0
    expect(page.locator(".message-composer__text")).to_have_value("にほ")


def test_drafts_come_back(show):
    page = show()
    open_chat(page)
    page.keyboard.type("half a thought")
    open_chat(page, "Carol")
    expect(page.locator(".message-composer__text")).to_have_value("")
    expect(page.locator("conversation-row", has_text="Bob Marrero")).to_contain_text("Draft: half a thought")
    open_chat(page)
    expect(page.locator(".message-composer__text")).to_have_value("half a thought")


def test_no_keyboard_jumps_up_on_a_touch_screen(show):
    page = show(narrow=True, has_touch=True, is_mobile=True)
    open_chat(page)
    assert focused(page) != "text"


def test_a_chat_that_cannot_be_written_to_says_why(show):
    page = show()
    open_chat(page, "Grace H.")
    expect(page.locator("message-composer [data-part=why]")).to_contain_text("Grace H. has not set up their keys yet.")
