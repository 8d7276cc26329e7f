"""The whole story in Chromium: two people, each in a profile of their own, and the new browsers they come back with."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import Person, alice, bob, mallory
from tests.browser.profile import Profile
from tests.browser.server import Site

pytestmark = pytest.mark.browser

HEADER_BYTES = 55 + 32  # header and commit of a key file; the ciphertext follows


@dataclass
class Stage:
    alice: Person
    bob: Person
    hers: Profile
    his: Profile


@pytest.fixture(scope="module")
def stage(chromium: Browser, site: Site, profile: Callable[..., Profile]) -> Stage:
    """Both have an account and keys: she with an authenticator app, he with codes by mail. Then he goes away."""
    stage = Stage(alice(), bob(), profile(chromium, site), profile(chromium, site))
    stage.hers.new_account(stage.alice)
    stage.hers.make_keys(stage.alice)
    stage.his.new_account(stage.bob, second_step="email")
    stage.his.make_keys(stage.bob)
    stage.his.page.goto("about:blank")
    return stage


def test_the_key_file_is_named_after_its_owner_and_opens_with_nothing_but_the_passphrase(stage):
    assert re.fullmatch(r"chat-key-alice-\d{4}-\d{2}-\d{2}\.e2ck", stage.alice.key_file_name)
    assert stage.alice.key_file.startswith(b"E2CK\x01\x01\x01")
    assert stage.alice.name.encode() not in stage.alice.key_file


def test_she_finds_him_in_the_list_of_everybody_and_writes_while_he_is_away(stage):
    stage.hers.start_chat(stage.bob)
    stage.hers.send("First words, while you are away")
    stage.hers.expect_message("First words, while you are away", state="sent")


def test_he_comes_back_reads_what_waited_and_answers(stage):
    stage.his.page.goto("/chat/")
    stage.his.unlock(stage.bob)
    expect(stage.his.row(stage.alice).locator("[data-part=count]")).to_have_text("1")
    stage.his.open_chat(stage.alice)
    stage.his.expect_message("First words, while you are away")
    stage.hers.expect_message("First words, while you are away", state="delivered")
    stage.his.send("Here I am: ¿qué tal? 🗝️")
    stage.hers.expect_message("Here I am: ¿qué tal? 🗝️")
    expect(stage.his.row(stage.alice).locator("[data-part=unread]")).to_be_hidden()


def test_text_stays_text(stage):
    line = '<b>bold</b> & "quoted" <script>alert(1)</script> {{ x }}'
    stage.hers.send(line)
    stage.his.expect_message(line)
    assert stage.his.bubble(line).locator("b, script").count() == 0


def test_they_answer_edit_react_and_delete_and_both_see_it(stage):
    hers, his = stage.hers, stage.his
    hers.act("Here I am: ¿qué tal? 🗝️", "r")
    hers.send("All is wel")
    expect(his.bubble("All is wel").locator("[data-part=quoteText]")).to_have_text("Here I am: ¿qué tal? 🗝️")
    hers.expect_message("All is wel", state="read")
    hers.act("All is wel", "e")
    hers.page.locator(".message-composer__text").fill("All is well")
    hers.page.keyboard.press("Enter")
    expect(his.bubble("All is well").locator("[data-part=edited]")).to_be_visible()
    his.act("All is well", "Enter", on="React with ❤️")
    expect(hers.bubble("All is well").locator(".reaction")).to_have_text("❤️")
    his.send("Said in haste")
    hers.expect_message("Said in haste")
    his.expect_message("Said in haste", state="sent")
    his.act("Said in haste", "Delete", on="Delete for both")
    for profile in (hers, his):
        expect(profile.bubble("This message was deleted.")).to_have_count(1)
        expect(profile.bubble("Said in haste")).to_have_count(0)
    expect(hers.row(stage.bob).locator("[data-part=last]")).to_have_text("This message was deleted.")


def test_what_she_writes_while_he_looks_elsewhere_is_counted_until_he_reads_it(stage):
    stage.his.page.goto("about:blank")
    stage.hers.send("one for later")
    stage.hers.send("two for later")
    stage.his.page.goto("/chat/")
    stage.his.unlock(stage.bob)
    row = stage.his.row(stage.alice)
    expect(row.locator("[data-part=count]")).to_have_text("2")
    expect(row.locator("[data-part=last]")).to_have_text("two for later")
    stage.his.open_chat(stage.alice)
    stage.his.expect_message("two for later")
    expect(row.locator("[data-part=unread]")).to_be_hidden()


def test_after_a_reload_the_passphrase_opens_the_same_history(stage):
    before = stage.hers.texts()
    stage.hers.page.reload()
    stage.hers.unlock(stage.alice)
    stage.hers.open_chat(stage.bob)
    stage.hers.expect_message("two for later")
    assert stage.hers.texts() == before


def test_a_wrong_passphrase_is_told_and_opens_nothing(stage):
    stage.hers.lock()
    gate = stage.hers.page.locator("key-unlock")
    stage.hers.part("passphrase", gate).locator("input").fill("not the passphrase at all")
    stage.hers.part("go", gate).click()
    expect(stage.hers.part("error", gate)).to_be_visible()
    expect(stage.hers.page.locator("chat-desk")).to_be_hidden()
    stage.hers.unlock(stage.alice)
    stage.hers.open_chat(stage.bob)


def test_what_is_written_offline_waits_and_is_sent_once(stage):
    stage.hers.context.set_offline(True)
    stage.hers.send("written in a tunnel")
    stage.hers.send("and a second line")
    stage.hers.expect_message("and a second line", state="queued")
    stage.hers.context.set_offline(False)
    stage.hers.expect_message("written in a tunnel", state="sent")
    stage.hers.expect_message("and a second line", state="sent")
    stage.his.expect_message("written in a tunnel")
    stage.his.expect_message("and a second line")
    assert stage.his.texts()[-2:] == ["written in a tunnel", "and a second line"]


def test_what_was_queued_survives_a_closed_page(stage):
    stage.hers.context.set_offline(True)
    stage.hers.send("queued before the page closed")
    stage.hers.expect_message("queued before the page closed", state="queued")
    stage.hers.page.goto("about:blank")
    stage.hers.context.set_offline(False)
    stage.hers.page.goto("/chat/")
    stage.hers.unlock(stage.alice)
    stage.hers.open_chat(stage.bob)
    stage.hers.expect_message("queued before the page closed", state="sent")
    stage.his.expect_message("queued before the page closed")


def test_both_see_the_same_safety_number(stage):
    numbers = []
    for one in (stage.hers, stage.his):
        one.page.locator("chat-view [data-part=trust]").click()
        dialog = one.page.locator("safety-dialog dialog")
        expect(dialog.locator("[data-part=mine] > *")).to_have_count(6)
        numbers.append(tuple(dialog.locator(f"[data-part={part}]").inner_text() for part in ("mine", "theirs")))
        dialog.locator("[data-part=close]").click()
    assert numbers[0] == numbers[1][::-1]
    assert numbers[0][0] != numbers[0][1]


@pytest.fixture(scope="module")
def newcomer(chromium: Browser, site: Site, profile: Callable[..., Profile], stage: Stage) -> Profile:
    """A browser of hers without keys, logged in."""
    fresh = profile(chromium, site)
    fresh.log_in(stage.alice)
    return fresh


def wrong_files(stage: Stage) -> dict[str, tuple[bytes, str]]:
    good, passphrase = stage.alice.key_file, stage.alice.passphrase
    damaged = good[:-1] + bytes([good[-1] ^ 1])
    strange = good[:7] + (599_999).to_bytes(4, "big") + good[11:]
    return {
        "no key file": (b"just some bytes that are long enough to be anything" * 9, passphrase),
        "wrong passphrase": (good, "wrong horse battery staple"),
        "changed": (damaged, passphrase),
        "made in a way that is refused": (strange, passphrase),
        "of somebody else": (stage.bob.key_file, stage.bob.passphrase),
    }


def test_each_wrong_file_is_refused_with_a_sentence_of_its_own(stage, newcomer):
    sentences = {}
    for name, (content, passphrase) in wrong_files(stage).items():
        newcomer.import_key_file(content, passphrase)
        error = newcomer.part("error", newcomer.page.locator("key-import"))
        expect(error).to_be_visible()
        expect(error).not_to_have_text("")
        sentences[name] = error.inner_text()
        newcomer.page.reload()
        expect(newcomer.page.locator("key-import")).to_be_visible()
    assert len(set(sentences.values())) == len(sentences), sentences
    assert not any("KEYFILE" in sentence for sentence in sentences.values())


def test_with_the_key_file_a_new_browser_reads_the_history_and_writes_on(stage, newcomer):
    newcomer.import_key_file(stage.alice.key_file, stage.alice.passphrase)
    newcomer.expect_chats()
    newcomer.open_chat(stage.bob)
    newcomer.expect_message("First words, while you are away")
    newcomer.expect_message("Here I am: ¿qué tal? 🗝️")
    newcomer.send("from my new browser")
    newcomer.expect_message("from my new browser", state="sent")
    stage.his.expect_message("from my new browser")
    stage.hers.expect_message("from my new browser")
    stage.his.send("welcome to both of you")
    newcomer.expect_message("welcome to both of you")
    stage.hers.expect_message("welcome to both of you")


def test_the_saved_file_still_opens_what_was_written_after_it_was_made(chromium, site, profile, stage):
    other = profile(chromium, site)
    other.log_in_by_mail(stage.bob)
    other.import_key_file(stage.bob.key_file, stage.bob.passphrase)
    other.expect_chats()
    other.open_chat(stage.alice)
    other.expect_message("from my new browser")
    other.expect_message("welcome to both of you")


PAGES = ["/chat/", "/account/", "/account/password/", "/account/email/", "/admin/", "/admin/accounts/user/"]
ANSWERS = [
    "/api/me/",
    "/api/people/",
    "/api/people/by-uid/?uids=" + "0" * 32,
    "/api/keys/log/?from=0",
    "/api/keys/prekeys/",
    "/api/keys/bundles/" + "0" * 32 + "/?after=0",
    "/api/conversations/",
    "/api/conversations/" + "0" * 32 + "/events/?after=0&limit=1",
]
OPEN_SOCKET = """(address) => new Promise((done) => {
  const socket = new WebSocket(address);
  socket.onmessage = (event) => done(`message ${event.data}`);
  socket.onclose = (event) => done(event.code);
})"""


def test_a_session_with_only_a_password_reaches_nothing(chromium, site, profile, stage):
    half = profile(chromium, site)
    half.password_step(stage.alice)
    for address in PAGES:
        answer = half.context.request.get(address, max_redirects=0)
        assert answer.status in {302, 403, 404}, address
    for address in ANSWERS:
        answer = half.context.request.get(address, max_redirects=0)
        assert (answer.status, answer.json()) == (401, {"error": "LOGIN_REQUIRED"}), address
    closed = half.page.evaluate(OPEN_SOCKET, site.url.replace("http", "ws", 1) + "/ws/")
    assert closed in {4401, 1006}


def test_a_stranger_without_any_session_reaches_nothing_either(chromium, site, profile, stage):
    stranger = profile(chromium, site)
    stranger.page.goto("/")
    for address in ANSWERS:
        answer = stranger.context.request.get(address, max_redirects=0)
        assert answer.status == 401, address
    closed = stranger.page.evaluate(OPEN_SOCKET, site.url.replace("http", "ws", 1) + "/ws/")
    assert closed in {4401, 1006}


def known_to(browser):
    return browser.context.request.get("/api/conversations/").json()["conversations"]


def test_somebody_with_an_account_cannot_fetch_the_chat_of_two_others(chromium, site, profile, stage):
    third, person = profile(chromium, site), mallory()
    third.new_account(person)
    third.make_keys(person)
    third.expect_online()
    mine = [one for one in known_to(stage.hers) if len(set(one["uids"])) == 2]  # not what her browsers tell each other
    assert len(mine) == 1
    assert known_to(third) == []
    answer = third.context.request.get(f"/api/conversations/{mine[0]['cid']}/events/?after=0&limit=10")
    assert (answer.status, answer.json()) == (404, {"error": "NOT_FOUND"})


def test_logging_out_closes_the_chats(stage):
    stage.hers.open_menu()
    stage.hers.page.locator("app-menu .menu__items form button[type=submit]").click()
    expect(stage.hers.page).not_to_have_url(re.compile(r"/chat/$"))
    stage.hers.page.goto("/chat/")
    expect(stage.hers.page).to_have_url(re.compile(r"/login/"))
    stage.hers.page.go_back()
    expect(stage.hers.page.locator("message-bubble")).to_have_count(0)
