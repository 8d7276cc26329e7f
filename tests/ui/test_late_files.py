"""Files and browsers that come late: into another chat, after a lock, behind the strip that was answered."""

import pytest
from playwright.sync_api import Page, expect

from tests.ui.chats import SETTLED, held, let_go, open_chat, until, wait_for_held
from tests.ui.test_files import file, with_files

pytestmark = pytest.mark.browser

# Counts the addresses that bytes get, and those of them that still hold their bytes.
COUNT = """() => {
    const { createObjectURL, revokeObjectURL } = URL;
    const kept = new Set();
    let made = 0;
    URL.createObjectURL = (blob) => {
        const url = createObjectURL.call(URL, blob);
        made += 1;
        kept.add(url);
        return url;
    };
    URL.revokeObjectURL = (url) => { kept.delete(url); revokeObjectURL.call(URL, url); };
    fake.urls = () => ({ made, kept: kept.size });
}"""
# A file that comes down by one step whenever `fake.goOn()` is called, and never to its end.
STEPWISE = """() => {
    fake.openFile = (cid, id, { onProgress, signal }) => {
        Object.assign(fake, { signal, goOn: () => onProgress(1, 4) });
        return new Promise(() => {});
    };
}"""
STOPPED = "(fake.goOn(), fake.signal.aborted)"
PICTURE = """async () => {
    const canvas = new OffscreenCanvas(64, 48);
    canvas.getContext("2d").fillRect(0, 0, 64, 48);
    const data = await canvas.convertToBlob({ type: "image/jpeg" });
    return { name: "photo.jpg", data, image: { mime: "image/jpeg", width: 64, height: 48 } };
}"""
NEVER = "new Promise((late) => setTimeout(late, 20_000, 'never'))"
CLOSED_AT_ONCE = f"""async () => {{
    const dialog = document.querySelector("picture-dialog");
    const file = await ({PICTURE})();
    const shown = dialog.open(file);
    dialog.close();
    return Promise.race([shown, {NEVER}]);
}}"""
ONE_OVER_THE_OTHER = f"""async () => {{
    const dialog = document.querySelector("picture-dialog");
    const [one, other] = [await ({PICTURE})(), await ({PICTURE})()];
    document.querySelector("message-composer textarea").focus();
    const shown = [dialog.open(one), dialog.open({{ ...other, name: "other.jpg" }})];
    return Promise.race([Promise.all(shown), {NEVER}]);
}}"""
FIREFOX = "{ ...fake.own[1], kind: 'Firefox, Linux', addedAt: Date.now() }"
STRANGER = "{ ...fake.own[1], did: 'ff'.repeat(16), kind: 'Safari, macOS', addedAt: Date.now() }"


def press(page: Page, name: str, verb: str) -> None:
    file(page, name).get_by_role("button", name=f"{verb} {name}").click()


def test_a_picture_that_comes_late_is_not_shown_over_the_next_chat(show):
    page = with_files(show)
    held(page, "openFile")
    press(page, "sunset", "Show")
    wait_for_held(page)
    open_chat(page, "Carol")
    let_go(page)
    expect(page.locator("picture-dialog dialog[open]")).to_have_count(0)


def test_a_picture_is_not_fetched_to_its_end_for_a_chat_that_was_left(show):
    page = with_files(show)
    page.evaluate(STEPWISE)
    press(page, "sunset", "Show")
    assert not page.evaluate(STOPPED)
    open_chat(page, "Carol")
    until(page, STOPPED)


def test_a_file_is_saved_while_another_chat_is_read(show):
    page = with_files(show)
    held(page, "openFile")
    press(page, "plan", "Save")
    wait_for_held(page)
    open_chat(page, "Carol")
    with page.expect_download() as saved:
        let_go(page)
    assert saved.value.suggested_filename.startswith("plan-for-the-shed")


def test_a_file_that_comes_after_the_lock_is_not_saved(show):
    page = with_files(show)
    page.evaluate(COUNT)
    held(page, "openFile")
    press(page, "plan", "Save")
    wait_for_held(page)
    page.evaluate("fake.lock()")
    expect(page.locator("key-unlock")).to_be_visible()
    let_go(page)
    assert page.evaluate("fake.urls().made") == 0


def test_a_lock_stops_what_is_being_fetched(show):
    page = with_files(show)
    page.evaluate(STEPWISE)
    press(page, "plan", "Save")
    assert not page.evaluate(STOPPED)
    page.evaluate("fake.lock()")
    until(page, STOPPED)


def test_a_picture_that_is_closed_at_once_leaves_nothing(show):
    page = with_files(show)
    page.evaluate(COUNT)
    assert page.evaluate(CLOSED_AT_ONCE) is True
    page.evaluate(SETTLED)
    assert page.evaluate("fake.urls()") == {"made": 1, "kept": 0}
    expect(page.locator("picture-dialog dialog[open]")).to_have_count(0)


def test_a_second_picture_takes_the_place_of_the_first_and_gives_the_focus_back(show):
    page = with_files(show)
    page.evaluate(COUNT)
    assert page.evaluate(ONE_OVER_THE_OTHER) == [True, True]
    assert page.evaluate("fake.urls()") == {"made": 2, "kept": 0}
    expect(page.get_by_role("dialog", name="Picture")).to_contain_text("other.jpg")
    page.keyboard.press("Escape")
    expect(page.locator("message-composer textarea")).to_be_focused()


def test_a_browser_that_was_not_shown_yet_is_still_told(show):
    page = show()
    told = page.locator("new-browser")
    page.evaluate(f"fake.strangers = [{FIREFOX}]; fake.emit('browsers')")
    expect(told).to_contain_text("Firefox, Linux")
    page.evaluate(f"fake.strangers.push({STRANGER})")
    told.get_by_role("button", name="It was me").dblclick()
    expect(told).to_contain_text("Safari, macOS")
    page.evaluate("fake.emit('browsers')")
    expect(told).to_contain_text("Safari, macOS")
    expect(told.locator("[data-part=more]")).to_be_hidden()
