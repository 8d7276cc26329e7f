"""Pictures of every screen: `python -m tests.ui.shots [part of a name]`, into var/screenshots/."""

import sys
import threading
from pathlib import Path
from typing import Any

from tests.ui.preview import server

OUT = Path(__file__).resolve().parent.parent.parent / "var" / "screenshots"
SIZES = {"wide": (1280, 800), "narrow": (390, 844)}
FIRST = ".conversation-row__button >> nth=0"


def open_first(page: Any) -> None:
    page.click(FIRST)
    page.wait_for_timeout(250)


def open_blocked(page: Any) -> None:
    page.click("text=Inés")
    page.wait_for_timeout(250)


def open_menu(page: Any) -> None:
    page.click(".app-menu summary")


def pick_people(page: Any) -> None:
    page.click("[data-part=compose]")
    page.wait_for_timeout(300)


def search(page: Any) -> None:
    page.fill(".conversation-list__find", "per")
    page.wait_for_timeout(400)


def safety(page: Any) -> None:
    open_first(page)
    page.click(".chat-view__trust")
    page.wait_for_timeout(300)


def safety_code(page: Any) -> None:
    page.click("text=Carol")
    page.wait_for_timeout(200)
    page.click(".chat-view__trust")
    for way in ("large", "words", "qr"):
        page.click(f"safety-dialog [data-part={way}]")
    page.wait_for_timeout(200)


def safety_wrong(page: Any) -> None:
    safety(page)
    page.click("safety-dialog [data-part=unmark]")
    page.click("safety-dialog [data-part=differ]")
    page.wait_for_timeout(200)


def verbs(page: Any) -> None:
    open_first(page)
    page.evaluate("fake.react(fake.chats[0].cid, fake.talks.get(fake.chats[0].cid)[4].id, '👍', true)")
    page.evaluate("fake.change(fake.talks.get(fake.chats[0].cid)[3], {deleted: true})")
    page.locator("message-bubble", has_text="averyvery").focus()
    page.keyboard.press("r")
    page.keyboard.type("A long word indeed")
    page.keyboard.press("Enter")
    page.locator("message-bubble", has_text="And this is").focus()
    page.keyboard.press("r")
    page.locator("message-bubble", has_text="Sent, not yet").focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)


def earlier(page: Any) -> None:
    open_first(page)
    for text in ("Here is it", "Here it is, at last"):
        page.evaluate("(text) => fake.edit(fake.chats[0].cid, fake.talks.get(fake.chats[0].cid)[5].id, text)", text)
    page.evaluate("fake.edit(fake.chats[0].cid, fake.talks.get(fake.chats[0].cid)[3].id, 'The same as always')")
    for at in (3, 5):
        page.evaluate("(at) => fake.change(fake.talks.get(fake.chats[0].cid)[at], {})", at)
    page.locator("message-bubble", has_text="at last").locator("[data-part=edited]").click()
    page.wait_for_timeout(200)


def browsers(page: Any) -> None:
    page.click(".app-menu summary")
    page.click("app-menu [data-part=browsers]")
    page.wait_for_timeout(250)


def renew(page: Any) -> None:
    open_first(page)
    page.evaluate("fake.block(fake.chats[0].cid, {code: 'STATE_ROLLBACK'})")
    page.click("stop-banner [data-part=safe]")
    page.wait_for_timeout(200)


def rewritten(page: Any) -> None:
    open_first(page)
    page.evaluate("fake.block(fake.chats[0].cid, {code: 'SEQ_REWRITE'})")


def storage_lost(page: Any) -> None:
    page.evaluate("fake.emit('phase', {phase: 'import', code: 'STORAGE_LOST'})")
    page.wait_for_timeout(200)


def new_root(page: Any) -> None:
    key_file(page)
    page.click("key-file-dialog [data-part=stolen]")
    page.wait_for_timeout(200)


def newest_file(page: Any) -> None:
    key_file(page)
    page.click("key-file-dialog [data-part=newest]")
    page.wait_for_timeout(200)


def timer(page: Any) -> None:
    open_first(page)
    page.click(".chat-view__header summary")
    page.click("[data-part=timerItem]")
    page.click("timer-dialog label >> nth=3")


def timed(page: Any) -> None:
    timer(page)
    page.click("timer-dialog [data-part=go]")
    page.wait_for_timeout(200)


def name_browser(page: Any) -> None:
    browsers(page)
    page.click("browsers-dialog [data-part=rename] >> nth=1")


def chat_menu(page: Any) -> None:
    open_first(page)
    page.click(".chat-view__header summary")


def save_step(page: Any) -> None:
    page.check("input[type=checkbox]")
    page.click("button[type=submit]:visible")
    page.wait_for_selector("[data-part=save]:visible")


