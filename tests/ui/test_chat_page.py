"""The chat page as a whole: keyboard, narrow screens, people, stops, the line, locking, themes, what axe finds."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.ui.chats import PLACE, focused, open_chat, until

pytestmark = pytest.mark.browser


def test_keys_find_switch_walk_and_come_back(show):
    page = show()
    open_chat(page)
    page.keyboard.press("Control+k")
    assert focused(page) == "find"
    page.keyboard.press("Escape")
    assert focused(page) == "text"
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("chat-view .chat-view__name")).to_have_text("Carol")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("chat-view .chat-view__name")).to_have_text("Bob Marrero")
    expect(page.locator("message-bubble").last).to_contain_text("On its way")
    page.locator(".message-list__scroll").focus()
    page.keyboard.press("ArrowUp")
    assert focused(page) == "message-bubble"
    page.keyboard.press("Escape")
    assert focused(page) == "text"
    page.locator(".message-list__scroll").focus()
    page.keyboard.press("?")
    expect(page.locator("shortcut-sheet dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("shortcut-sheet dialog")).to_be_hidden()


def test_narrow_shows_one_pane_and_the_way_back_works_without_ids_in_the_address(show):
    page = show(narrow=True)
    open_chat(page)
    expect(page.locator("conversation-list")).to_be_hidden()
    assert page.evaluate("location.pathname + location.hash") == "/chat/"
    page.go_back()
    expect(page.locator("conversation-list")).to_be_visible()
    page.go_forward()
    expect(page.locator("chat-view")).to_be_visible()
    page.locator("[data-part=back]").click()
    expect(page.locator("conversation-list")).to_be_visible()


def test_everybody_can_be_picked_page_by_page(show):
    page = show()
    page.locator("[data-part=compose]").click()
    expect(page.locator("person-row").first).to_contain_text("Notes to myself")
    until(
        page,
        """() => {
            const scroll = document.querySelector(".conversation-list__scroll");
            scroll.scrollTop = scroll.scrollHeight;
            return scroll.textContent.includes("@person119");
        }""",
    )
    expect(page.locator("person-row", has_text="@person119")).to_have_count(1)
    expect(page.locator("person-row", has_text="@grace")).to_contain_text("has not set up keys yet")
    page.locator("[data-part=find]").fill("person 7")
    page.locator("[data-part=find]").fill("dài")
    expect(page.locator("person-row")).to_have_count(1)
    page.locator("person-row", has_text="@dai").locator("button").click()
    expect(page.locator("chat-view .chat-view__name")).to_have_text("Dài Nguyễn")


def test_a_press_holds_while_everybody_is_asked_for_anew(show):
    page = show()
    page.locator("[data-part=compose]").click()
    row = page.locator("person-row", has_text="@dai")
    expect(row).to_be_visible()
    row.hover()
    page.mouse.down()
    page.evaluate("""async () => {
        const picker = document.querySelector("people-picker");
        picker.forget();
        picker.search("");
        await new Promise((resolve) => setTimeout(resolve, 150));
    }""")
    page.mouse.up()
    expect(page.locator("chat-view .chat-view__name")).to_have_text("Dài Nguyễn")


def test_people_who_are_found_stand_once_and_in_order(show):
    page = show()
    page.locator("[data-part=compose]").click()
    expect(page.locator("person-row").first).to_contain_text("Notes to myself")
    everybody = page.locator("person-row").all_text_contents()
    page.locator("[data-part=find]").fill("d")
    expect(page.locator("person-row", has_text="@dai")).to_be_visible()
    expect(page.locator("person-row", has_text="@grace")).to_have_count(0)
    page.locator("[data-part=find]").fill("")
    expect(page.locator("person-row", has_text="@grace")).to_have_count(1)
    assert page.locator("person-row").all_text_contents()[: len(everybody)] == everybody


def test_a_stop_offers_two_choices_the_safe_one_first(show):
    page = show()
    open_chat(page, "Inés")
    stop = page.locator("stop-banner")
    expect(stop.get_by_role("heading")).to_have_text("Inés’s security keys are new")
    expect(stop.locator(".stop-banner__choices button")).to_have_text(["Don’t send", "Write anyway"])
    expect(page.locator("message-composer")).to_be_hidden()
    stop.locator("[data-part=close]").click()
    expect(stop.locator("[data-part=folded]")).to_be_focused()
    stop.locator("[data-part=folded]").click()
    stop.locator("[data-part=safe]").click()
    expect(stop.locator("[data-part=box]")).to_be_hidden()
    expect(page.locator("message-composer")).to_be_hidden()
    stop.locator("[data-part=folded]").click()
    stop.get_by_role("button", name="Compare numbers").click()
    expect(page.locator("safety-dialog dialog")).to_be_visible()
    page.keyboard.press("Escape")
    stop.locator("[data-part=other]").click()
    assert page.evaluate("fake.calls.at(-1)") == ["decide", "continue"]
    expect(page.locator("message-composer")).to_be_visible()


HIDDEN_AT_FIRST = """() => {
    fake.connect("offline");
    return document.querySelector("connection-line [data-part=line]").hidden;
}"""


def test_being_offline_is_said_only_after_a_while_and_moves_nothing(show):
    page = show()
    open_chat(page)
    expect(page.locator("[data-part=begin]")).to_be_visible()  # all is drawn
    before = page.evaluate(PLACE)
    assert page.evaluate(HIDDEN_AT_FIRST)
    expect(page.locator("connection-line [data-part=text]")).to_have_text(
        "Offline: your messages will be sent when you are back."
    )
    assert page.evaluate(PLACE) == before
    page.get_by_role("button", name="Try now").click()
    assert page.evaluate("fake.calls.at(-1)") == ["poke"]
    page.evaluate("fake.connect('connecting')")
    expect(page.locator("connection-line [data-part=text]")).to_have_text("Connecting again…")
    expect(page.get_by_role("button", name="Try now")).to_be_hidden()
    page.evaluate("fake.connect('online')")
    expect(page.locator("connection-line [data-part=line]")).to_be_hidden()


def test_locking_leaves_no_plaintext_in_the_page(show):
    page = show()
    open_chat(page)
    page.keyboard.type("never sent")
    page.locator("app-menu summary").click()
    page.locator("app-menu [data-part=lock]").click()
    expect(page.locator("key-unlock")).to_be_visible()
    assert page.evaluate("fake.chats[0].draft") == "never sent"
    left = page.locator("body").evaluate(
        "node => node.textContent + [...node.querySelectorAll('textarea')].map((one) => one.value)"
    )
    assert "train was late" not in left
    assert "never sent" not in left
    assert "Carol" not in left


def test_a_chosen_theme_is_kept(show):
    page = show()
    page.locator("app-menu summary").click()
    page.locator("app-menu [data-part=theme]").select_option("dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


SCENES = [
    "open",
    "chat",
    "blocked",
    "people",
    "safety",
    "safety-wrong",
    "menu",
    "setup",
    "locked",
    "import",
    "elsewhere",
    "insecure",
    "failed",
]


def reach(page: Page, scene: str) -> None:
    """From the list to the thing that is looked at."""
    if scene in {"chat", "safety", "safety-wrong"}:
        open_chat(page)
    if scene.startswith("safety"):
        page.locator("chat-view [data-part=trust]").click()
        for way in ("large", "words", "qr"):
            page.locator(f"safety-dialog [data-part={way}]").click()
    if scene == "safety-wrong":
        page.locator("safety-dialog [data-part=unmark]").click()
        page.locator("safety-dialog [data-part=differ]").click()
    if scene == "blocked":
        open_chat(page, "Inés")
    if scene == "people":
        page.locator("[data-part=compose]").click()
        page.wait_for_selector("person-row")
    if scene == "menu":
        page.locator("app-menu summary").click()


@pytest.mark.parametrize("look", [("light", False, "en"), ("dark", True, "es")], ids=["wide-light", "narrow-dark"])
@pytest.mark.parametrize("scene", SCENES)
def test_axe_finds_nothing(show, scene, look):
    theme, narrow, lang = look
    known = {"setup", "locked", "import", "elsewhere", "insecure", "failed"}
    page = show(scene if scene in known else "open", theme=theme, narrow=narrow, lang=lang)
    reach(page, scene)
    page.wait_for_timeout(150)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in found] == []
