"""Whatever a person types arrives as text: in messages, in names, wherever the page shows them."""

import json
import re

import pytest
from playwright.sync_api import Locator, expect

from tests.attacks import seeds
from tests.attacks.pages import Peer, Stage, Stranger, listening

pytestmark = pytest.mark.browser

NAME = "<img src=x onerror=globalThis.__ran=1>'\"&{{7*7}}"
FOREIGN = (
    "img:not([data-part]), script, iframe, object, b, base, meta, [onerror], [onload], [onclick]"  # not of the page
)
OTHER_NAME = "<b onclick=globalThis.__ran=2>Mallory</b>${7*7}"
MARKS = "img, script, svg:not(.icon), form, iframe, object, b, base, meta, style, link, [onerror], [onload], [onclick]"


def payloads(stranger: Stranger) -> list[str]:
    return [
        "<script>globalThis.__ran = 1</script>",
        "<img src=x onerror=globalThis.__ran=1>",
        "<svg onload=globalThis.__ran=1></svg>",
        f"<form action={stranger.url}><input name=csrf></form><base href={stranger.url}>",
        f"![picture]({stranger.url}/p.png) <iframe src={stranger.url}></iframe>",
        "[click](javascript:globalThis.__ran=1) javascript:globalThis.__ran=1",
        "data:text/html,<script>globalThis.__ran=1</script>",
        ":smile:<b>bold</b> **bold** `code` &lt;i&gt;",
        "{{constructor.constructor('globalThis.__ran=1')()}} ${globalThis.__ran=1}",
        '"><img src=x onerror=globalThis.__ran=1> \u202egnp.exe',
        f"look: {stranger.url}/a?b=<script>",
    ]


@pytest.fixture(scope="module")
def eve(stage: Stage) -> Peer:
    return stage.peers.make("eve", NAME)


def expect_nothing_ran(stage: Stage, before: int) -> None:
    page = stage.hers.page
    assert page.evaluate("globalThis.__ran ?? null") is None
    assert page.evaluate("({}).polluted ?? null") is None
    assert stage.hers.violations()[before:] == []
    assert stage.hers.foreign == []


def test_a81_a_message_is_text_whatever_stands_in_it(stage, eve):
    with listening() as stranger:
        texts, before = payloads(stranger), len(stage.hers.violations())
        eve.say(stage.uid, *texts)
        stage.hers.open_chat(eve.shown)
        expect(stage.hers.page.locator("message-bubble")).to_have_count(len(texts))
        shown = stage.hers.page.locator("message-bubble [data-part=text]")
        assert [one.text_content() for one in shown.all()] == texts
        assert shown.locator(MARKS).count() == 0
        addresses = shown.locator("a").evaluate_all("links => links.map((a) => new URL(a.href).protocol)")
        assert set(addresses) <= {"http:", "https:"}
        expect_nothing_ran(stage, before)
        assert stranger.came == []


def test_a86_nobody_fetches_a_link_until_it_is_clicked_and_then_it_tells_nothing(stage, eve):
    with listening() as stranger:
        eve.say(stage.uid, f"see {stranger.url}/secret-path?q=1")
        stage.hers.open_chat(eve.shown)
        link = stage.hers.page.locator(f"message-bubble a[href^='{stranger.url}']")
        expect(link).to_be_visible()
        assert set((link.get_attribute("rel") or "").split()) >= {"noopener", "noreferrer"}
        stage.hers.page.hover(f"message-bubble a[href^='{stranger.url}']")
        assert stranger.came == []
        with stage.hers.context.expect_page() as opened:
            link.click()
        opened.value.wait_for_load_state()
        assert opened.value.evaluate("window.opener") is None
        opened.value.close()
        (asked,) = [text for text in stranger.came if "favicon" not in text]
        assert asked.startswith("GET /secret-path?q=1")
        assert "referer" not in asked.lower()
        assert "cookie" not in asked.lower()
        stage.hers.foreign.clear()


def test_a82_a_name_is_text_in_every_place_that_shows_it(stage, eve):
    page, before = stage.hers.page, len(stage.hers.violations())
    eve.say(stage.uid, NAME)
    stage.hers.open_chat(eve.shown)
    row = page.locator("conversation-row", has_text=NAME).first
    expect(row.locator("[data-part=last]")).to_have_text(NAME)
    seen = {
        "row": row.locator("[data-part=name]").text_content(),
        "header": page.locator("chat-view .chat-view__name").text_content(),
        "bubble": page.locator("message-bubble [data-part=text]").last.text_content(),
    }
    page.locator("chat-view [data-part=trust]").click()
    dialog = page.locator("safety-dialog dialog")
    expect(dialog).to_be_visible()
    seen["safety number"] = dialog.text_content()
    dialog.locator("[data-part=close]").click()
    page.locator("conversation-list [data-part=find]").fill("eve")
    seen["person row"] = page.locator("person-row", has_text="@eve").text_content()
    page.locator("conversation-list [data-part=find]").fill("<img")
    expect(
        page.locator("conversation-row", has_text=NAME).or_(page.locator("person-row", has_text=NAME)).first
    ).to_be_visible()
    page.locator("conversation-list [data-part=find]").fill("")
    assert {place for place, text in seen.items() if NAME not in text} == set()
    assert page.locator(f"chat-app :is({FOREIGN})").count() == 0
    assert "<img" in page.locator("chat-app").text_content()
    expect_nothing_ran(stage, before)


def mid_of(peer: Peer, cid: bytes, text: str) -> bytes:
    """The message that says this, as the peer's client knows it."""
    peer.peers.call(peer.client.catch_up(cid))
    return next(mid for mid, one in peer.client.board(cid).shown.items() if one.text == text)


