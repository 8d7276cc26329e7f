"""The same conversation between two engines: she in Chromium, he in Firefox."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import Person, alice, bob
from tests.browser.profile import Profile
from tests.browser.server import Site

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pair(
    chromium: Browser, firefox: Browser, site: Site, profile: Callable[..., Profile]
) -> tuple[tuple[Person, Profile], tuple[Person, Profile]]:
    she, he = (alice(), profile(chromium, site)), (bob(), profile(firefox, site))
    for person, browser in (she, he):
        browser.new_account(person)
        browser.make_keys(person)
    return she, he


def test_chromium_and_firefox_read_each_other(pair):
    (she, hers), (he, his) = pair
    his.start_chat(she)
    his.send("from one engine")
    hers.open_chat(he)
    hers.expect_message("from one engine")
    hers.send("from the other")
    his.expect_message("from the other")
    his.expect_message("from one engine", state="delivered")
    hers.expect_message("from the other", state="delivered")


def test_firefox_opens_its_keys_again_after_a_reload(pair):
    (she, hers), (he, his) = pair
    his.page.reload()
    his.unlock(he)
    his.open_chat(she)
    his.expect_message("from the other")
    his.send("after the reload")
    hers.expect_message("after the reload")


def test_a_key_file_of_firefox_opens_the_history_in_chromium(chromium, site, profile, pair):
    (she, _hers), (he, _his) = pair
    moved = profile(chromium, site)
    moved.log_in(he)
    moved.import_key_file(he.key_file, he.passphrase)
    moved.expect_chats()
    moved.open_chat(she)
    moved.expect_message("from one engine")
    moved.expect_message("from the other")


def test_a_key_file_of_chromium_opens_the_history_in_firefox(firefox, site, profile, pair):
    (she, _hers), (he, _his) = pair
    moved = profile(firefox, site)
    moved.log_in(she)
    moved.import_key_file(she.key_file, she.passphrase)
    moved.expect_chats()
    moved.open_chat(he)
    moved.expect_message("from one engine")
    expect(moved.bubble("from the other")).to_have_count(1)
