"""What a person does first in the chat page of the tests."""

from playwright.sync_api import Page, expect

# what is read, and where it stands
PLACE = """() => {
  const scroll = document.querySelector('.message-list__scroll');
  const top = scroll.getBoundingClientRect().top;
  for (const row of document.querySelectorAll('.message-row')) {
    const box = row.getBoundingClientRect();
    if (box.top > top + 80) return [row.dataset.id, box.top];
  }
}"""


def open_chat(page: Page, name: str = "Bob Marrero") -> None:
    page.locator("conversation-row", has=page.locator("bdi", has_text=name)).locator("button").click()
    expect(page.locator("chat-view .chat-view__name")).to_have_text(name)
    page.wait_for_selector(".message-row, .message-list__begin:not([hidden])")


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.dataset.part ?? document.activeElement.localName")
