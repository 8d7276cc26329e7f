"""Exporting a chat: what it is, how far it is, a file; and what stands there when the line is gone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.ui.chats import open_chat

pytestmark = pytest.mark.browser


def ask(page: Page) -> None:
    open_chat(page)
    page.get_by_label("Menu of this chat").click()
    page.get_by_role("button", name="Export this chat").click()


def test_a_chat_is_saved_as_one_file(show):
    page = show()
    ask(page)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("opens with your key file")
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []
    with page.expect_download() as saved:
        page.keyboard.press("Enter")
    assert saved.value.suggested_filename == "chat.e2cx"
    expect(dialog).to_be_hidden()


def test_without_a_line_it_says_so_and_saves_nothing(show):
    page = show("offline")
    ask(page)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Save the export").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog.get_by_role("progressbar")).to_be_hidden()