def own_phrase(page: Any) -> None:
    page.click("key-setup [data-part=own]")
    page.fill(".gate input[type=password]:visible", "correct horse battery")


def prove_step(page: Any) -> None:
    save_step(page)
    with page.expect_download():
        page.click("[data-part=saveNow]")
    page.click("[data-part=saved]")


def wrong_unlock(page: Any) -> None:
    page.fill("input[type=password]:visible", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice--error:visible")


def unread(page: Any) -> None:
    page.click("text=Carol")
    page.wait_for_timeout(300)


def offline(page: Any) -> None:
    open_first(page)
    page.evaluate("fake.connect('offline')")
    page.wait_for_timeout(2300)
    page.evaluate("fake.emit('problem', {code: 'BAD_SIG'})")
    page.wait_for_timeout(300)


def lost(page: Any) -> None:
    page.click("[data-part=lost]")


def long_text(page: Any) -> None:
    open_first(page)
    page.fill(".message-composer__text", "One line\n" * 9)


def no_keys(page: Any) -> None:
    page.click("text=Grace")
    page.wait_for_timeout(200)


def sheet(page: Any) -> None:
    page.keyboard.press("?")


def scrolled(page: Any) -> None:
    open_first(page)
    page.evaluate("document.querySelector('.message-list__scroll').scrollTop -= 4000")
    page.wait_for_timeout(300)
    page.evaluate("fake.arrive(fake.chats[0].cid, 'While you were reading above')")
    page.wait_for_timeout(250)


def key_file(page: Any) -> None:
    page.click(".app-menu summary")
    page.click("[data-part=keyFile]")
    page.wait_for_timeout(250)


SCENES: dict[str, tuple[str, Any]] = {
    "list": ("open", None),
    "chat": ("open", open_first),
    "blocked": ("open", open_blocked),
    "menu": ("open", open_menu),
    "people": ("open", pick_people),
    "search": ("open", search),
    "safety": ("open", safety),
    "safety-code": ("open", safety_code),
    "safety-wrong": ("open", safety_wrong),
    "verbs": ("open", verbs),
    "earlier": ("open", earlier),
    "reminder": ("open&due=check", None),
    "browsers": ("open", browsers),
    "new-root": ("open", new_root),
    "newest-file": ("open", newest_file),
    "timer": ("open", timer),
    "timed": ("open", timed),
    "renew": ("open", renew),
    "rewritten": ("open", rewritten),
    "storage-lost": ("open", storage_lost),
    "browser-name": ("open", name_browser),
    "chat-menu": ("open", chat_menu),
    "unread": ("open", unread),
    "offline": ("open", offline),
    "long": ("open", long_text),
    "no-keys": ("open", no_keys),
    "sheet": ("open", sheet),
    "scrolled": ("open&many=2000", scrolled),
    "key-file": ("open", key_file),
    "empty": ("empty", None),
    "setup": ("setup", None),
    "setup-own": ("setup", own_phrase),
    "setup-save": ("setup", save_step),
    "setup-prove": ("setup", prove_step),
    "prove": ("prove", None),
    "locked": ("locked", wrong_unlock),
    "import": ("import", None),
    "lost": ("import", lost),
    "elsewhere": ("elsewhere", None),
    "insecure": ("insecure", None),
    "unsupported": ("unsupported", None),
    "failed": ("failed", None),
    "loading": ("loading", None),
}


def take(browser: Any, port: int, wanted: str, looks: list[tuple[str, str, str]]) -> None:
    for size, theme, language in looks:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
        )
        page = context.new_page()
        page.on("console", lambda said: print("  console:", said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: print("  error:", error))
        for name, (scene, act) in SCENES.items():
            if wanted and name not in wanted.split(","):
                continue
            page.goto(f"http://127.0.0.1:{port}/chat/?scene={scene}&lang={language}")
            page.wait_for_timeout(350)
            try:
                if act:
                    act(page)
            except Exception as error:  # a picture of what went wrong is worth more than a stop
                print(f"  {name}: {str(error)[:300]}")
            page.screenshot(path=OUT / f"{name}-{size}-{theme}-{language}.png")
            page.evaluate("history.replaceState(null, '')")
        context.close()


def main() -> None:
    from playwright.sync_api import sync_playwright

    OUT.mkdir(parents=True, exist_ok=True)
    running = server()
    threading.Thread(target=running.serve_forever, daemon=True).start()
    looks = [("wide", "light", "en"), ("narrow", "dark", "es")]
    if len(sys.argv) > 2:
        looks = [tuple(sys.argv[2].split("-"))]  # type: ignore[list-item]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        take(browser, running.server_port, sys.argv[1] if len(sys.argv) > 1 else "", looks)
        browser.close()
    running.shutdown()


if __name__ == "__main__":
    main()
