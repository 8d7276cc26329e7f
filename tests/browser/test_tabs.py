"""Two tabs of one browser, with a real server: both are used, one writes, and that one is closed or crashes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, expect

from tests.browser.people import Person, alice, bob
from tests.browser.profile import Profile
from tests.browser.server import Site

pytestmark = pytest.mark.browser


@dataclass
class Stage:
    alice: Person
    bob: Person
    first: Profile
    second: Profile
    his: Profile


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def stage(request: Any, site: Site, profile: Callable[..., Profile]) -> Stage:
    """She has two tabs open, both at the chat with him; he watches in Chromium."""
    chromium: Browser = request.getfixturevalue("chromium")
    engine: Browser = request.getfixturevalue(request.param)
    she, he = alice(), bob()
    she.name, he.name = f"alice.{request.param[0]}", f"bob.{request.param[0]}"
    he.email = ""
    hers, his = profile(engine, site), profile(chromium, site)
    for person, browser in ((she, hers), (he, his)):
        browser.new_account(person)
        browser.make_keys(person)
    hers.start_chat(he)
    hers.send("hello")
    his.open_chat(she)
    second = hers.another_tab()
    second.page.goto("/chat/")
    return Stage(she, he, hers, second, his)


def test_the_second_tab_is_open_without_another_passphrase(stage):
    stage.second.expect_chats()
    stage.second.open_chat(stage.bob)
    stage.second.expect_message("hello")


def test_both_tabs_write_and_show_the_same(stage):
    stage.second.send("from the second tab")
    stage.first.expect_message("from the second tab", state="sent")
    stage.first.send("from the first tab")
    stage.second.expect_message("from the first tab", state="sent")
    stage.his.send("to both")
    for tab in (stage.first, stage.second):
        tab.expect_message("to both")
    for text in ("from the second tab", "from the first tab"):
        stage.his.expect_message(text)
    stage.his.expect_message("to both", state="sent")
    assert stage.first.texts() == stage.second.texts() == stage.his.texts()


def test_many_texts_of_both_tabs_at_once_arrive_once_each(stage):
    texts = [[f"{tab} {number}" for number in range(8)] for tab in ("first", "second")]
    stage.first.send_at_once(texts[0])
    stage.second.send_at_once(texts[1])
    for text in texts[0] + texts[1]:
        stage.his.expect_message(text)
    for text in texts[0] + texts[1]:
        for tab in (stage.first, stage.second):
            tab.expect_message(text, state="sent")
    assert stage.first.texts() == stage.second.texts() == stage.his.texts()
    for each in (stage.first, stage.second, stage.his):
        assert each.page.locator("stop-banner").is_hidden()


def test_a_lock_in_one_tab_takes_the_words_from_both(stage):
    stage.second.write("half a sentence")
    stage.first.lock()
    expect(stage.second.page.locator("key-unlock")).to_be_visible()
    assert stage.second.texts() == []
    stage.second.unlock(stage.alice)
    stage.first.expect_chats()
    for tab in (stage.first, stage.second):
        expect(tab.page.locator("message-composer [data-part=text]")).to_have_value("half a sentence")
    stage.second.write("")


def test_a_tab_whose_login_ended_lets_the_one_that_logged_in_again_go_on(stage):
    stage.second.log_out()
    expect(stage.first.page.locator("gate-page")).to_be_visible()
    assert stage.first.texts() == []
    stage.second.log_in(stage.alice)
    stage.second.unlock(stage.alice)
    stage.second.open_chat(stage.bob)
    stage.second.send("logged in again")
    stage.his.expect_message("logged in again")
    stage.second.expect_message("logged in again", state="sent")
    stage.first.part("go", stage.first.page.locator("gate-page")).click()
    stage.first.expect_chats()
    stage.first.open_chat(stage.bob)
    stage.first.expect_message("logged in again")
    stage.first, stage.second = stage.second, stage.first  # the first is the one in charge


def test_texts_typed_while_the_writing_tab_is_closed_arrive_once_each(stage):
    texts = [f"into a closing tab {number}" for number in range(6)]
    stage.second.send_at_once(texts)
    stage.first.page.close(run_before_unload=False)
    stage.second.unlock(stage.alice)
    for text in texts:
        stage.his.expect_message(text)
        stage.second.expect_message(text, state="sent")
    assert [text for text in stage.his.texts() if text in texts] == texts


@pytest.mark.parametrize("stage", ["chromium"], indirect=True)  # only there an address crashes a tab
def test_texts_typed_while_the_writing_tab_crashes_arrive_once_each(stage):
    third = stage.second.another_tab()
    third.page.goto("/chat/")
    third.expect_chats()
    third.open_chat(stage.bob)
    third.expect_message("hello")
    texts = [f"into a crash {number}" for number in range(6)]
    third.send_at_once(texts)
    with pytest.raises(Error):
        stage.second.page.goto("chrome://crash", timeout=5_000)
    third.unlock(stage.alice)
    for text in texts:
        stage.his.expect_message(text)
    assert [text for text in stage.his.texts() if text in texts] == texts
