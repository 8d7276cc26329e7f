"""The operator puts an old backup back: the page says so, and what the server forgot comes from the browser again."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.attacks.pages import Stage

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
DATABASE = "chat.sqlite3"
WAIT_SECONDS = 30


def copy_of(stage: Stage, path: Path) -> None:
    with closing(sqlite3.connect(stage.site.data / DATABASE)) as there, closing(sqlite3.connect(path)) as here:
        there.backup(here)


def put_back(stage: Stage, path: Path) -> None:
    """The old database instead of the new one, and the server again."""
    stage.site.stop()
    for left in stage.site.data.glob(f"{DATABASE}*"):
        left.unlink()
    (stage.site.data / DATABASE).write_bytes(path.read_bytes())
    stage.site.start()
    stage.hers.network_is_back()


def messages_at(stage: Stage, cid: str) -> int:
    with closing(sqlite3.connect(stage.site.data / DATABASE, timeout=20)) as database:
        asked = "SELECT count(*) FROM conversations_event WHERE cid = ? AND kind = 'message'"
        return int(database.execute(asked, (cid,)).fetchone()[0])


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_a104_an_old_backup_is_told_and_what_it_lacks_is_sent_again(stage, tmp_path):
    hers, old = stage.hers, tmp_path / "backup.sqlite3"
    peer = stage.peers.make("vera")
    cid = peer.say(stage.uid, "before the backup")
    hers.open_chat(peer.shown)
    hers.expect_message("before the backup")
    hers.send("in the backup")
    hers.expect_message("in the backup", state="sent")
    copy_of(stage, old)
    hers.send("after the backup")
    hers.expect_message("after the backup", state="sent")
    put_back(stage, old)
    had = messages_at(stage, cid)
    stop = hers.page.locator("stop-banner")
    expect(stop.locator("[data-part=title]")).to_have_text("The server changed the past of this chat", timeout=60_000)
    assert hers.texts() == ["before the backup", "in the backup", "after the backup"], "nothing is lost here"
    expect(hers.page.locator("message-composer")).to_be_hidden()
    stop.get_by_role("button", name="Send again what was lost").click()
    wait_until(lambda: messages_at(stage, cid) > had, "the server has it again")
    hers.expect_message("after the backup", state="sent")
    hers.send("and on it goes")
    hers.expect_message("and on it goes", state="sent")
    assert hers.texts() == ["before the backup", "in the backup", "after the backup", "and on it goes"]
