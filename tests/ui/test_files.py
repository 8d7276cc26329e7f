"""Files on the page: the dialog before they go, what stands in the chat, fetching, stopping, and what went wrong."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.ui.chats import open_chat

pytestmark = pytest.mark.browser

FILL = "() => fake.fillFiles(document.querySelector('chat-view').cid)"
TEXT = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"words"}
DRAW = """async () => {
  const canvas = new OffscreenCanvas(64, 48);
  canvas.getContext("2d").fillRect(0, 0, 64, 48);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg" })).arrayBuffer());
  return [...bytes];
}"""


def file(page: Page, name: str) -> Locator:
    return page.locator("message-bubble", has=page.locator("bdi", has_text=name))


def with_files(show, **how) -> Page:
    page = show(**how)
    open_chat(page)
    page.evaluate(FILL)
    expect(file(page, "too much.zip")).to_be_visible()
    return page


def choose(page: Page, *files: dict) -> Locator:
    page.locator("message-composer [data-part=files]").set_input_files(list(files))
    return page.locator("send-files-dialog dialog[open]")


def calls(page: Page) -> list:
    return page.evaluate("fake.calls")


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_files_in_a_chat_have_no_accessibility_finding(show, narrow, theme):
    page = with_files(show, narrow=narrow, theme=theme)
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []


def test_a_file_says_its_name_size_and_how_far_it_is(show):
    page = with_files(show)
    plan = file(page, "plan-for-the-shed")
    expect(plan.locator("[data-part=size]")).to_have_text("720 kB")
    expect(plan.get_by_role("button", name="Save plan-for-the-shed")).to_be_visible()
    going = file(page, "film.mp4")
    expect(going.get_by_role("progressbar")).to_have_js_property("value", 17_000_000)
    expect(going.get_by_role("button", name="Do not send film.mp4")).to_be_visible()
    expect(going.get_by_role("button", name="Save film.mp4")).to_be_hidden()
    expect(file(page, "too much.zip").get_by_text("Your room for files on this server is used up")).to_be_visible()
    expect(page.get_by_role("article", name=re.compile("File: film.mp4.*Waiting to be sent"))).to_have_count(1)
    going.get_by_role("button", name="Do not send film.mp4").click()
    expect(going).to_have_count(0)


def test_a_picture_opens_large_and_is_saved_from_there(show):
    page = with_files(show)
    file(page, "sunset").get_by_role("button", name="Show sunset").click()
    large = page.get_by_role("dialog", name="Picture")
    expect(large.get_by_role("img")).to_have_js_property("naturalWidth", 1200)
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []
    with page.expect_download() as saved:
        large.get_by_role("button", name="Save this picture").click()
    assert saved.value.suggested_filename == "sunset over the garden.jpg"
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(file(page, "sunset").locator("[data-part=picture]")).to_be_focused()


def test_a_download_that_is_stopped_saves_nothing_and_says_nothing(show):
    page = with_files(show)
    page.evaluate("fake.delay = 2000")
    plan = file(page, "plan-for-the-shed")
    plan.get_by_role("button", name="Save plan").click()
    expect(plan.get_by_role("progressbar")).to_be_visible()
    plan.get_by_role("button", name="Stop fetching").click()
    expect(plan.get_by_role("progressbar")).to_be_hidden()
    expect(plan.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize(
    "code",
    [
        *("FILE_HASH_MISMATCH", "FILE_TRUNCATED", "FILE_TOO_LARGE", "BAD_TAG", "BAD_COMMIT", "BAD_PADDING"),
        *("FILE_GONE", "OFFLINE"),
    ],
)
def test_each_refusal_has_a_line_of_its_own(show, lang, code):
    page = with_files(show, lang=lang)
    page.evaluate("(code) => { fake.fails = code; }", code)
    plan = file(page, "plan-for-the-shed")
    plan.locator("[data-part=save]").click()
    expect(plan.get_by_role("alert")).to_have_text(re.compile("archivo|servidor" if lang == "es" else "file|server"))
    assert code not in plan.get_by_role("alert").inner_text()


def test_what_is_about_to_go_is_shown_first(show):
    page = show()
    open_chat(page)
    picture = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": bytes(page.evaluate(DRAW))}
    dialog = choose(page, picture, TEXT)
    expect(dialog.locator(".file-to-send")).to_have_count(2)
    expect(dialog.locator("[data-part=thumb]").first).to_be_visible()
    expect(dialog).to_contain_text("Goes without place, time and camera.")
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []
    dialog.get_by_role("checkbox").check()
    expect(dialog).to_contain_text("Goes as it is")
    dialog.get_by_role("button", name="Do not send notes.txt").click()
    expect(dialog.locator(".file-to-send")).to_have_count(1)
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog).to_be_hidden()
    assert calls(page)[-1] == ["sendFile", "photo.jpg", len(picture["buffer"]), True]
    expect(file(page, "photo.jpg")).to_be_visible()


def test_a_text_alone_asks_nothing_about_pictures(show):
    page = show()
    open_chat(page)
    dialog = choose(page, TEXT)
    expect(dialog.get_by_role("button", name="Send", exact=True)).to_be_enabled()
    expect(dialog.get_by_role("checkbox")).to_be_hidden()
    page.keyboard.press("Escape")
    assert not [call for call in calls(page) if call[0] == "sendFile"]
    dialog = choose(page, TEXT)
    expect(dialog.locator(".file-to-send")).to_have_count(1)


def test_ten_files_at_a_time_are_enough(show):
    page = show()
    open_chat(page)
    dialog = choose(page, *({**TEXT, "name": f"{number}.txt"} for number in range(12)))
    expect(dialog.locator(".file-to-send")).to_have_count(10)
    expect(dialog.get_by_role("alert")).to_contain_text("10 files at a time")


def test_a_full_browser_keeps_the_dialog_and_says_so(show):
    page = show("full")
    open_chat(page)
    dialog = choose(page, TEXT)
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("no room left")
    expect(dialog.locator(".file-to-send")).to_have_count(1)
    expect(file(page, "notes.txt")).to_have_count(0)
