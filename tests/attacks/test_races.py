"""Many browsers of two people send into one chat at once, at two processes on PostgreSQL."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.attacks.talkers import Talker, database, seed_conversation
from tests.browser.databases import fresh_databases
from tests.browser.server import Site, serving

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
BROWSERS_EACH, READERS = 8, 2


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with ExitStack() as stack:
        databases = fresh_databases(stack.enter_context(database()))
        folder = tmp_path_factory.mktemp("races")
        yield stack.enter_context(serving(folder, processes=2, POSTS_PER_MINUTE="1000000", **databases))


def send_many(talker: Talker, number: int) -> None:
    for _ in range(number):
        answer = talker.post()
        assert answer.status == 200, answer.text


def read_along(talker: Talker, ended: threading.Event) -> list[int]:
    """Every page begins where the one before ended and has no hole; what is there is there for good."""
    seen: list[int] = []
    while True:
        last = ended.is_set()
        page = talker.page(len(seen))
        assert page["from"] == len(seen) + 1
        seen += [item["seq"] for item in page["items"]]
        assert seen == list(range(1, len(seen) + 1))
        if last and not page["items"]:
            return seen


def test_a102_no_reader_sees_an_event_before_the_one_before_it(site, full):
    people, ended = seed_conversation(site, BROWSERS_EACH), threading.Event()
    talkers = [*people["alice"], *people["bob"]]
    each = (10_000 if full else 160) // len(talkers)
    with ThreadPoolExecutor(len(talkers) + READERS) as pool:
        readers = [pool.submit(read_along, talkers[n - 1], ended) for n in range(READERS)]
        senders = [pool.submit(send_many, talker, each) for talker in talkers]
        try:
            for sender in senders:
                sender.result()
        finally:
            ended.set()
        assert [len(reader.result()) for reader in readers] == [1 + each * len(talkers)] * READERS
