"""What the person's page says before the key file is safe."""

import pytest
from playwright.sync_api import expect

from tests.browser.people import Person

pytestmark = pytest.mark.browser


def test_a77_no_chat_opens_before_the_key_file_was_saved_and_read(stage, profile_of):
    hers, person = profile_of(stage), Person("xenia", "Xenia Xanthic")
    hers.new_account(person)
    setup = hers.page.locator("key-setup")
    expect(setup).to_be_visible()
    hers.page.goto("/chat/")
    expect(setup).to_be_visible()
    expect(hers.page.locator("conversation-list")).to_be_hidden()
