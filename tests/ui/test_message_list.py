"""The list of a chat: states, the reading place, what is drawn, lines, strange texts, what screen readers get."""

import pytest
from playwright.sync_api import expect

from tests.ui.chats import PLACE, open_chat, until

pytestmark = pytest.mark.browser

TO_THE_TOP = """(
    document.querySelector(".message-list__scroll").scrollTop = 0,
    document.querySelectorAll(".message-row").length
)"""


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


def test_ten_thousand_messages_stay_some_eighty_rows(show):
    page = show("open&many=10000")
    open_chat(page)
    scroll = page.locator(".message-list__scroll")
    page.evaluate("fake.delay = 1")
    until(page, f"{TO_THE_TOP} > 60")
    for _ in range(40):
        scroll.evaluate("node => { node.scrollTop = 0; }")
        page.wait_for_timeout(25)
    assert 60 < page.locator(".message-row").count() <= 90
    page.locator("[data-part=jump]").click()
    expect(page.locator("message-bubble").last).to_contain_text("On its way")


ROWS_ADDED = """const rowsAdded = (records) => {
        const inside = (node) => node.querySelectorAll?.(".message-row").length ?? 0;
        const rowsIn = (node) => (node.matches?.(".message-row") ? 1 : inside(node));
        return records.flatMap(({ addedNodes }) => [...addedNodes]).reduce((sum, node) => sum + rowsIn(node), 0);
    };"""
# rows that stand in the page for the first time when one task ends
ADDED_AT_ONCE = f"""() => {{
    {ROWS_ADDED}
    globalThis.addedAtOnce = [];
    new MutationObserver((records) => {{
        const added = rowsAdded(records);
        if (added) addedAtOnce.push(added);
    }}).observe(document.querySelector(".message-list__scroll"), {{ childList: true, subtree: true }});
}}"""
MOST_IN_A_FRAME = f"""frames => new Promise((resolve) => {{
    {ROWS_ADDED}
    const scroll = document.querySelector(".message-list__scroll");
    const perFrame = [];
    let added = 0;
    const count = (records) => {{
        added += rowsAdded(records);
    }};
    const watch = new MutationObserver(count);
    watch.observe(scroll, {{ childList: true, subtree: true }});
    const frame = () => {{
        count(watch.takeRecords());
        perFrame.push(added);
        added = 0;
        scroll.scrollTop = 0;
        if (perFrame.length < frames) requestAnimationFrame(frame);
        else resolve([Math.max(...perFrame), perFrame.reduce((sum, one) => sum + one, 0)]);
    }};
    requestAnimationFrame(frame);
}})"""


def test_no_frame_draws_more_than_a_few_messages(show):
    page = show("open&many=2000")
    open_chat(page)
    page.evaluate("fake.delay = 1")
    most, drawn = page.evaluate(MOST_IN_A_FRAME, 60)
    assert drawn > 300
    assert most <= 20  # a step at the top, and one that was due before


SCREENS = (
    "(({ scrollHeight, clientHeight: one }) => scrollHeight / one)(document.querySelector('.message-list__scroll'))"
)
UNREAD = "Object.assign(fake.chats[0], { unread: 300, readSeq: fake.chats[0].readSeq - 300 })"


@pytest.mark.parametrize(("before", "at_once"), [("", 5), (UNREAD, 10)])
def test_a_chat_begins_with_a_few_messages_and_fills_the_screen(show, before, at_once):
    page = show("open&many=2000")
    page.evaluate(before)
    page.evaluate(ADDED_AT_ONCE)
    open_chat(page)
    rests(page)
    assert page.evaluate("addedAtOnce[0]") == at_once
    assert page.evaluate("Math.max(...addedAtOnce)") <= 10
    until(page, f"{SCREENS} > 1.5")


def test_who_writes_at_the_very_beginning_of_a_chat_sees_a_full_screen_of_the_newest(show):
    page = show("open&many=200")
    open_chat(page)
    page.evaluate("fake.delay = 1")
    until(page, f"{TO_THE_TOP} && !document.querySelector('.message-list__begin').hidden")
    page.locator(".message-list__scroll").evaluate("node => { node.scrollTop = 0; }")
    rests(page)
    page.locator(".message-composer__text").fill("from the beginning")
    page.keyboard.press("Enter")
    expect(page.locator("message-bubble").last).to_contain_text("from the beginning")
    expect(page.locator("message-bubble").last).to_be_in_viewport()
    until(page, f"{SCREENS} > 1.5")


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
    expect(page.locator("[data-part=jump]")).to_be_visible()
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


