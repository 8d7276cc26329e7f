"""Other code than the release: a changed file stops the page, a changed release is told by page and tool alike."""

import base64
import hashlib
import re

import pytest
from playwright.sync_api import Page, expect

from reference import assets
from reference.web import Web
from tests.attacks.pages import Stage
from tests.attacks.proxy import Answer

pytestmark = pytest.mark.browser
MODULE = re.compile(r"/static/js/crypto/envelope\.[0-9a-f]+\.js")
ADDED = b"\nglobalThis.__ran = 1;"


def digest(name: str, body: bytes) -> str:
    return f"{name}-{base64.b64encode(hashlib.new(name, body).digest()).decode()}"


class OtherRelease:
    """What whoever holds the server can do: another module, a map with its hash, a policy that allows the map."""

    def __init__(self, site_url: str) -> None:
        self._web = Web(site_url)

    def __call__(self, path: str, answer: Answer) -> Answer:
        if MODULE.fullmatch(path):
            return answer.with_body(answer.body + ADDED)
        body = answer.body.decode("utf-8", "replace")
        maps = assets.IMPORT_MAP.findall(body)
        return self._with_other_map(answer, body, maps[0]) if len(maps) == 1 else answer

    def _with_other_map(self, answer: Answer, body: str, text: str) -> Answer:
        module = MODULE.search(text)
        assert module
        code, _ = self._web.fetch(module[0])
        before, after = digest("sha384", code), digest("sha384", code + ADDED)
        assert before in text
        changed = text.replace(before, after)
        known, allowed = (digest("sha256", one.encode()) for one in (text, changed))
        headers = [(name, value.replace(known, allowed)) for name, value in answer.headers]
        return Answer(answer.status, headers, body.replace(before, after).encode())


def forget_cache(stage: Stage) -> None:
    stage.hers.context.new_cdp_session(stage.hers.page).send("Network.clearBrowserCache")


def shown_build(page: Page) -> str:
    return page.locator("app-menu [data-part=build]").text_content().split()[-1]


def test_a84_the_menu_shows_the_build_that_the_tool_finds_from_outside(stage):
    build, findings = assets.verify_assets(Web(stage.site.url), log_key=None)
    assert findings == []
    assert shown_build(stage.hers.page) == build
    stage.hers.page.goto("/about/")
    expect(stage.hers.page.locator("main")).to_contain_text("Hand out a changed page")
    stage.reopen()


@pytest.mark.thorough
def test_a84_a_release_that_the_log_does_not_name_stops_writing_and_is_found_from_outside(hostile):
    peer = hostile.peers.make("walter")
    peer.say(hostile.uid, "before the other release")
    hostile.hers.open_chat(peer.shown)
    hostile.hers.expect_message("before the other release")
    honest = shown_build(hostile.hers.page)
    hostile.proxy.answer = OtherRelease(hostile.site.url)
    forget_cache(hostile)
    hostile.reopen()
    page = hostile.hers.page
    assert page.evaluate("globalThis.__ran") == 1, "the other code runs: that cannot be prevented"
    hostile.hers.open_chat(peer.shown)
    stop = page.locator("stop-banner [data-part=title]")
    expect(stop).to_have_text("The program of this page is not the expected one")
    expect(page.locator("message-composer")).to_be_hidden()
    hostile.hers.expect_message("before the other release")
    build, findings = assets.verify_assets(Web(hostile.proxy.url), log_key=None)
    assert "this program is not in the log" in {one.what for one in findings}
    assert build == shown_build(page) != honest
    hostile.proxy.honest()
    forget_cache(hostile)
    hostile.reopen()
    hostile.hers.open_chat(peer.shown)
    hostile.hers.send("under the honest program again")
    hostile.hers.expect_message("under the honest program again", state="sent")


def test_a84_changed_code_does_not_start_and_the_page_says_so(hostile):
    """One module of many, deep inside: nothing runs, no passphrase is asked for, and the page has words for it."""

    def change(path, answer):
        return answer.with_body(answer.body + b"\nglobalThis.__ran = 1;") if "/crypto/envelope." in path else answer

    hostile.proxy.answer = change
    context = hostile.chromium.new_context(
        base_url=hostile.proxy.url, storage_state=hostile.hers.context.storage_state()
    )
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text))
    page = context.new_page()
    page.goto("/chat/")
    expect(page.locator(".loading__late")).to_have_css("opacity", "1")
    expect(page.locator(".loading__late")).to_contain_text("do not type your passphrase")
    expect(page.locator("input[type=password], key-unlock, key-import")).to_have_count(0)
    assert page.evaluate("globalThis.__ran ?? null") is None
    assert any("integrity" in line for line in said), said
    context.close()


def test_a84_a_map_that_fits_other_code_is_refused_by_the_policy(hostile):
    """The server's page is changed on the way, its policy is not: no map counts, so nothing starts."""

    def change(path, answer):
        return answer.with_body(answer.body.replace(b'"sha384-', b'"sha384-AA')) if path == "/chat/" else answer

    hostile.proxy.answer = change
    context = hostile.chromium.new_context(
        base_url=hostile.proxy.url, storage_state=hostile.hers.context.storage_state()
    )
    page = context.new_page()
    page.goto("/chat/")
    expect(page.locator(".loading__late")).to_have_css("opacity", "1")
    expect(page.locator("input[type=password]")).to_have_count(0)
    context.close()
