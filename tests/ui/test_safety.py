"""The safety number: seen, heard, compared, marked and unmarked."""

import pytest
from playwright.sync_api import Page, expect

from tests.ui.chats import focused, open_chat

pytestmark = pytest.mark.browser


def compare(page: Page, name: str = "Carol") -> None:
    open_chat(page, name)
    page.locator("chat-view [data-part=trust]").click()
    expect(page.locator("safety-dialog [data-part=mine] li")).to_have_count(6)


def part(page: Page, name: str):
    return page.locator(f"safety-dialog [data-part={name}]")


def test_sixty_digits_stand_in_groups_of_five_under_both_names_in_the_same_order_everywhere(show):
    page = show()
    compare(page)
    groups = page.locator("safety-dialog .safety__digits").all_inner_texts()
    assert [len(group) for group in groups] == [5] * 12
    assert "".join(groups) == page.evaluate("fake.safetyNumber().then(({digits}) => digits)")
    expect(part(page, "theirsTitle")).to_have_text("Carol")
    expect(part(page, "mineTitle")).to_have_text("Alice Ferrer (you)")


def test_nobody_can_say_that_numbers_match_before_they_see_them(show):
    page = show()
    open_chat(page, "Carol")
    page.evaluate("() => { fake.lateNumber = new Promise((give) => (fake.give = give)); }")
    page.locator("chat-view [data-part=trust]").click()
    for name in ("same", "differ"):
        expect(part(page, name)).to_be_disabled()
    page.evaluate("fake.give()")
    expect(part(page, "mine").locator("li")).to_have_count(6)
    for name in ("same", "differ"):
        expect(part(page, name)).to_be_enabled()


def test_a_number_that_comes_late_is_not_shown_for_the_next_person(show):
    page = show()
    open_chat(page, "Carol")
    page.evaluate("() => { fake.lateNumber = new Promise((give) => (fake.give = give)); }")
    page.locator("chat-view [data-part=trust]").click()
    part(page, "close").click()
    page.evaluate("fake.give()")
    page.evaluate("() => new Promise((done) => setTimeout(done))")
    expect(part(page, "mine").locator("li")).to_have_count(0)


@pytest.mark.parametrize(("lang", "spoken"), [("en", "four nine two seven one"), ("es", "cuatro nueve dos siete uno")])
def test_a_group_is_heard_and_on_demand_seen_as_words(show, lang, spoken):
    page = show(lang=lang)
    compare(page)
    words = page.locator("safety-dialog .safety__words").first
    expect(words).to_have_text(spoken)
    expect(page.locator("safety-dialog .safety__digits").first).to_have_attribute("aria-hidden", "true")
    assert words.bounding_box()["width"] <= 1
    part(page, "words").click()
    assert words.bounding_box()["width"] > 50
    expect(part(page, "words")).to_have_attribute("aria-pressed", "true")


def test_large_print_is_larger(show):
    page = show()
    compare(page)
    digits = page.locator("safety-dialog .safety__digits").first
    before = digits.bounding_box()["height"]
    part(page, "large").click()
    assert digits.bounding_box()["height"] > before * 1.4


def test_the_code_is_a_drawing_of_the_bytes_with_a_name(show):
    page = show()
    compare(page)
    expect(part(page, "code")).to_be_hidden()
    part(page, "qr").click()
    picture = page.get_by_role("img", name="QR code of this safety number")
    expect(picture).to_be_visible()
    dark = """async (svg) => {
      const { qrCode } = await import("/static/js/lib/qr.js");
      const { rows, size } = qrCode((await fake.safetyNumber()).qr);
      const path = new Path2D(svg.querySelector("path").getAttribute("d"));
      const pen = document.createElement("canvas").getContext("2d");
      const seen = rows.map((row, y) => [...row].map((_, x) => Number(pen.isPointInPath(path, x + 0.5, y + 0.5))));
      return [seen.flat().join("") === rows.map((row) => [...row]).flat().join(""), svg.getAttribute("viewBox"), size];
    }"""
    assert picture.evaluate(dark) == [True, "-4 -4 45 45", 37]


def test_a_match_is_marked_at_once_in_list_header_and_dialog_and_can_be_unmarked(show):
    page = show()
    compare(page)
    row = page.locator("conversation-row", has_text="Carol").locator("[data-part=verified]")
    expect(row).to_be_hidden()
    page.get_by_role("button", name="They match: mark as verified").click()
    for place in (part(page, "stateText"), page.locator("chat-view [data-part=trustWords]")):
        expect(place).to_have_text("Verified")
    expect(row).to_be_visible()
    assert focused(page) == "fine"
    page.get_by_role("button", name="Remove the mark").click()
    expect(part(page, "stateText")).to_have_text("Not verified yet")
    expect(row).to_be_hidden()
    assert focused(page) == "same"
    page.keyboard.press("Escape")
    expect(page.locator("chat-view [data-part=trust]")).to_be_focused()


def test_a_change_of_keys_behind_the_open_dialog_takes_mark_and_number_at_once(show):
    page = show()
    compare(page, "Bob Marrero")
    before = part(page, "theirs").inner_text()
    expect(part(page, "stateText")).to_have_text("Verified")
    page.evaluate(
        """() => {
          const digits = "9".repeat(30);
          const number = { digits: digits + digits, mine: digits, theirs: digits, qr: new Uint8Array(65) };
          fake.safetyNumber = async () => number;
          Object.assign(fake.chats[0], { verified: false });
          fake.block(fake.chats[0].cid, { code: "ROOT_RESET" });
          fake.emit("conversations");
        }"""
    )
    expect(part(page, "theirs").locator(".safety__digits").first).to_have_text("99999")
    assert part(page, "theirs").inner_text() != before
    expect(part(page, "stateText")).to_have_text("Not verified yet")
    expect(part(page, "same")).to_be_visible()
    expect(page.locator("chat-view [data-part=trustWords]")).to_have_text("Not verified yet")
    row = page.locator("conversation-row", has_text="Bob Marrero").locator("[data-part=verified]")
    expect(row).to_be_hidden()


def test_a_difference_is_explained_and_leaves_the_person_unverified(show):
    page = show()
    compare(page, "Bob Marrero")
    page.get_by_role("button", name="Remove the mark").click()
    page.get_by_role("button", name="They do not match").click()
    expect(part(page, "wrong")).to_contain_text("someone, even this server, may be sitting between you")
    expect(part(page, "wrong")).to_be_focused()
    assert page.evaluate("fake.chats[0].verified") is False
    page.get_by_role("button", name="Compare once more").click()
    expect(part(page, "same")).to_be_focused()


def test_numbers_that_match_end_a_stop_because_of_new_keys(show):
    page = show()
    open_chat(page, "Inés")
    page.locator("stop-banner [data-part=compare] button").click()
    part(page, "same").click()
    expect(page.locator("stop-banner")).to_be_hidden()
    assert page.evaluate("fake.calls") == [["verified", True], ["decide", "continue"]]


def test_the_whole_dialog_works_by_keyboard(show):
    page = show()
    open_chat(page, "Carol")
    page.locator("chat-view [data-part=trust]").focus()
    page.keyboard.press("Enter")
    expect(part(page, "ways")).to_be_visible()
    reached = []
    for _ in range(7):
        page.keyboard.press("Tab")
        reached.append(focused(page))
    assert {"large", "words", "qr", "copy", "differ", "same"} <= set(reached)
