"""Two server processes serve the two sides of one chat: Redis between them, two PostgreSQL databases behind them."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import WebSocket

from tests.browser.databases import fresh_databases
from tests.browser.people import alice, bob
from tests.browser.profile import Profile
from tests.browser.server import Site, serving

pytestmark = pytest.mark.browser

BELLS = {"bell", "event"}


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory, postgres_url: str, redis_url: str) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("two")
    with serving(folder, processes=2, REDIS_URL=redis_url, **fresh_databases(postgres_url)) as site:
        yield site


def frames_of(profile: Profile) -> list[tuple[str, str]]:
    """Sent or received, and the name: of every frame of the page from now on."""
    seen: list[tuple[str, str]] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda payload: seen.append(("sent", json.loads(payload)["f"])))
        socket.on("framereceived", lambda payload: seen.append(("received", json.loads(payload)["f"])))

    profile.page.on("websocket", watch)
    return seen


def heard_before_asking(frames: list[tuple[str, str]]) -> bool:
    """With whatever is answered a page may find a message that no bell told of; an "ack" is not."""
    first = next((one for one in frames if one[1] in BELLS or (one[0] == "sent" and one[1] != "ack")), None)
    return first is not None and first[0] == "received"


def test_a_message_crosses_from_one_process_to_the_other_at_once(chromium, two_processes, profile):
    she, he = alice(), bob()
    hers = profile(chromium, two_processes, url=two_processes.urls[0])
    frames = frames_of(hers)
    his = profile(chromium, two_processes, url=two_processes.urls[1])
    for person, browser in ((she, hers), (he, his)):
        browser.new_account(person)
        browser.make_keys(person)
    hers.start_chat(he)
    hers.send("to the other process")
    his.open_chat(she)
    hers.expect_message("to the other process", state="delivered")
    for text in ("and back", "and once more", "and again"):
        frames.clear()
        his.send(text)
        hers.expect_message(text)
        if heard_before_asking(frames):
            break  # else something of hers came between, as a heartbeat does every 25 s
    else:
        pytest.fail("no bell came before she asked herself")
