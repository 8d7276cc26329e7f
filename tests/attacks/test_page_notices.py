"""The system keeps what a page shows on the desktop: it is told that something came, and nothing else."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

# What reaches the system, as the browser's own Notification gives it back; and a page that may lie behind others.
LISTEN = """
globalThis.__notices = [];
const Real = globalThis.Notification;
globalThis.Notification = class extends Real {
  constructor(...given) {
    super(...given);
    const { title, body, tag, data, icon } = this;
    globalThis.__notices.push({ title, body, tag, data, icon });
    console.debug("told the desktop");
  }
};
Object.defineProperty(Document.prototype, "visibilityState", { get: () => (globalThis.__away ? "hidden" : "visible") });
"""


def test_a87_the_desktop_is_told_that_something_came_and_neither_what_nor_from_whom(stage):
    page, context = stage.hers.page, stage.hers.context
    context.grant_permissions(["notifications"], origin=stage.proxy.url)
    context.add_init_script(LISTEN)
    peer = stage.peers.make("norma", "Norma Navy")
    cid = peer.say(stage.uid, "before")
    stage.reopen()
    page.evaluate("globalThis.__away = true")
    peer.say(stage.uid, "nobody chose it")
    row = page.locator("conversation-row", has_text="Norma Navy")
    expect(row).to_contain_text("nobody chose it")
    assert page.evaluate("__notices") == [], "not without being asked for"
    stage.hers.open_menu()
    page.locator("app-menu [data-part=notify]").check()
    stage.hers.close_menu()
    with page.expect_console_message(lambda message: message.text == "told the desktop"):
        peer.say(stage.uid, "secret words")
    (notice,) = page.evaluate("__notices")
    assert notice == {"title": "New message", "body": "", "tag": "llave", "data": None, "icon": ""}
    page.evaluate("globalThis.__away = false")
    peer.say(stage.uid, "while she looks")
    expect(row).to_contain_text("while she looks")
    assert page.evaluate("__notices.length") == 1
    assert cid not in str(page.evaluate("__notices"))
    page.reload()
    stage.hers.unlock(stage.person)
    stage.hers.open_menu()
    expect(page.locator("app-menu [data-part=notify]")).to_be_checked()
    stage.hers.close_menu()
    assert [path for path in stage.proxy.asked if "push" in path] == [], "nothing is pushed by the server"
