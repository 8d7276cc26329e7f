"""PostgreSQL comes back from an older backup while pages are open: they see it, and nothing that was sent is lost."""

import pytest
from playwright.sync_api import expect

from tests.browser.databases import back_up, fresh_databases, put_back
from tests.browser.people import alice, bob
from tests.browser.server import serving

pytestmark = pytest.mark.browser
BEFORE, LOST = ["before the backup", "and an answer"], ["lost of hers", "lost of his", "lost of hers, too"]


def test_what_the_backup_lacks_is_sent_again_by_those_who_wrote_it(chromium, profile, tmp_path_factory, postgres_url):
    databases = fresh_databases(postgres_url)
    with serving(tmp_path_factory.mktemp("restored"), **databases) as site:
        she, he = alice(), bob()
        he.email = ""
        hers, his = profile(chromium, site), profile(chromium, site)
        for person, browser in ((she, hers), (he, his)):
            browser.new_account(person)
            browser.make_keys(person)
        hers.start_chat(he)
        hers.send(BEFORE[0])
        his.open_chat(she)
        his.send(BEFORE[1])
        hers.expect_message(BEFORE[1])
        hers.expect_message(BEFORE[0], state="delivered")

        site.stop()
        copies = {url: back_up(url) for url in databases.values()}
        site.start()
        for browser in (hers, his):
            browser.come_back()
        for writer, reader, text in ((hers, his, LOST[0]), (his, hers, LOST[1]), (hers, his, LOST[2])):
            writer.send(text)
            writer.expect_message(text, state="sent")
            reader.expect_message(text)

        site.stop()
        for url, copy in copies.items():
            put_back(url, copy)
        site.manage("renew_incarnation")
        site.start()
        for browser in (hers, his):
            browser.come_back()
            banner = browser.page.locator("stop-banner")
            expect(browser.part("safe", banner)).to_be_visible()
            for text in BEFORE + LOST:
                browser.expect_message(text)
            browser.part("safe", banner).click()
            expect(banner).to_be_hidden()
        for text in BEFORE + LOST:
            for browser in (hers, his):
                browser.expect_message(text)
        for browser, texts in ((hers, LOST[::2]), (his, LOST[1:2])):
            for text in texts:
                browser.expect_message(text, state="sent")

        third = profile(chromium, site)
        third.log_in(she)
        third.import_key_file(she.key_file, she.passphrase)
        third.expect_chats()
        third.open_chat(he)
        for text in BEFORE + LOST:
            third.expect_message(text)
