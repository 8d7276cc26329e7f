"""Whoever runs the server swaps keys, names and messages in its database: what the person sees, words and buttons."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import Locator, expect

from reference import safety
from tests.attacks import seeds
from tests.attacks.pages import Peer, Stage
from tests.browser.people import Person
from tests.browser.profile import Profile

pytestmark = pytest.mark.browser


def operate(stage: Stage, *statements: str) -> None:
    """SQL in the server's own database."""
    with closing(sqlite3.connect(stage.site.data / "chat.sqlite3", timeout=20)) as database, database:
        database.create_function("REGEXP", 2, lambda pattern, value: bool(re.search(pattern, value)))  # as Django does
        for statement in statements:
            database.execute(statement)


def verify(stage: Stage, peer: Peer) -> None:
    """The two have compared their numbers."""
    stage.hers.open_chat(peer.shown)
    stage.hers.page.locator("chat-view [data-part=trust]").click()
    dialog = stage.hers.page.locator("safety-dialog dialog[open]")
    dialog.locator("[data-part=same]").click()
    if dialog.is_visible():
        dialog.locator("[data-part=close]").click()
    expect(stage.hers.page.locator("chat-view [data-part=trustWords]")).to_have_text("Verified")


def new_keys(stage: Stage, name: str, *, rotated: bool) -> Peer:
    """A verified peer whose keys the operator then replaces; Alice comes back after it."""
    peer = stage.peers.make(name)
    peer.say(stage.uid, f"it is really {name}")
    verify(stage, peer)
    stage.hers.page.goto("about:blank")
    old = [peer.client.person.keyring.vault.root_seed.hex()] if rotated else []
    seeds.run(stage.site, "new-root", name, *old)
    stage.reopen()
    stage.hers.open_chat(peer.shown)
    return peer


def stop_of(stage: Stage) -> Locator:
    stop = stage.hers.page.locator("stop-banner")
    expect(stop.locator("[data-part=title]")).to_be_visible()
    return stop


def expect_safe_default(stage: Stage, stop: Locator, safe: str) -> None:
    """Nothing can be written; the first, primary button is the safe one."""
    buttons = stop.locator(".stop-banner__choices button")
    assert buttons.all_inner_texts() == [safe, "Write anyway"]
    assert "button--primary" in buttons.first.get_attribute("class")
    assert "button--primary" not in buttons.last.get_attribute("class")
    expect(stage.hers.page.locator("message-composer")).to_be_hidden()


def test_a02_swapped_keys_stop_the_chat_take_the_mark_and_stay_as_a_line(stage):
    new_keys(stage, "frank", rotated=False)
    stop = stop_of(stage)
    expect(stop.locator("[data-part=title]")).to_have_text("Frank’s security keys are new")
    expect(stop.locator("[data-part=means]")).to_contain_text("even this server, may be posing as them")
    expect_safe_default(stage, stop, "Don’t send")
    expect(stage.hers.page.locator("chat-view [data-part=trustWords]")).to_have_text("Not verified yet")
    expect(stage.hers.page.locator("notice-line", has_text="Frank’s security keys are new")).to_have_count(1)
    stage.hers.expect_message("it is really frank")


def test_a24_after_a_forced_reset_the_compared_number_stands_beside_the_new_one(stage):
    peer = new_keys(stage, "felix", rotated=False)
    me = peer.client.person
    compared = safety.digits_of(
        safety.fingerprint(safety.Person(me.uid, me.name, me.notary.newest(me.uid).core.root_pub))
    )
    stop = stop_of(stage)
    expect_safe_default(stage, stop, "Don’t send")
    before, now = (stop.locator(f"[data-part={part}]") for part in ("before", "now"))
    expect(before).to_have_text(" ".join(re.findall(r"\d{5}", compared)))
    assert now.inner_text() != before.inner_text()
    stop.locator("[data-part=safe]").click()
    expect(stop.locator("[data-part=folded]")).to_be_visible()
    expect(stage.hers.page.locator("message-composer")).to_be_hidden()


def test_a24_a_forced_reset_reads_differently_from_a_signed_change(stage):
    new_keys(stage, "grete", rotated=True)
    stop = stop_of(stage)
    expect(stop.locator("[data-part=title]")).to_have_text("Grete changed their security keys")
    expect(stop.locator("[data-part=means]")).to_contain_text("signed with their old keys")
    expect_safe_default(stage, stop, "Compare numbers")
    stop.locator("[data-part=safe]").click()
    expect(stage.hers.page.locator("safety-dialog dialog[open]")).to_be_visible()
    stage.hers.page.locator("safety-dialog dialog[open] [data-part=close]").click()
    expect(stage.hers.page.locator("message-composer")).to_be_hidden()


@pytest.mark.thorough
def test_a01_keys_swapped_before_the_first_word_show_as_unverified_with_another_number(stage):
    heidi = stage.peers.make("heidi")
    me = heidi.client.person
    own = safety.Person(me.uid, me.name, me.notary.newest(me.uid).core.root_pub)
    seeds.run(stage.site, "new-root", "heidi")
    stage.reopen()
    stage.hers.start_chat(heidi.shown)
    page = stage.hers.page
    expect(page.locator("chat-view [data-part=trustWords]")).to_have_text("Not verified yet")
    page.locator("chat-view [data-part=trust]").click()
    dialog = page.locator("safety-dialog dialog[open]")
    expect(dialog.locator("[data-part=theirs] > *")).to_have_count(6)
    theirs = "".join(dialog.locator("[data-part=theirs]").inner_text().split())
    assert theirs != safety.digits_of(safety.fingerprint(own))
    dialog.locator("[data-part=close]").click()


