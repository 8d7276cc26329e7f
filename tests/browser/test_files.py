"""Files between two browsers: pictures without what the camera wrote, large ones, offline, stopped, a full disk."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser import attachments
from tests.browser.attachments import PLACE, bubble, choose, drawn, expect_file, photo, saved, send
from tests.browser.people import Person, alice, bob
from tests.browser.profile import Profile
from tests.browser.server import Site

pytestmark = pytest.mark.browser

MIB = 1024 * 1024
SHOWN = "picture-dialog dialog[open] [data-part=picture]"
IS_DRAWN = """(image) => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"""
PASTE = """(bytes) => {
  const given = new DataTransfer();
  const picture = Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0));
  given.items.add(new File([picture], "image.png", { type: "image/png" }));
  const box = document.querySelector("message-composer [data-part=text]");
  const event = new Event("paste", { bubbles: true, cancelable: true });
  Object.defineProperty(event, "clipboardData", { value: given }); // Firefox lets no script make one with files
  box.dispatchEvent(event);
}"""
DROP = """() => {
  const given = new DataTransfer();
  given.items.add(new File(["dropped here"], "dropped.txt", { type: "text/plain" }));
  const view = document.querySelector("chat-view");
  const how = { dataTransfer: given, bubbles: true, cancelable: true };
  const tell = (type) => view.dispatchEvent(new DragEvent(type, how));
  tell("dragenter");
  tell("dragover");
  const shown = !document.querySelector("[data-part=dropHint]").hidden;
  tell("drop");
  return shown;
}"""


def never_answered(route: Route) -> None:
    """The line is there, and nothing comes."""


@dataclass
class Stage:
    alice: Person
    bob: Person
    hers: Profile
    his: Profile
    site: Site


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def stage(request, chromium: Browser, site: Site, profile: Callable[..., Profile]) -> Stage:
    """She writes in Chromium or Firefox, he reads in Chromium."""
    engine = request.getfixturevalue(request.param)
    she, he = alice(), bob()
    she.name, he.name = f"alice-{request.param}", f"bob-{request.param}"
    he.email = ""
    stage = Stage(she, he, profile(engine, site), profile(chromium, site), site)
    for person, one in ((she, stage.hers), (he, stage.his)):
        one.new_account(person)
        one.make_keys(person)
    stage.hers.start_chat(he)
    stage.hers.send("hello")
    stage.his.open_chat(she)
    stage.his.expect_message("hello")
    return stage


def test_a_picture_arrives_small_opens_large_and_says_nothing_of_its_place(stage):
    original = photo(stage.hers)
    assert PLACE in original
    dialog = choose(stage.hers, ("sunset.jpg", original))
    expect(dialog.locator("[data-part=thumb]")).to_be_visible()
    expect(dialog.locator("[data-part=note]")).to_have_text("Goes without place, time and camera.")
    dialog.locator("[data-part=send]").click()
    expect_file(stage.hers, "sunset.jpg", state="sent")
    got = expect_file(stage.his, "sunset.jpg")
    assert got.locator("[data-part=thumb]").evaluate(IS_DRAWN) == [320, 213]
    got.locator("[data-part=picture]").click()
    assert stage.his.page.locator(SHOWN).evaluate(IS_DRAWN) == [1200, 800]
    stage.his.page.keyboard.press("Escape")
    name, content = saved(stage.his, "sunset.jpg")
    assert name in ("sunset.jpg", "chat-key.e2ck")
    assert content[:3] == b"\xff\xd8\xff"
    assert PLACE not in content
    assert b"Exif" not in content
    expect_file(stage.hers, "sunset.jpg", state="delivered")


def test_the_original_goes_only_when_one_says_so(stage):
    original = photo(stage.hers, 300, 200)
    send(stage.hers, ("as-it-is.jpg", original), as_they_are=True)
    expect_file(stage.his, "as-it-is.jpg")
    assert saved(stage.his, "as-it-is.jpg")[1] == original


def test_twenty_megabytes_arrive_as_they_were(stage):
    content = secrets.token_bytes(20 * MIB)
    send(stage.hers, ("large.bin", content))
    stage.hers.send("written while it goes up")
    stage.his.expect_message("written while it goes up")
    expect_file(stage.hers, "large.bin", state="sent")
    expect(expect_file(stage.his, "large.bin").locator("[data-part=size]")).to_have_text("21 MB")
    assert saved(stage.his, "large.bin")[1] == content


def test_what_is_attached_offline_waits_and_goes_later(stage):
    stage.hers.context.set_offline(True)
    send(stage.hers, ("tunnel.png", drawn(stage.hers, 90, 60, "image/png")))
    expect_file(stage.hers, "tunnel.png", state="queued")
    stage.hers.context.set_offline(False)
    expect_file(stage.hers, "tunnel.png", state="sent")
    expect_file(stage.his, "tunnel.png")


def test_what_waited_survives_a_reload(stage):
    content = secrets.token_bytes(3 * MIB)
    stage.hers.context.set_offline(True)
    send(stage.hers, ("kept.bin", content))
    expect_file(stage.hers, "kept.bin", state="queued")
    stage.hers.page.goto("about:blank")
    stage.hers.context.set_offline(False)
    stage.hers.page.goto("/chat/")
    stage.hers.unlock(stage.alice)
    stage.hers.open_chat(stage.bob)
    expect_file(stage.hers, "kept.bin", state="sent")
    expect_file(stage.his, "kept.bin")
    assert saved(stage.his, "kept.bin")[1] == content


def test_an_upload_that_breaks_off_goes_on_where_it_was(stage):
    puts: list[str] = []

    def cut(route):
        puts.append(route.request.url.rstrip("/").rsplit("/", 1)[1])
        if puts.count("2") == 1 and puts[-1] == "2":
            route.abort()
        else:
            route.continue_()

    stage.hers.page.route("**/blobs/*/*/", cut)
    content = secrets.token_bytes(2 * MIB)
    send(stage.hers, ("resumed.bin", content))
    expect_file(stage.hers, "resumed.bin", state="sent")
    stage.hers.page.unroute("**/blobs/*/*/")
    assert puts[:4] == ["0", "1", "2", "2"]
    assert saved(stage.his, "resumed.bin")[1] == content


def test_an_upload_can_be_stopped_and_leaves_nothing(stage):
    stage.hers.page.route("**/blobs/*/1/", never_answered)
    send(stage.hers, ("stopped.bin", secrets.token_bytes(2 * MIB)))
    going = expect_file(stage.hers, "stopped.bin", state="queued")
    expect(going.locator("progress")).to_be_visible()
    with stage.hers.page.expect_request(lambda asked: asked.method == "DELETE") as dropped:
        going.locator("[data-part=cancel]").click()
    expect(bubble(stage.hers, "stopped.bin")).to_have_count(0)
    assert dropped.value.response().status == 200
    stage.hers.page.unroute("**/blobs/*/1/")
    stage.hers.send("and nothing came of it")
    stage.his.expect_message("and nothing came of it")
    expect(bubble(stage.his, "stopped.bin")).to_have_count(0)
    assert stage.hers.page.evaluate(PARTS_KEPT) == 0


PARTS_KEPT = """async () => {
  const answer = (request) => new Promise((done) => { request.onsuccess = () => done(request.result); });
  const [{ name }] = (await indexedDB.databases()).filter((one) => one.name.startsWith("llave:"));
  const db = await answer(indexedDB.open(name));
  const kept = await answer(db.transaction("parts").objectStore("parts").count());
  db.close();
  return kept;
}"""


def test_a_download_shows_its_progress_and_can_be_stopped(stage):
    stage.his.page.route("**/blobs/*/3/", never_answered)
    got = expect_file(stage.his, "large.bin")
    got.locator("[data-part=save]").click()
    expect(got.locator("progress")).to_be_visible()
    expect(got.locator("progress")).to_have_js_property("value", 3 * 512 * 1024)
    got.locator("[data-part=cancel]").click()
    expect(got.locator("progress")).to_be_hidden()
    expect(got.locator("[data-part=error]")).to_be_hidden()
    stage.his.page.unroute("**/blobs/*/3/")
    assert len(saved(stage.his, "large.bin")[1]) == 20 * MIB


def test_pictures_can_be_pasted_and_files_dropped(stage):
    picture = stage.hers.page.evaluate(attachments.DRAW, [40, 30, "image/png"])
    stage.hers.page.evaluate(PASTE, picture)
    dialog = stage.hers.page.locator("send-files-dialog dialog[open]")
    expect(dialog.locator(".file-to-send")).to_have_count(1)
    assert stage.hers.page.evaluate(DROP)
    expect(dialog.locator(".file-to-send")).to_have_count(2)
    expect(stage.hers.page.locator("[data-part=dropHint]")).to_be_hidden()
    dialog.locator("[data-part=send]").click()
    expect_file(stage.his, "image.png")
    assert saved(stage.his, "dropped.txt")[1] == b"dropped here"


def test_a_deleted_file_is_gone_at_the_server_too(stage):
    address = []
    stage.his.page.on("request", lambda asked: "/blobs/" in asked.url and address.append(asked.url))
    saved(stage.his, "dropped.txt")
    stage.hers.page.on("dialog", lambda shown: shown.accept())
    with stage.hers.page.expect_request(lambda asked: asked.method == "DELETE") as dropped:
        bubble(stage.hers, "dropped.txt").focus()
        stage.hers.page.keyboard.press("Delete")
        stage.hers.page.locator("erase-dialog").get_by_role("button", name="Delete for both").click()
    assert dropped.value.response().status == 200
    expect(bubble(stage.his, "dropped.txt")).to_have_count(0)
    assert stage.his.context.request.get(address[-1]).status == 404


def test_what_is_too_large_is_told_before_it_is_read(stage):
    path = stage.site.folder / "huge.bin"
    with path.open("wb") as file:
        file.truncate(101 * MIB)
    stage.hers.page.locator("message-composer [data-part=files]").set_input_files(path)
    dialog = stage.hers.page.locator("send-files-dialog dialog[open]")
    expect(dialog.locator("[data-part=note]")).to_contain_text("too large to be sent")
    expect(dialog.locator("[data-part=send]")).to_be_disabled()
    dialog.locator("[data-part=cancel]").click()
    path.unlink()


def test_a_full_browser_says_so_and_keeps_the_dialog(stage):
    dialog = choose(stage.hers, ("no-room.bin", secrets.token_bytes(8 * MIB)))
    stage.hers.page.evaluate(NO_ROOM)
    dialog.locator("[data-part=send]").click()
    expect(dialog.locator("[data-part=error]")).to_contain_text("no room left")
    stage.hers.page.evaluate("giveRoom()")
    assert stage.hers.page.evaluate(PARTS_KEPT) == 0
    dialog.locator("[data-part=cancel]").click()
    expect(bubble(stage.hers, "no-room.bin")).to_have_count(0)
    stage.hers.send("there is room for words")
    stage.his.expect_message("there is room for words")


# As a browser aborts for want of room, in the midst of the parts.
NO_ROOM = """() => {
  const { put } = IDBObjectStore.prototype;
  globalThis.giveRoom = () => { IDBObjectStore.prototype.put = put; };
  IDBObjectStore.prototype.put = function full(value, key) {
    if (this.name !== "parts" || key[1] < 9) return put.call(this, value, ...(key === undefined ? [] : [key]));
    const error = new DOMException("no room", "QuotaExceededError");
    Object.defineProperty(this.transaction, "error", { value: error });
    throw error;
  };
}"""
