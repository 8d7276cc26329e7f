"""The chat page: states, reading, writing, keyboard, what is strange in a text, and what screen readers get."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PLACE = """() => {
  const scroll = document.querySelector('.message-list__scroll');
  const top = scroll.getBoundingClientRect().top;
  for (const row of document.querySelectorAll('.message-row')) {
    const box = row.getBoundingClientRect();
    if (box.top > top + 80) return [row.dataset.id, box.top];
  }
}"""


def open_chat(page: Page, name: str = "Bob Marrero") -> None:
    page.locator("conversation-row", has=page.locator("bdi", has_text=name)).locator("button").click()
    expect(page.locator("chat-view .chat-view__name")).to_have_text(name)
    page.wait_for_selector(".message-row, .message-list__begin:not([hidden])")


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.dataset.part ?? document.activeElement.localName")


def test_it_shows_each_state_of_my_messages_with_a_name(show):
    page = show()
    open_chat(page)
    states = (
        ("Sent, not yet there", "sent", "Sent"),
        ("This was read", "read", "Seen"),
        ("On its way", "queued", "Waiting to be sent"),
    )
    for text, state, name in states:
        mark = page.locator("message-bubble", has_text=text).locator("[data-part=state]")
        expect(mark).to_have_attribute("data-state", state)
        expect(mark).to_have_attribute("aria-label", name)


def test_it_says_in_words_why_a_message_failed_and_tries_again(show):
    page = show()
    open_chat(page)
    failed = page.locator("message-bubble", has_text="This one could not go out")
    expect(failed.locator("[data-part=why]")).to_have_text("This is longer than the server takes. Send it in parts.")
    failed.locator("[data-part=again]").click()
    expect(failed.locator("[data-part=failed]")).to_be_hidden()


def test_it_drops_a_message_that_failed(show):
    page = show()
    open_chat(page)
    failed = page.locator("message-bubble", has_text="This one could not go out")
    failed.locator("[data-part=discard]").click()
    expect(failed).to_have_count(0)


def test_it_sends_with_enter_and_breaks_lines_with_shift(show):
    page = show()
    open_chat(page)
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    bubble = page.locator("message-bubble").last
    expect(bubble.locator("[data-part=text]")).to_have_text("one\ntwo", use_inner_text=True)
    expect(bubble.locator("[data-part=state]")).to_have_attribute("data-state", "delivered")
    expect(page.locator("[data-part=text].message-composer__text")).to_have_value("")


def test_it_does_not_send_while_a_word_is_composed(show):
    page = show()
    open_chat(page)
    page.keyboard.type("にほ")
    page.evaluate(
        """() => document.activeElement.dispatchEvent(
             new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"""
    )
    assert page.evaluate("fake.calls.length") == 0
    expect(page.locator(".message-composer__text")).to_have_value("にほ")


def test_a_strange_text_stays_literal(show):
    page = show()
    open_chat(page)
    strange = page.locator("message-bubble", has_text="<script>alert(1)</script>").first
    expect(strange.locator("[data-part=text]")).to_contain_text("<b>bold?</b> http://user:pw@evil.example/")
    assert strange.locator("script, b, img:not([data-part])").count() == 0
    assert strange.locator("a").evaluate_all("links => links.map((link) => link.href)") == ["https://ok.example/a(b)c"]
    expect(strange.locator("a")).to_have_attribute("rel", "noopener noreferrer")
    expect(page.locator("conversation-row", has_text="<img src=x onerror=alert(1)>")).to_have_count(1)


def test_emoji_alone_are_large(show):
    page = show()
    open_chat(page)
    size = "node => parseFloat(getComputedStyle(node).fontSize)"
    alone = page.locator(".is-emoji [data-part=text]", has_text="🎉🎉").evaluate(size)
    assert alone > 30 > page.locator("message-bubble:not(.is-emoji) [data-part=text]").first.evaluate(size)


def test_drafts_come_back(show):
    page = show()
    open_chat(page)
    page.keyboard.type("half a thought")
    open_chat(page, "Carol")
    expect(page.locator(".message-composer__text")).to_have_value("")
    expect(page.locator("conversation-row", has_text="Bob Marrero")).to_contain_text("Draft: half a thought")
    open_chat(page)
    expect(page.locator(".message-composer__text")).to_have_value("half a thought")


def test_the_reading_place_stays_while_older_messages_come(show):
    page = show("open&many=600")
    open_chat(page)
    scroll = page.locator(".message-list__scroll")
    for _ in range(6):
        scroll.evaluate("node => { node.scrollTop = 700; }")
        page.wait_for_timeout(60)
        scroll.evaluate("node => { fake.delay = 150; node.scrollTop = 300; }")
        before = page.evaluate(PLACE)
        page.wait_for_timeout(400)
        after = page.locator(f"[data-id='{before[0]}']").evaluate("node => node.getBoundingClientRect().top")
        assert abs(after - before[1]) <= 1


def test_ten_thousand_messages_stay_a_few_hundred_nodes(show):
    page = show("open&many=10000")
    open_chat(page)
    scroll = page.locator(".message-list__scroll")
    page.evaluate("fake.delay = 1")
    for _ in range(40):
        scroll.evaluate("node => { node.scrollTop = 0; }")
        page.wait_for_timeout(25)
    assert 60 < page.locator(".message-row").count() <= 240
    page.locator("[data-part=jump]").click()
    expect(page.locator("message-bubble").last).to_contain_text("On its way")


MOST_IN_A_FRAME = """frames => new Promise((resolve) => {
    const scroll = document.querySelector(".message-list__scroll");
    const rowsIn = (node) => (node.matches?.(".message-row") ? 1 : node.querySelectorAll?.(".message-row").length ?? 0);
    const perFrame = [];
    let added = 0;
    const count = (records) => {
        for (const node of records.flatMap(({ addedNodes }) => [...addedNodes])) added += rowsIn(node);
    };
    const watch = new MutationObserver(count);
    watch.observe(scroll, { childList: true, subtree: true });
    const frame = () => {
        count(watch.takeRecords());
        perFrame.push(added);
        added = 0;
        scroll.scrollTop = 0;
        if (perFrame.length < frames) requestAnimationFrame(frame);
        else resolve([Math.max(...perFrame), perFrame.reduce((sum, one) => sum + one, 0)]);
    };
    requestAnimationFrame(frame);
})"""


def test_no_frame_draws_more_than_a_few_messages(show):
    page = show("open&many=2000")
    open_chat(page)
    page.evaluate("fake.delay = 1")
    most, drawn = page.evaluate(MOST_IN_A_FRAME, 60)
    assert drawn > 300
    assert most <= 30  # a step at the top, and one that was due before


COUNT_DRAWN = """count => {
    const scroll = document.querySelector(".message-list__scroll");
    let drawn = 0;
    scroll.querySelectorAll = (what) => { drawn += 1; return Element.prototype.querySelectorAll.call(scroll, what); };
    for (let i = 0; i < count; i += 1) fake.arrive(fake.chats[0].cid, `missed ${i}`);
    return new Promise((resolve) => requestAnimationFrame(() => {
        delete scroll.querySelectorAll;
        resolve(drawn);
    }));
}"""


def test_what_comes_in_one_go_is_drawn_once(show):
    page = show("open&many=300")
    open_chat(page)
    assert page.evaluate(COUNT_DRAWN, 50) == 1
    expect(page.locator("message-bubble", has_text="missed")).to_have_count(50)
    expect(page.locator("message-bubble", has_text="missed 49")).to_be_in_viewport()


def test_what_comes_while_one_reads_above_is_counted_and_not_forced_on_one(show):
    page = show("open&many=300")
    open_chat(page)
    page.locator(".message-list__scroll").evaluate("node => { node.scrollTop -= 1500; }")
    page.wait_for_timeout(80)
    before = page.evaluate(PLACE)
    page.evaluate("fake.arrive(fake.chats[0].cid, 'news')")
    expect(page.locator("[data-part=jumpCount]")).to_have_text("1")
    assert page.evaluate(PLACE) == before
    expect(page.locator("[data-part=log]")).to_contain_text("Bob Marrero: news")
    page.locator("[data-part=jump]").click()
    expect(page.locator("message-bubble", has_text="news")).to_be_in_viewport()
    expect(page.locator("conversation-row", has_text="Bob Marrero").locator("[data-part=unread]")).to_be_hidden()


def test_one_line_at_the_top_says_what_protects_the_chat_and_explains_it(show):
    page = show()
    open_chat(page, "Carol")
    expect(page.get_by_text("end-to-end encrypted")).to_have_count(1)
    page.locator("[data-part=begin]").get_by_role("button", name="What is this?").click()
    expect(page.locator("explain-dialog [data-part=text]")).to_contain_text("your browser and the one of Carol")


def test_notes_to_oneself_speak_of_one_person(show):
    page = show()
    open_chat(page, "Notes to myself")
    expect(page.locator("[data-part=beginText]")).to_contain_text("only your own browsers can read them")


def test_a_short_chat_lies_beside_the_composer(show):
    page = show()
    open_chat(page, "Notes to myself")
    last = page.locator("message-bubble").last.bounding_box()
    assert page.locator("message-composer").bounding_box()["y"] - last["y"] - last["height"] < 20


def test_a_line_is_read_out_in_its_own_words(show):
    page = show()
    open_chat(page)
    page.evaluate("fake.notice(fake.chats[0].cid, {code: 'DEVICE_ADDED', detail: {mine: false}})")
    page.evaluate("fake.notice(fake.chats[0].cid, {code: 'DEVICE_ADDED', detail: {mine: true}})")
    page.evaluate("fake.notice(fake.chats[0].cid, {kind: 'missing', code: 'COUNTER_GAP', detail: {count: 3}})")
    page.evaluate("fake.notice(fake.chats[0].cid, {code: 'STARTED', detail: {mine: false}})")
    said = ["Bob Marrero uses a new browser", "You use a new browser", "3 messages are missing here"]
    expect(page.locator("[data-part=log] p")).to_have_text(said)


def test_what_was_read_out_does_not_outlive_its_message(show):
    page = show()
    open_chat(page)
    page.evaluate("['stays', 'goes', 'erased'].forEach((text) => fake.arrive(fake.chats[0].cid, text))")
    lines = page.locator("[data-part=log] p")
    expect(lines).to_have_text(["Bob Marrero: stays", "Bob Marrero: goes", "Bob Marrero: erased"])
    page.evaluate("""() => {
      const [gone, erased] = fake.talks.get(fake.chats[0].cid).slice(-2);
      fake.emit("removed", { cid: gone.cid, id: gone.id });
      fake.change(erased, { text: "", erased: true });
    }""")
    expect(lines).to_have_text(["Bob Marrero: stays"])


def test_many_refusals_within_a_minute_become_one_line(show):
    page = show()
    open_chat(page)
    add = """([count, apart]) => { for (let i = 0; i < count; i += 1)
        fake.notice(fake.chats[0].cid, {kind: 'missing', code: 'BAD_TAG', at: 1_700_000_000_000 + i * apart}); }"""
    one = page.locator("notice-line", has_text="A message here could not be opened")
    many = page.locator("notice-line", has_text="messages here could not be opened")
    page.evaluate(add, [9, 1000])
    expect(one).to_have_count(9)
    page.evaluate(add.replace("+ i * apart", "+ 9000"), [1, 0])
    expect(one).to_have_count(0)
    expect(many).to_contain_text("10 messages here could not be opened")
    page.evaluate(add.replace("1_700_000_000_000", "1_700_001_000_000"), [10, 7000])
    expect(one).to_have_count(10)
    expect(many).to_have_count(1)


def test_history_is_not_read_out(show):
    page = show()
    open_chat(page)
    expect(page.locator("[data-part=log]")).to_be_empty()


def test_a_message_is_read_as_name_text_time_and_state(show):
    page = show()
    open_chat(page)
    label = page.locator("message-bubble", has_text="Sent, not yet there").get_attribute("aria-label")
    assert label.startswith("You: Sent, not yet there, ")
    assert label.endswith(". Sent")


def test_an_unread_chat_opens_at_its_first_unread_message(show):
    page = show()
    open_chat(page, "Carol")
    expect(page.locator(".message-unread")).to_be_in_viewport()


def test_keys_find_switch_walk_and_come_back(show):
    page = show()
    open_chat(page)
    page.keyboard.press("Control+k")
    assert focused(page) == "find"
    page.keyboard.press("Escape")
    assert focused(page) == "text"
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("chat-view .chat-view__name")).to_have_text("Carol")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("chat-view .chat-view__name")).to_have_text("Bob Marrero")
    page.locator(".message-list__scroll").focus()
    page.keyboard.press("ArrowUp")
    assert focused(page) == "message-bubble"
    page.keyboard.press("Escape")
    assert focused(page) == "text"
    page.locator(".message-list__scroll").focus()
    page.keyboard.press("?")
    expect(page.locator("shortcut-sheet dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("shortcut-sheet dialog")).to_be_hidden()


def test_what_comes_late_takes_the_place_of_the_line_that_missed_it(show):
    page = show()
    open_chat(page)
    page.evaluate("""() => {
        const { cid } = fake.chats[0];
        fake.notice(cid, {kind: 'missing', code: 'COUNTER_GAP', detail: {count: 1}});
        fake.arrive(cid, 'written last');
        const { seq } = fake.talks.get(cid).at(-1);
        fake.takeBack(cid, 'COUNTER_GAP');
        fake.notice(cid, {kind: 'text', text: 'written first', seq, order: seq - 0.5});
    }""")
    expect(page.locator("notice-line", has_text="A message is missing here")).to_have_count(0)
    texts = page.locator("message-bubble [data-part=text]")
    expect(texts.filter(has_text="written first")).to_be_visible()
    shown = texts.all_text_contents()
    assert shown.index("written last") == shown.index("written first") + 1


def test_narrow_shows_one_pane_and_the_way_back_works_without_ids_in_the_address(show):
    page = show(narrow=True)
    open_chat(page)
    expect(page.locator("conversation-list")).to_be_hidden()
    assert page.evaluate("location.pathname + location.hash") == "/chat/"
    page.go_back()
    expect(page.locator("conversation-list")).to_be_visible()
    page.go_forward()
    expect(page.locator("chat-view")).to_be_visible()
    page.locator("[data-part=back]").click()
    expect(page.locator("conversation-list")).to_be_visible()


def test_no_keyboard_jumps_up_on_a_touch_screen(show):
    page = show(narrow=True, has_touch=True, is_mobile=True)
    open_chat(page)
    assert focused(page) != "text"


def test_everybody_can_be_picked_page_by_page(show):
    page = show()
    page.locator("[data-part=compose]").click()
    expect(page.locator("person-row").first).to_contain_text("Notes to myself")
    for _ in range(8):
        page.locator(".conversation-list__scroll").evaluate("node => { node.scrollTop = node.scrollHeight; }")
        page.wait_for_timeout(120)
    expect(page.locator("person-row", has_text="@person119")).to_have_count(1)
    expect(page.locator("person-row", has_text="@grace")).to_contain_text("has not set up keys yet")
    page.locator("[data-part=find]").fill("person 7")
    page.locator("[data-part=find]").fill("dài")
    page.locator("person-row", has_text="@dai").locator("button").click()
    expect(page.locator("chat-view .chat-view__name")).to_have_text("Dài Nguyễn")


def test_a_stop_offers_two_choices_the_safe_one_first(show):
    page = show()
    open_chat(page, "Inés")
    stop = page.locator("stop-banner")
    expect(stop.get_by_role("heading")).to_have_text("Inés’s security keys are new")
    expect(stop.locator(".stop-banner__choices button")).to_have_text(["Don’t send", "Write anyway"])
    expect(page.locator("message-composer")).to_be_hidden()
    stop.locator("[data-part=close]").click()
    expect(stop.locator("[data-part=folded]")).to_be_focused()
    stop.locator("[data-part=folded]").click()
    stop.locator("[data-part=safe]").click()
    expect(stop.locator("[data-part=box]")).to_be_hidden()
    expect(page.locator("message-composer")).to_be_hidden()
    stop.locator("[data-part=folded]").click()
    stop.get_by_role("button", name="Compare numbers").click()
    expect(page.locator("safety-dialog dialog")).to_be_visible()
    page.keyboard.press("Escape")
    stop.locator("[data-part=other]").click()
    assert page.evaluate("fake.calls.at(-1)") == ["decide", "continue"]
    expect(page.locator("message-composer")).to_be_visible()


def test_a_chat_that_cannot_be_written_to_says_why(show):
    page = show()
    open_chat(page, "Grace H.")
    expect(page.locator("message-composer [data-part=why]")).to_contain_text("Grace H. has not set up their keys yet.")


def test_being_offline_is_said_only_after_a_while_and_moves_nothing(show):
    page = show()
    open_chat(page)
    before = page.evaluate(PLACE)
    page.evaluate("fake.connect('offline')")
    expect(page.locator("connection-line [data-part=line]")).to_be_hidden()
    expect(page.locator("connection-line [data-part=text]")).to_have_text(
        "Offline: your messages will be sent when you are back."
    )
    assert page.evaluate(PLACE) == before
    page.get_by_role("button", name="Try now").click()
    assert page.evaluate("fake.calls.at(-1)") == ["poke"]
    page.evaluate("fake.connect('connecting')")
    expect(page.locator("connection-line [data-part=text]")).to_have_text("Connecting again…")
    expect(page.get_by_role("button", name="Try now")).to_be_hidden()
    page.evaluate("fake.connect('online')")
    expect(page.locator("connection-line [data-part=line]")).to_be_hidden()


def test_locking_leaves_no_plaintext_in_the_page(show):
    page = show()
    open_chat(page)
    page.keyboard.type("never sent")
    page.locator("app-menu summary").click()
    page.locator("app-menu [data-part=lock]").click()
    expect(page.locator("key-unlock")).to_be_visible()
    assert page.evaluate("fake.chats[0].draft") == "never sent"
    left = page.locator("body").evaluate(
        "node => node.textContent + [...node.querySelectorAll('textarea')].map((one) => one.value)"
    )
    assert "train was late" not in left
    assert "never sent" not in left
    assert "Carol" not in left


def test_a_chosen_theme_is_kept(show):
    page = show()
    page.locator("app-menu summary").click()
    page.locator("app-menu [data-part=theme]").select_option("dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


SCENES = [
    "open",
    "chat",
    "blocked",
    "people",
    "safety",
    "safety-wrong",
    "menu",
    "setup",
    "locked",
    "import",
    "elsewhere",
    "insecure",
    "failed",
]


def reach(page: Page, scene: str) -> None:
    """From the list to the thing that is looked at."""
    if scene in {"chat", "safety", "safety-wrong"}:
        open_chat(page)
    if scene.startswith("safety"):
        page.locator("chat-view [data-part=trust]").click()
        for way in ("large", "words", "qr"):
            page.locator(f"safety-dialog [data-part={way}]").click()
    if scene == "safety-wrong":
        page.locator("safety-dialog [data-part=unmark]").click()
        page.locator("safety-dialog [data-part=differ]").click()
    if scene == "blocked":
        open_chat(page, "Inés")
    if scene == "people":
        page.locator("[data-part=compose]").click()
        page.wait_for_selector("person-row")
    if scene == "menu":
        page.locator("app-menu summary").click()


@pytest.mark.parametrize("look", [("light", False, "en"), ("dark", True, "es")], ids=["wide-light", "narrow-dark"])
@pytest.mark.parametrize("scene", SCENES)
def test_axe_finds_nothing(show, scene, look):
    theme, narrow, lang = look
    known = {"setup", "locked", "import", "elsewhere", "insecure", "failed"}
    page = show(scene if scene in known else "open", theme=theme, narrow=narrow, lang=lang)
    reach(page, scene)
    page.wait_for_timeout(150)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in found] == []
