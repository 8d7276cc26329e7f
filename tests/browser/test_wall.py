"""The wall around the page, as a real browser meets it: headers, hash of every module, no other host, no complaint."""

import http.server
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Locator, Playwright, Response, expect

from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.people import Person, alice
from tests.browser.profile import Profile
from tests.browser.server import Site, serving
from tests.services import free_port
from tests.vectors.browser import in_a_thread

pytestmark = pytest.mark.browser

HEADERS = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
STRICT = ("default-src 'none'", "require-trusted-types-for 'script'", "frame-ancestors 'none'")
TYPES = ("; trusted-types digest-workers", "; trusted-types 'none'; sandbox")  # of the bytes that are never a document
LINKS = "els => els.map((e) => new URL(e.href, location).pathname)"
REFUSALS = ("This document requires 'Trusted", "Creating a TrustedTypePolicy")
EVERYTHING_AT_ONCE = """() => {
  const attempts = {
    markup: () => { document.createElement("div").innerHTML = "<p>x</p>"; },
    parser: () => new DOMParser().parseFromString("<p>x</p>", "text/html"),
    script: () => { document.createElement("script").textContent = "globalThis.__ran = true"; },
    address: () => { document.createElement("script").src = "/static/js/main.js"; },
    policy: () => trustedTypes.createPolicy("mine", { createHTML: (text) => text }),
    taken: () => trustedTypes.createPolicy("digest-workers", { createScriptURL: (text) => text }),
    worker: () => new Worker("/static/js/main.js"),
    blob: () => new Worker(URL.createObjectURL(new Blob(["globalThis.__ran = true"], { type: "text/javascript" }))),
  };
  const works = (attempt) => { try { attempt(); return true; } catch { return false; } };
  const passed = Object.keys(attempts).filter((name) => works(attempts[name]));
  const button = document.createElement("button");
  try { button.setAttribute("onclick", "globalThis.__ran = true"); } catch { /* refused at once */ }
  document.body.append(button);
  button.click();
  button.remove();
  return { passed, ran: Boolean(globalThis.__ran) };
}"""

MANY_HASHES = """async () => {
  const { Digests } = await import("/static/js/crypto/digests.js");
  const { subtle } = globalThis.crypto;
  let byThePage = 0;
  subtle.digest = (...given) => {
    byThePage += 1;
    return SubtleCrypto.prototype.digest.apply(subtle, given);
  };
  const digests = new Digests(100_000);
  const starts = Array.from({ length: 1000 }, (_, i) => 32 * i);
  const hashes = await digests.each(new Uint8Array(0), { bytes: new Uint8Array(32_000), starts, gap: 0 });
  digests.end();
  delete subtle.digest;
  return [byThePage, hashes.length];
}"""


@pytest.fixture(scope="module")
def staff(site: Site) -> Person:
    """The first administrator, by the one-time link of the command line."""
    return Person("grace", "Grace Green")


@pytest.fixture(scope="module")
def seen() -> list[Response]:
    return []


@pytest.fixture(scope="module")
def admin(chromium: Browser, site: Site, profile: Callable[..., Profile], staff: Person, seen: list) -> Profile:
    """The administrator in the chat, keys made; every answer that came is in `seen`."""
    her = profile(chromium, site)
    her.context.on("response", lambda answer: seen.append(answer))
    her.page.goto(site.manage("setup_link").split()[-1])
    her.fill(name=staff.name, display_name=staff.display_name, password=staff.password)
    her.submit("password")
    expect(her.page).to_have_url(re.compile(r"/second-step/set-up/$"))
    her.enrol_app(staff)
    her.keep_recovery_codes()
    her.make_keys(staff)
    return her


def crawl(profile: Profile, start: list[str]) -> set[str]:
    """Visit every page that links lead to within the site; gives the paths."""
    waiting, done = list(start), set()
    while waiting and len(done) < 80:
        path = waiting.pop(0)
        if path in done:
            continue
        done.add(path)
        profile.page.goto(path)
        refused = profile.violations() + profile.complaints
        assert refused == [], path
        found = profile.page.locator("a[href]").evaluate_all(LINKS)
        waiting += [one for one in found if one.startswith("/") and not one.startswith("/static/")]
    return done


