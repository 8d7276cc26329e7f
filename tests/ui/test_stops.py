"""Stops and lines: each code of class B and W as the person sees it, in both languages."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.ui.chats import open_chat
from tests.ui.test_words import SPANISH, WORDS, listed

pytestmark = pytest.mark.browser

REPAIRED = (
    *("RESTART_SUSPECT", "EPOCH_FORK", "EPOCH_ROLLBACK", "STALE_BUNDLE"),
    *("BUNDLE_NOT_IN_LOG", "STORAGE_LOST"),
)
SAFE = {
    **dict.fromkeys(REPAIRED, "Renew the keys"),
    "STATE_ROLLBACK": "New keys for this browser",
    "SEQ_REWRITE": "Send again what was lost",
    "CODE_UNTRUSTED": "Reload",
    "ROOT_RESET": "Don’t send",
    "LOG_SELF_FORGED": "Bring the new key file",
}
FINAL = {"SEQ_REWRITE", "STATE_ROLLBACK", "CODE_UNTRUSTED"}


def block(page: Page, code: str, detail: dict[str, object] | None = None) -> None:
    page.evaluate("([code, detail]) => fake.block(fake.chats[0].cid, {code, detail})", [code, detail])


def filled(key: str) -> str:
    return WORDS[key].replace("{name}", "Bob Marrero")


def test_every_stop_says_its_own_words_and_offers_two_choices_the_safe_one_first(show):
    page = show()
    open_chat(page)
    stop = page.locator("stop-banner")
    for code in listed()["B"]:
        block(page, code)
        for part in ("title", "means", "advice"):
            expect(stop.locator(f"[data-part={part}]")).to_have_text(filled(f"stop.{code}.{part}"))
        safe, other = stop.locator(".stop-banner__choices button").all_inner_texts()
        assert safe == SAFE.get(code, "Compare numbers")
        assert other == ("Not now" if code in FINAL else "Write anyway")
        assert "button--primary" in (stop.locator("[data-part=safe]").get_attribute("class") or "")
        expect(stop.locator("[data-part=code]")).to_have_text(code, use_inner_text=False)
        expect(page.locator("message-composer")).to_be_hidden()


def test_every_stop_speaks_spanish_and_fills_in_the_name(show):
    page = show(lang="es")
    open_chat(page)
    for code in listed()["B"]:
        block(page, code)
        for part in ("title", "means", "advice"):
            text = SPANISH[WORDS[f"stop.{code}.{part}"]].replace("{name}", "Bob Marrero")
            expect(page.locator(f"stop-banner [data-part={part}]")).to_have_text(text)


def test_after_a_reset_not_sending_is_the_default_and_the_compared_number_stays_beside_the_new_one(show):
    page = show()
    page.evaluate("fake.formerNumber = async () => ({before: '1'.repeat(30), now: '2'.repeat(30)})")
    open_chat(page)
    block(page, "ROOT_RESET")
    stop = page.locator("stop-banner")
    expect(stop.locator("[data-part=before]")).to_have_text(" ".join(["11111"] * 6))
    expect(stop.locator("[data-part=now]")).to_have_text(" ".join(["22222"] * 6))
    assert Axe().run(page).response["violations"] == []
    stop.locator("[data-part=safe]").click()
    expect(stop.locator("[data-part=folded]")).to_be_focused()
    expect(page.locator("message-composer")).to_be_hidden()
    assert page.evaluate("fake.calls") == []
    stop.locator("[data-part=folded]").click()
    stop.get_by_role("button", name="Compare numbers").click()
    expect(page.locator("safety-dialog dialog")).to_be_visible()


def test_what_shows_that_the_log_differs_is_saved_as_a_file(show):
    page = show()
    page.evaluate("fake.logEvidence = async () => ({name: 'log-evidence.json', bytes: new Uint8Array([123, 125])})")
    open_chat(page)
    block(page, "LOG_SPLIT_VIEW")
    page.locator("stop-banner summary").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the evidence as a file").click()
    assert saved.value.suggested_filename == "log-evidence.json"


def test_a_second_chat_of_a_pair_has_a_name_of_its_own_and_waits_for_a_choice(show):
    page = show()
    page.evaluate("Object.assign(fake.chats[1], {isSecond: true}); fake.emit('conversations')")
    expect(page.locator("conversation-row", has_text="Carol (second chat)")).to_have_count(1)
    open_chat(page, "Carol (second chat)")
    page.evaluate("fake.block(fake.chats[1].cid, {code: 'SECOND_CHAT'})")
    stop = page.locator("stop-banner")
    expect(stop.locator("[data-part=title]")).to_contain_text("opened a second chat")
    assert stop.locator(".stop-banner__choices button").all_inner_texts() == ["Leave it aside", "Use it as well"]
    stop.locator("[data-part=safe]").click()
    assert page.evaluate("fake.calls") == []
    stop.locator("[data-part=folded]").click()
    stop.locator("[data-part=other]").click()
    assert page.evaluate("fake.calls") == [["decide", "continue"]]


def test_browsers_that_are_not_reached_are_listed_on_demand(show):
    page = show()
    open_chat(page)
    line = page.locator("reach-line")
    expect(line).to_be_hidden()
    page.evaluate(
        """() => {
          const left = (mine, isThis) => ({did: "0", mine, isThis, addedAt: Date.now()});
          Object.assign(fake.chats[0], {notReached: [left(true, false), left(false, false), left(false, false)]});
          fake.emit("conversation", {cid: fake.chats[0].cid});
        }"""
    )
    words = "1 browser of yours is not reached yet. 2 browsers of Bob Marrero are not reached yet."
    expect(line.locator("[data-part=text]")).to_have_text(words)
    line.get_by_role("button").click()
    dialog = page.locator("explain-dialog")
    expect(dialog.locator("[data-part=items] li")).to_have_text(
        ["A browser of yours, added: Today"] + ["A browser of Bob Marrero, added: Today"] * 2
    )
    expect(dialog.locator("[data-part=text]")).to_contain_text("They are tried again every hour")
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("Escape")
    page.evaluate("fake.chats[0].notReached[0].isThis = true; fake.emit('conversation', {cid: fake.chats[0].cid})")
    expect(line).to_contain_text("This browser is not in this chat yet")


def test_a_browser_that_the_account_lost_goes_on_with_the_new_key_file(show):
    page = show()
    open_chat(page)
    block(page, "LOG_SELF_FORGED")
    page.locator("stop-banner [data-part=safe]").click()
    dialog = page.locator("chat-view bring-dialog")
    assert Axe().run(page).response["violations"] == []
    own = dialog.locator("[data-part=own] input")
    expect(own).to_be_hidden()
    dialog.locator("input[type=file]").set_input_files({"name": "k.e2ck", "mimeType": "", "buffer": b"E2CK"})
    dialog.locator("[data-part=passphrase] input").fill("wrong")
    page.keyboard.press("Enter")
    expect(dialog.locator("[data-part=error]")).to_contain_text("does not open this file")
    dialog.locator("[data-part=passphrase] input").fill("another")
    page.keyboard.press("Enter")
    expect(own).to_be_visible()
    own.fill("right")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("goes on with your new keys")
    expect(page.locator("stop-banner")).to_be_hidden()


def test_a_stop_about_my_own_keys_speaks_of_me(show):
    page = show()
    open_chat(page)
    block(page, "ROOT_RESET", {"mine": True})
    expect(page.locator("stop-banner [data-part=title]")).to_have_text("Your security keys are new")


def test_renewing_the_keys_is_the_safe_choice_where_it_helps(show):
    page = show()
    open_chat(page)
    block(page, "EPOCH_FORK")
    page.get_by_role("button", name="Renew the keys").click()
    assert page.evaluate("fake.calls.at(-1)") == ["decide", "repair"]
    expect(page.locator("stop-banner")).to_be_hidden()


def test_a_browser_that_went_back_in_time_gets_new_keys_with_the_passphrase(show):
    page = show()
    open_chat(page)
    block(page, "STATE_ROLLBACK")
    page.locator("stop-banner [data-part=safe]").click()
    dialog = page.locator("renew-dialog")
    expect(dialog).to_contain_text("a copy of this browser cannot go on with them")
    assert Axe().run(page).response["violations"] == []
    dialog.locator("input").fill("wrong")
    page.keyboard.press("Enter")
    expect(dialog.locator("[data-part=error]")).to_contain_text("This passphrase does not open your keys.")
    dialog.locator("input").fill("right")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("This browser has new keys.")
    expect(page.locator("stop-banner")).to_be_hidden()


def test_keys_that_the_server_does_not_take_are_tried_again(show):
    page = show()
    open_chat(page)
    block(page, "KEYS_NOT_RENEWED")
    for part in ("title", "means", "advice"):
        expect(page.locator(f"stop-banner [data-part={part}]")).to_have_text(filled(f"stop.KEYS_NOT_RENEWED.{part}"))
    page.locator("stop-banner").get_by_role("button", name="Try again").click()
    assert page.evaluate("fake.calls.at(-1)") == ["decide", "continue"]


def test_what_the_server_lost_is_sent_again_when_the_person_says_so(show):
    page = show()
    open_chat(page)
    block(page, "SEQ_REWRITE")
    page.locator("stop-banner [data-part=safe]").click()
    assert page.evaluate("fake.calls.at(-1)") == ["decide", "resend"]


@pytest.mark.parametrize(("scene", "screen"), [("import", "key-import"), ("locked", "key-unlock")])
def test_a_screen_says_why_it_came_to_it(show, scene, screen):
    page = show("open")
    page.evaluate("phase => fake.emit('phase', {phase, code: 'STORAGE_LOST'})", scene)
    expect(page.locator(f"{screen} [data-part=error]")).to_have_text(WORDS["code.STORAGE_LOST"])


def test_what_cannot_be_decided_can_only_be_put_aside(show):
    page = show()
    open_chat(page)
    block(page, "SEQ_REWRITE")
    page.locator("stop-banner [data-part=other]").click()
    expect(page.locator("stop-banner [data-part=folded]")).to_be_focused()
    expect(page.locator("message-composer")).to_be_hidden()
    assert page.evaluate("fake.calls") == []


def test_the_technical_name_can_be_copied(show):
    page = show(permissions=["clipboard-read", "clipboard-write"])
    open_chat(page)
    block(page, "LOG_ROLLBACK", {"size": 7})
    page.locator("stop-banner summary").click()
    page.locator("stop-banner [data-part=copy]").click()
    expect(page.locator(".toast")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == 'LOG_ROLLBACK {"size":7}'


def test_every_warning_is_a_line_that_explains_itself(show):
    page = show()
    open_chat(page)
    for code in listed()["W"] + listed()["B"]:
        page.evaluate("(code) => fake.notice(fake.chats[0].cid, {code})", code)
        line = page.locator("notice-line").last
        line.get_by_role("button", name=re.compile("What is this")).click()
        dialog = page.locator("explain-dialog")
        expect(dialog.locator("[data-part=code]")).to_have_text(code, use_inner_text=False)
        text = dialog.locator("[data-part=text]").inner_text()
        assert len(text.split()) >= 12, text
        assert "{" not in text
        page.keyboard.press("Escape")
        expect(dialog.locator("dialog")).to_be_hidden()


def test_what_lacked_its_key_is_read_in_its_place_with_the_passphrase(show):
    page = show()
    open_chat(page)
    page.evaluate("fake.notice(fake.chats[0].cid, {kind: 'missing', code: 'NO_EPOCH_KEY'})")
    line = page.locator("notice-line").last
    expect(line).to_contain_text("A message here could not be opened")
    line.get_by_role("button", name="Read it with my passphrase").click()
    dialog = page.locator("read-again-dialog")
    dialog.locator("input").fill("wrong")
    page.keyboard.press("Enter")
    expect(dialog.locator("[data-part=error]")).to_contain_text("This passphrase does not open your keys.")
    dialog.locator("input").fill("right")
    page.keyboard.press("Enter")
    expect(page.locator("message-bubble", has_text="Now it can be read")).to_be_visible()
    expect(page.locator(".toast")).to_contain_text("1 message can be read now")
