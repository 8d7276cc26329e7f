"""Two server processes serve the two sides of one chat: Redis between them, two PostgreSQL databases behind them."""

import time
from collections.abc import Iterator

import pytest

from tests.browser.databases import fresh_databases
from tests.browser.people import alice, bob
from tests.browser.server import Site, serving

pytestmark = pytest.mark.browser

BELL_SECONDS = 10  # far below the heartbeat of 25 s that would find a message without a bell


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory, postgres_url: str, redis_url: str) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("two")
    with serving(folder, processes=2, REDIS_URL=redis_url, **fresh_databases(postgres_url)) as site:
        yield site


def test_a_message_crosses_from_one_process_to_the_other_at_once(chromium, two_processes, profile):
    she, he = alice(), bob()
    hers = profile(chromium, two_processes, url=two_processes.urls[0])
    his = profile(chromium, two_processes, url=two_processes.urls[1])
    for person, browser in ((she, hers), (he, his)):
        browser.new_account(person)
        browser.make_keys(person)
    hers.start_chat(he)
    hers.send("to the other process")
    his.open_chat(she)
    hers.expect_message("to the other process", state="delivered")
    asked = time.monotonic()
    his.send("and back")
    hers.expect_message("and back")
    assert time.monotonic() - asked < BELL_SECONDS