def test_a_chat_that_began_without_a_one_time_key_says_so_where_it_is_explained(show):
    page = show()
    page.evaluate("fake.chats.find(({peer}) => peer.displayName.startsWith('Carol')).lacksOneTime = true")
    open_chat(page, "Carol")
    page.locator("[data-part=begin]").get_by_role("button", name="What is this?").click()
    said = page.locator("explain-dialog [data-part=text]")
    expect(said).to_contain_text("your browser and the one of Carol")
    expect(said).to_contain_text("no one-time key left for one of the browsers")


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


CHANGES_IN_A_WHILE = """() => new Promise((resolve) => {
    let changes = 0;
    const watch = new MutationObserver((records) => { changes += records.length; });
    watch.observe(document.querySelector(".message-list__rows"), { childList: true, subtree: true });
    setTimeout(() => { watch.disconnect(); resolve(changes); }, 400);
})"""


def test_however_many_messages_become_one_line_the_page_comes_to_rest(show):
    page = show("open&many=400")
    open_chat(page)
    page.evaluate(
        """() => { for (let i = 0; i < 600; i += 1)
        fake.notice(fake.chats[0].cid, {kind: 'missing', code: 'BAD_TAG', at: 1_700_000_000_000 + i * 50}); }"""
    )
    line = page.locator("notice-line", has_text="600 messages here could not be opened")
    expect(line).to_have_count(1)
    until(page, f"{TO_THE_TOP} > 60")
    rests(page)
    page.locator(".message-list__scroll").evaluate("node => { node.scrollTop = node.scrollHeight; }")
    rests(page)
    expect(line).to_have_count(1)


def test_a_screen_that_shows_more_than_a_hundred_messages_is_filled_and_comes_to_rest(show):
    page = show("open&many=600")
    page.set_viewport_size({"width": 800, "height": 12_000})
    open_chat(page)
    until(page, "document.querySelectorAll('.message-row').length > 120")
    rests(page)


def rests(page):
    page.wait_for_timeout(1500)
    assert page.evaluate(CHANGES_IN_A_WHILE) == 0


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


def test_a_day_that_comes_twice_in_the_order_hides_no_message(show):
    page = show()
    open_chat(page)
    rows = page.locator("message-bubble")
    expect(page.locator("[data-part=begin]")).to_be_visible()  # all are drawn
    before = rows.count()
    page.evaluate("""() => {
        const DAY = 86_400_000;
        const { cid } = fake.chats[0];
        fake.notice(cid, {kind: 'text', text: 'of today'});
        fake.notice(cid, {kind: 'text', text: 'from a clock of yesterday', at: Date.now() - DAY});
        fake.notice(cid, {kind: 'text', text: 'of today again'});
    }""")
    for text in ("of today", "from a clock of yesterday", "of today again"):
        expect(rows.locator("[data-part=text]").get_by_text(text, exact=True)).to_be_visible()
    expect(rows).to_have_count(before + 3)


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


FRAMES_BEFORE_ROWS = """async () => {
    const found = await fake.messages(fake.chats[0].cid, { limit: 60 });
    fake.messages = async () => found;
    let frames = 0;
    const count = () => {
        frames += 1;
        requestAnimationFrame(count);
    };
    const rows = new Promise((done) => {
        const list = document.querySelector(".message-list__rows");
        const look = () => list.querySelector(".message-row") && done(frames);
        new MutationObserver(look).observe(list, { childList: true, subtree: true });
    });
    requestAnimationFrame(count);
    document.querySelector("conversation-row button").click();
    return rows;
}"""


def test_the_head_of_a_chat_is_drawn_before_its_messages_however_soon_they_come(show):
    assert show().evaluate(FRAMES_BEFORE_ROWS) > 0


def test_only_a_file_brings_the_markup_of_one(show):
    page = show()
    open_chat(page)
    assert page.locator("message-file").count() > 0
    assert page.locator("message-file > *").count() == 0


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
