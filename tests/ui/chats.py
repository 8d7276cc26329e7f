"""What a person does first in the chat page of the tests."""

import time

from playwright.sync_api import Page, expect

from tests.browser.profile import ACTION_MS

SECONDS = ACTION_MS / 1000

# what is read, and where it stands
PLACE = """() => {
  const scroll = document.querySelector('.message-list__scroll');
  const top = scroll.getBoundingClientRect().top;
  for (const row of document.querySelectorAll('.message-row')) {
    const box = row.getBoundingClientRect();
    if (box.top > top + 80) return [row.dataset.id, box.top];
  }
}"""

# The next answers of a verb come when `fake.letGo()` is called.
HOLD = """(verb) => {
    const ask = fake[verb].bind(fake);
    const held = [];
    fake.letGo = () => { fake[verb] = ask; held.splice(0).forEach((go) => go()); };
    fake.holds = () => held.length;
    fake[verb] = async (...asked) => {
        const answer = await ask(...asked);
        await new Promise((resolve) => held.push(resolve));
        return answer;
    };
}"""
# Whatever an answer does to the page is done.
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))"


def until(page: Page, expression: str) -> None:
    """Waits until it holds. Playwright's `wait_for_function` looks again by `eval`, which the page's policy refuses."""
    end = time.monotonic() + SECONDS
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(20)


def open_chat(page: Page, name: str = "Bob Marrero") -> None:
    page.locator("conversation-row", has=page.locator("bdi", has_text=name)).locator("button").click()
    expect(page.locator("chat-view .chat-view__name")).to_have_text(name)
    page.wait_for_selector(".message-row, .message-list__begin:not([hidden])")


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.dataset.part ?? document.activeElement.localName")


def held(page: Page, verb: str) -> None:
    page.evaluate(HOLD, verb)


def wait_for_held(page: Page) -> None:
    until(page, "fake.holds() > 0")


def let_go(page: Page) -> None:
    page.evaluate("fake.letGo()")
    page.evaluate(SETTLED)
