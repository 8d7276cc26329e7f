"""The moment between two steps: what happens while the page waits for an answer."""

import pytest
from playwright.sync_api import Page, expect

from tests.ui.chats import held, let_go, open_chat, wait_for_held

pytestmark = pytest.mark.browser

# The people in whose chats a text stands.
WHERE = """(wanted) => fake.chats
    .filter(({cid}) => fake.talks.get(cid).some(({text}) => text === wanted)).map(({peer}) => peer.displayName)"""


def row_of(page: Page, name: str):
    return page.locator("conversation-row", has=page.locator("bdi", has_text=name)).locator("button")


def test_what_comes_and_goes_while_a_chat_is_read_counts(show):
    page = show()
    held(page, "messages")
    row_of(page, "Bob Marrero").click()
    wait_for_held(page)
    page.evaluate("""() => {
        const { cid } = fake.chats[0];
        fake.arrive(cid, "came meanwhile");
        fake.takeBack(cid, "COUNTER_GAP");
        fake.letGo();
    }""")
    expect(page.locator("message-bubble [data-part=text]").get_by_text("came meanwhile", exact=True)).to_be_visible()
    expect(page.locator("message-bubble", has_text="This was read")).to_be_visible()
    expect(page.locator("notice-line", has_text="missing here")).to_have_count(0)


def test_what_is_typed_goes_to_the_chat_that_the_header_names(show):
    page = show()
    open_chat(page)
    held(page, "messages")
    row_of(page, "Carol").click()
    expect(page.locator("chat-view .chat-view__name")).to_have_text("Carol")
    field = page.locator("message-composer textarea")
    field.type("for Carol only")
    field.press("Enter")
    assert page.evaluate(WHERE, "for Carol only") == ["Carol"]
    page.evaluate("fake.letGo()")
    expect(page.locator("message-bubble", has_text="for Carol only")).to_be_visible()


def test_a_draft_that_is_kept_late_is_shown_until_somebody_writes(show):
    page = show()
    open_chat(page)
    field = page.locator("message-composer textarea")
    page.evaluate("fake.setDraft(fake.chats[0].cid, 'typed in the other tab')")
    expect(field).to_have_value("typed in the other tab")
    field.press("End")
    field.type(", and here")
    page.evaluate("fake.setDraft(fake.chats[0].cid, 'older')")
    expect(field).to_have_value("typed in the other tab, and here")
    field.press("Enter")
    page.evaluate("fake.setDraft(fake.chats[0].cid, 'late')")
    expect(field).to_have_value("")


def test_arrows_in_a_chat_without_messages_do_nothing(show):
    page = show()
    open_chat(page, "Grace H.")
    page.locator(".message-list__scroll").focus()
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.className").startswith("message-list__scroll")


def test_files_that_are_read_late_do_not_come_into_the_next_chat(show):
    page = show()
    open_chat(page)
    held(page, "checkFile")
    files = page.locator("message-composer [data-part=files]")
    dialog = page.locator("send-files-dialog dialog[open]")
    files.set_input_files([{"name": f"{n}.txt", "mimeType": "text/plain", "buffer": b"for Bob"} for n in (1, 2)])
    expect(dialog.get_by_text("1.txt")).to_be_visible()
    wait_for_held(page)
    dialog.get_by_role("button", name="Cancel").click()
    open_chat(page, "Carol")
    files.set_input_files([{"name": "other.txt", "mimeType": "text/plain", "buffer": b"for Carol"}])
    page.evaluate("fake.letGo()")
    expect(dialog.locator("[data-part=send]")).to_be_enabled()
    assert dialog.locator("[data-part=name]").all_text_contents() == ["other.txt"]


def test_a_row_stays_under_the_finger_until_it_is_let_go(show):
    page = show()
    page.locator("conversation-list [data-part=compose]").click()
    rows = page.locator("person-row")
    expect(rows.nth(3)).to_be_visible()
    held(page, "people")
    page.get_by_role("searchbox").fill("dai")
    wait_for_held(page)
    row = page.locator("person-row", has_text="@dai")
    box = row.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] / 2)
    page.mouse.down()
    let_go(page)
    page.mouse.up()
    expect(page.locator("chat-view .chat-view__name")).to_contain_text("Dài")


def search_at_once(page: Page, query: str) -> None:
    """Types and presses Enter before anything can be drawn."""
    page.evaluate(
        """(query) => {
            const find = document.querySelector("conversation-list [data-part=find]");
            find.value = query;
            find.dispatchEvent(new Event("input", { bubbles: true }));
            find.form.requestSubmit();
        }""",
        query,
    )


def test_enter_opens_the_first_chat_of_what_was_typed(show):
    page = show()
    search_at_once(page, "carol")
    expect(page.locator("chat-view .chat-view__name")).to_have_text("Carol")


def test_enter_begins_a_chat_with_whom_the_answer_names(show):
    page = show()
    page.locator("conversation-list [data-part=compose]").click()
    expect(page.locator("person-row").nth(3)).to_be_visible()
    held(page, "people")
    search_at_once(page, "dai")
    wait_for_held(page)
    page.evaluate("fake.letGo()")
    expect(page.locator("chat-view .chat-view__name")).to_contain_text("Dài")


def test_a_chat_that_is_begun_late_takes_nobody_away_from_another(show):
    page = show()
    page.locator("conversation-list [data-part=compose]").click()
    page.locator("conversation-list [data-part=find]").fill("person3")
    row = page.locator("person-row", has_text="@person3").first.locator("button")
    expect(page.locator("person-row").first).to_contain_text("@person3")
    held(page, "startWith")
    row.click()
    wait_for_held(page)
    page.locator("conversation-list [data-part=leave]").click()
    open_chat(page)
    page.locator("message-composer textarea").type("half a sen")
    let_go(page)
    expect(page.locator("chat-view .chat-view__name")).to_have_text("Bob Marrero")
    expect(page.locator("message-composer textarea")).to_have_value("half a sen")


def test_messages_that_come_late_take_the_focus_from_nothing(show):
    page = show()
    held(page, "messages")
    row_of(page, "Carol").click()
    wait_for_held(page)
    page.keyboard.press("Control+k")
    page.keyboard.type("bo")
    page.evaluate("fake.letGo()")
    expect(page.locator("message-bubble").first).to_be_visible()
    expect(page.locator("conversation-list [data-part=find]")).to_be_focused()
    expect(page.locator("conversation-list [data-part=find]")).to_have_value("bo")


def test_back_closes_what_was_open_over_the_chat(show):
    page = show(narrow=True)
    open_chat(page)
    page.evaluate("document.querySelector('chat-view timer-dialog dialog').showModal()")
    page.go_back()
    expect(page.locator("chat-view")).to_be_hidden()
    open_chat(page, "Carol")


def test_a_stop_that_is_answered_twice_is_answered_once(show):
    page = show()
    open_chat(page)
    page.evaluate("""() => {
        fake.block(fake.chats[0].cid, { code: "SEQ_REWRITE", detail: null });
        fake.decide = async (cid, choice) => void fake.calls.push(["decide", choice]);
    }""")
    held(page, "decide")
    safe = page.locator("stop-banner [data-part=safe]")
    safe.click()
    wait_for_held(page)
    safe.click()
    page.evaluate("fake.letGo()")
    assert page.evaluate("fake.calls.filter(([what]) => what === 'decide')") == [["decide", "resend"]]