def test_no_page_complains_and_every_answer_carries_the_headers(admin, site, seen):
    visited = crawl(admin, ["/", "/about/", "/chat/", "/account/", "/admin/", "/nowhere/", "/healthz", "/api/me/"])
    assert {path for path in visited if path.startswith("/admin/")} > {"/admin/"}
    assert len(seen) > 50
    for answer in seen:
        headers = answer.headers
        assert {name: headers.get(name) for name in HEADERS} == HEADERS, answer.url
        policy = headers["content-security-policy"]
        assert all(part in policy for part in STRICT), answer.url
        assert policy.endswith(TYPES), answer.url
        assert "access-control-allow-origin" not in headers, answer.url


def test_nothing_is_missing_and_modules_come_by_their_hashed_names(admin, seen):
    static = [answer for answer in seen if "/static/" in answer.url]
    assert [answer.url for answer in static if answer.status not in {200, 304}] == []
    scripts = {answer.url for answer in static if answer.url.endswith(".js") and "/static/js/" in answer.url}
    assert scripts
    assert all(re.search(r"\.[0-9a-f]{12}\.js$", url) for url in scripts)


def test_strings_become_neither_markup_nor_code(admin):
    admin.page.goto("/chat/")
    admin.expected += REFUSALS  # the console tells of each, perhaps late
    assert admin.page.evaluate(EVERYTHING_AT_ONCE) == {"passed": [], "ran": False}


def test_the_only_workers_are_those_that_hash_for_the_page(admin):
    admin.page.goto("/chat/")
    with admin.page.expect_worker() as started:
        assert admin.page.evaluate(MANY_HASHES) == [0, 32_000]
    assert started.value.url.startswith("blob:")


def test_no_page_of_the_chat_can_be_framed(admin, site):
    answer = admin.context.request.get("/chat/")
    assert answer.headers["x-frame-options"] == "DENY"


# --- one changed byte ------------------------------------------------------------------------------------------------


@contextmanager
def altering_proxy(target: str, change: Callable[[str, bytes], bytes]) -> Iterator[int]:
    """A proxy in front of the site that may change what it hands on; gives its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            request = urllib.request.Request(target + self.path, headers={"Host": self.headers["Host"]})
            try:
                answer = urllib.request.urlopen(request, timeout=20)
            except urllib.error.HTTPError as error:
                answer = error
            content = change(self.path, answer.read())
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in {"content-length", "transfer-encoding", "connection", "content-encoding"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with in_a_thread(server) as port:
        yield port


@contextmanager
def first_page(
    browser: Browser, site: Site, change: Callable[[str, bytes], bytes]
) -> Iterator[tuple[Locator, list[str]]]:
    """What the sign-up page's modules show when they run behind the proxy, and what the console said."""
    with altering_proxy(site.url, change) as port, browser.new_context() as context:
        said: list[str] = []
        context.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page = context.new_page()
        page.goto(f"http://localhost:{port}/signup/", wait_until="networkidle")
        page.locator("[name=password]").fill("some words of mine")
        yield page.locator("[data-strength-meter], meter").first, said


def spoilt(path: str, content: bytes) -> bytes:
    return content + b" " if path.endswith(".js") else content


def test_one_changed_byte_of_a_module_keeps_the_page_from_running_it(chromium, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("changed"), EXTRA_ORIGINS="") as site:
        with first_page(chromium, site, lambda path, content: content) as (meter, _):
            expect(meter).to_be_visible()
        with first_page(chromium, site, spoilt) as (meter, said):
            assert meter.is_hidden()
            assert any("integrity" in line for line in said), said


# --- an address without TLS ------------------------------------------------------------------------------------------


def test_a_page_over_plain_http_from_another_machine_says_what_to_do(playwright: Playwright, tmp_path_factory):
    port = free_port()
    flags = [*CHROMIUM_FLAGS, f"--host-resolver-rules=MAP chat.test 127.0.0.1:{port}"]
    with serving(tmp_path_factory.mktemp("plain"), ports=[port], EXTRA_ORIGINS=f"http://chat.test:{port}") as site:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        try:
            own = Profile(browser.new_context(base_url=f"http://chat.test:{port}"), site, site.folder)
            own.new_account(alice())
            assert own.page.evaluate("isSecureContext") is False
            gate = own.page.locator("chat-app .gate")
            expect(gate.locator("a[href^='https://']")).to_be_visible()
            expect(gate).to_contain_text("https://")
            expect(own.page.locator("key-setup")).to_have_count(0)
        finally:
            browser.close()