@pytest.mark.thorough
def test_a01_the_owner_is_told_of_keys_in_their_name(stage, profile_of: Callable[[Stage], Profile]):
    victim, person = profile_of(stage), Person("ivy", "Ivy Iron")
    victim.new_account(person)
    victim.make_keys(person)
    peer = stage.peers.make("kim")
    peer.say(str(victim.context.request.get("/api/me/").json()["uid"]), "hello")
    victim.open_chat(peer.shown)
    victim.page.goto("about:blank")
    seeds.run(stage.site, "new-root", "ivy")
    victim.page.goto("/chat/")
    victim.unlock(person)
    victim.open_chat(peer.shown)
    title = victim.page.locator("stop-banner [data-part=title]")
    expect(title).to_have_text("Someone added keys in your name")


def written_while_away(stage: Stage, name: str, *texts: str) -> tuple[Peer, str]:
    """A chat with a first word that Alice has seen, and more that she has not; its cid as SQLite writes it."""
    peer = stage.peers.make(name)
    cid = peer.say(stage.uid, "first")
    stage.hers.open_chat(peer.shown)
    stage.hers.expect_message("first")
    stage.hers.page.goto("about:blank")
    peer.say(stage.uid, *texts)
    return peer, cid


@pytest.mark.thorough
def test_a41_a_message_taken_out_leaves_a_line_where_it_stood(stage):
    peer, cid = written_while_away(stage, "louis", "yes", "no", "maybe")
    last = f"SELECT max(seq) FROM conversations_event WHERE cid = '{cid}' AND kind = 'message'"
    operate(
        stage,
        f"DELETE FROM conversations_event WHERE cid = '{cid}' AND seq = ({last}) - 1",
        f"UPDATE conversations_event SET seq = seq - 1 WHERE cid = '{cid}' AND seq = ({last})",
        f"UPDATE conversations_conversation SET seq = seq - 1 WHERE cid = '{cid}'",
    )
    stage.reopen()
    stage.hers.open_chat(peer.shown)
    stage.hers.expect_message("maybe")
    expect(stage.hers.page.locator("message-list")).to_contain_text("A message is missing here")
    assert stage.hers.texts()[-2:] == ["yes", "maybe"]


@pytest.mark.thorough
def test_a40_swapped_messages_stand_as_they_were_written_and_a_line_says_so(stage):
    peer, cid = written_while_away(stage, "mona", "pizza?", "crime?", "yes", "no")
    at = f"cid = '{cid}' AND seq = (SELECT seq FROM conversations_conversation WHERE cid = '{cid}')"
    operate(
        stage,
        f"UPDATE conversations_event SET seq = 999 WHERE {at}",
        f"UPDATE conversations_event SET seq = seq + 1 WHERE {at} - 1",
        f"UPDATE conversations_event SET seq = (SELECT seq FROM conversations_conversation WHERE cid = '{cid}') - 1 "
        f"WHERE cid = '{cid}' AND seq = 999",
    )
    stage.reopen()
    stage.hers.open_chat(peer.shown)
    stage.hers.expect_message("no")
    assert stage.hers.texts()[-4:] == ["pizza?", "crime?", "yes", "no"]
    expect(stage.hers.page.locator("message-list")).to_contain_text("came late")


def short_number(peer: Peer) -> str:
    me = peer.client.person
    digits = safety.digits_of(
        safety.fingerprint(safety.Person(me.uid, me.name, me.notary.newest(me.uid).core.root_pub))
    )
    return f"{digits[:5]} {digits[5:10]}"


@pytest.mark.thorough
def test_a05_a_name_that_moved_to_somebody_else_is_told(stage):
    known = stage.peers.make("nadia")
    known.say(stage.uid, "it is Nadia")
    stage.hers.open_chat(known.shown)
    stage.hers.expect_message("it is Nadia")
    other = stage.peers.make("oscar")
    operate(
        stage,
        "UPDATE accounts_user SET name = 'vacated' WHERE name = 'nadia'",
        "UPDATE accounts_user SET name = 'nadia' WHERE name = 'oscar'",
        "UPDATE accounts_directoryword SET word = 'vacated' WHERE word = 'nadia'",
        "UPDATE accounts_directoryword SET word = 'nadia' WHERE word = 'oscar'",
    )
    stage.reopen()
    stage.hers.start_chat(Person("nadia", other.shown.display_name))
    stage.hers.write("is it you?")
    stage.hers.page.keyboard.press("Enter")
    page = stage.hers.page
    line = page.locator("notice-line", has_text="The user name @nadia now belongs to someone else")
    was, now = (short_number(peer) for peer in (known, other))
    expect(line).to_contain_text(f"{now}, no longer {was}")
    line.locator("[data-part=what]").click()
    expect(page.locator("explain-dialog dialog[open]")).to_contain_text(f"begins with {was}")
    page.keyboard.press("Escape")
    assert not [state for state in stage.hers.page.locator("[data-state=sent]").all() if state.is_visible()]