def close(dialog: Locator) -> str:
    """What stands in an open dialog; afterwards it is closed."""
    expect(dialog).to_be_visible()
    text = dialog.text_content()
    dialog.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    return text or ""


def test_a82_it_is_text_in_answers_older_words_reactions_lines_and_the_title(stage, eve):
    page, before = stage.hers.page, len(stage.hers.violations())
    cid = bytes.fromhex(eve.say(stage.uid, NAME + " again"))
    stage.hers.open_chat(eve.shown)
    stage.hers.expect_message(NAME + " again")
    eve.peers.call(eve.client.edit(cid, mid_of(eve, cid, NAME + " again"), NAME + " edited"))
    stage.hers.expect_message(NAME + " edited")
    stage.hers.bubble(NAME + " edited").locator("[data-part=edited]").click()
    seen = {"older words": close(page.locator("earlier-dialog dialog[open]"))}
    stage.hers.act(NAME + " edited", "r")
    seen["what is answered"] = page.locator("message-composer [data-part=context]").text_content()
    stage.hers.send("I answer")
    answer = stage.hers.bubble("I answer")
    seen["who is quoted"] = answer.locator("[data-part=quoteWho]").text_content()
    seen["what is quoted"] = answer.locator("[data-part=quoteText]").text_content()
    stage.hers.expect_message("I answer", state="sent")
    eve.peers.call(eve.client.react(cid, mid_of(eve, cid, "I answer"), "👍"))
    expect(answer.locator(".reaction")).to_have_text("👍")
    seen["what is read out"] = answer.get_attribute("aria-label")
    eve.peers.call(eve.client.set_timer(cid, 3600))
    line = page.locator("notice-line", has_text="disappear after")
    expect(line).to_have_count(1)
    seen["line"] = line.text_content()
    line.locator("[data-part=what]").click()
    seen["explanation"] = close(page.locator("explain-dialog dialog[open]"))
    assert {place for place, text in seen.items() if NAME not in text} == set()
    assert page.locator(f"chat-app :is({FOREIGN})").count() == 0
    expect_nothing_ran(stage, before)


def test_a82_it_is_text_in_the_banner_that_stops_a_chat_and_in_my_menu(stage):
    page, before = stage.hers.page, len(stage.hers.violations())
    mallory = stage.peers.make("mallory", OTHER_NAME)
    mallory.say(stage.uid, "before")
    stage.hers.open_chat(mallory.shown)
    stage.hers.expect_message("before")
    page.goto("about:blank")
    seeds.run(stage.site, "new-root", "mallory")
    page.goto("/account/")
    page.locator("[name=display_name]").fill(OTHER_NAME)
    page.locator("form").filter(has=page.locator("[name=display_name]")).locator("[type=submit]").click()
    expect(page.locator("[name=display_name]")).to_have_value(OTHER_NAME)
    stage.reopen()
    stage.hers.open_chat(mallory.shown)
    stop = page.locator("stop-banner")
    expect(stop.locator("[data-part=title]")).to_be_visible()
    seen = {"banner": stop.locator("[data-part=title]").text_content()}
    stop.locator("[data-part=close]").click()
    seen["folded"] = stop.locator("[data-part=folded]").text_content()
    stage.hers.open_menu()
    seen["my name"] = page.locator("app-menu .menu__name").text_content()
    stage.hers.close_menu()
    assert {place for place, text in seen.items() if OTHER_NAME not in text} == set()
    assert page.locator(f"chat-app :is({FOREIGN})").count() == 0
    expect_nothing_ran(stage, before)


def test_a82_ones_own_name_is_text_in_the_pages_of_the_account(stage):
    page = stage.hers.page
    page.goto("/account/")
    page.locator("[name=display_name]").fill(NAME)
    page.locator("form").filter(has=page.locator("[name=display_name]")).locator("[type=submit]").click()
    expect(page.locator("[name=display_name]")).to_have_value(NAME)
    assert page.locator("img:not(.mark), [onerror]").count() == 0
    assert page.evaluate("globalThis.__ran ?? null") is None
    stage.reopen()


def test_a89_names_of_objects_are_words_like_any_other(stage):
    page, before = stage.hers.page, len(stage.hers.violations())
    proto = stage.peers.make("proto", "__proto__")
    texts = ["__proto__", "constructor", "hasOwnProperty", '{"__proto__":{"polluted":1}}', "toString"]
    proto.say(stage.uid, *texts)
    page.locator("conversation-row", has_text="__proto__").locator("[data-part=button]").click()
    expect(page.locator("message-bubble")).to_have_count(len(texts))
    assert stage.hers.texts() == texts
    expect_nothing_ran(stage, before)


def test_a89_a_server_that_names_prototypes_changes_nothing(hostile):
    page, before = hostile.hers.page, len(hostile.hers.violations())
    poison = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},'

    def poisoned(path, answer):
        kind = dict((name.lower(), value) for name, value in answer.headers).get("content-type", "")
        if "json" not in kind:
            return answer
        return answer.with_body(re.sub(rb"\{(?=\")", b"{" + poison.encode(), answer.body))

    hostile.proxy.answer = poisoned
    poisoned_frame = lambda frame: json.loads(json.dumps(frame)[:-1] + "," + poison[:-1] + "}")  # noqa: E731
    hostile.proxy.frame = lambda name, frame: [poisoned_frame(frame) if name == "down" else frame]
    hostile.reopen()
    page.locator("conversation-list [data-part=find]").fill("proto")
    expect(page.locator("conversation-row", has_text="__proto__").first).to_be_visible()
    expect_nothing_ran(hostile, before)
    hostile.proxy.honest()
    hostile.reopen()
