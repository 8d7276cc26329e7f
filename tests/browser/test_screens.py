"""Pictures of every page in both languages, themes and sizes, each page without an accessibility finding."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser import attachments
from tests.browser.people import Person
from tests.browser.profile import KEYS_MS, Profile, profiles
from tests.browser.server import ROOT, Site, serving

pytestmark = pytest.mark.browser

SIZES = {"wide": {"width": 1280, "height": 800}, "narrow": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
FOLDER = ROOT / "var" / "screenshots"
# Without `preload`: axe would put imported style sheets into the page, and the page's own policy refuses that.
OPTIONS = {"resultTypes": ["violations"], "preload": False}
STAFF = {  # what the administration shows
    "admin": "/admin/",
    "admin-people": "/admin/accounts/user/",
    "admin-conversations": "/admin/conversations/conversation/",
    "admin-cursors": "/admin/conversations/cursor/",
    "admin-events": "/admin/conversations/event/",
    "admin-attachments": "/admin/conversations/attachment/",
    "admin-bundles": "/admin/keys/bundle/",
    "admin-devices": "/admin/keys/device/",
    "admin-log-heads": "/admin/keys/loghead/",
    "admin-log-leaves": "/admin/keys/logleaf/",
}
OPENED = {"admin-people": "admin-person", "admin-events": "admin-event", "admin-bundles": "admin-bundle"}
LINES = {
    "en": [
        "Have you seen the plans for the garden?",
        "Not yet. Send me the list when you have it.",
        "Tomatoes, beans, two rows of herbs, and a bench under the old tree. The bench is the important part.",
        "Then I bring the wood on Saturday.",
        "And the key to the shed? 🗝️",
        "It hangs behind the door, as always",
        "Good.\nSee you at nine!",
    ],
    "es": [
        "¿Has visto el plano del huerto?",
        "Todavía no. Mándame la lista cuando la tengas.",
        "Tomates, judías, dos filas de hierbas y un banco bajo el árbol viejo. El banco es lo importante.",
        "Entonces llevo la madera el sábado.",
        "¿Y la llave del cobertizo? 🗝️",
        "Está detrás de la puerta, como siempre",
        "Bien.\n¡Hasta las nueve!",
    ],
}


@dataclass
class Album:
    """Takes each page in every theme and size, and remembers what axe found in it."""

    language: str
    findings: dict[str, list[str]] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    axe: Axe = field(default_factory=Axe)

    def take(self, page: Page, name: str) -> None:
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            for size, viewport in SIZES.items():
                page.set_viewport_size(viewport)
                folder = FOLDER / f"{self.language}-{theme}-{size}"
                folder.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=folder / f"{name}.png", animations="disabled")
            self._check(page, f"{name}, {theme}")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(SIZES["wide"])
        self.taken.append(name)

    def _check(self, page: Page, name: str) -> None:
        found = self.axe.run(page, options=OPTIONS).response["violations"]
        lines = [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]
        if lines:
            self.findings[name] = lines


def use_language(profile: Profile, language: str) -> None:
    profile.page.goto("/")
    profile.page.locator(f"form [name=language][value={language}]").first.click()
    expect(profile.page.locator("html")).to_have_attribute("lang", language)
    profile.page.wait_for_load_state()


def before_the_chat(album: Album, one: Profile, person: Person, language: str) -> None:
    """Welcome to recovery codes, with a refused form on the way."""
    use_language(one, language)
    album.take(one.page, "welcome")
    one.page.goto("/about/")
    album.take(one.page, "about")
    one.page.goto("/nowhere/")
    album.take(one.page, "not-found")
    one.page.goto("/login/")
    album.take(one.page, "log-in")
    one.page.goto("/signup/")
    one.fill(name="A!", display_name=person.display_name, password="short")
    one.submit("password")
    expect(one.page.locator(".field__error").first).to_be_visible()
    album.take(one.page, "sign-up-error")
    one.sign_up(person)
    album.take(one.page, "second-step-choose")
    one.page.goto("/second-step/set-up/app/")
    album.take(one.page, "second-step-app")
    one.enrol_app(person)
    album.take(one.page, "recovery-codes")
    one.keep_recovery_codes()


def making_keys(album: Album, one: Profile, person: Person) -> None:
    setup = one.page.locator("key-setup")
    expect(one.part("phrase", setup)).not_to_be_empty()
    album.take(one.page, "keys-passphrase")
    person.passphrase = one.part("phrase", setup).inner_text().strip()
    one.part("kept", setup).check()
    one.part("choose", setup).locator("[type=submit]").click()
    expect(one.part("saveNow", setup)).to_be_visible(timeout=KEYS_MS)
    album.take(one.page, "keys-save")
    one.save_key_file(person, one.part("saveNow", setup))
    one.part("saved", setup).click()
    album.take(one.page, "keys-prove")
    one.prove_key_file(person.key_file, person.passphrase)
    one.expect_chats()


def chatting(album: Album, hers: Profile, his: Profile, he: Person, she: Person, language: str) -> None:
    album.take(hers.page, "chats-empty")
    hers.open_menu()
    album.take(hers.page, "menu")
    hers.close_menu()
    hers.part("compose", hers.page.locator("conversation-list")).click()
    expect(hers.page.locator("person-row").first).to_be_visible()
    album.take(hers.page, "people")
    hers.start_chat(he)
    lines = LINES[language]
    hers.send(lines[0])
    his.open_chat(she)
    for number, line in enumerate(lines[1:], 1):
        sender, reader = (his, hers) if number % 2 else (hers, his)
        sender.write(line)
        sender.page.keyboard.press("Enter")
        expect(reader.page.locator("message-bubble")).to_have_count(number + 1)
    hers.expect_message(lines[-1], state="sent")
    album.take(hers.page, "chat")
    files(album, hers, his)
    hers.page.locator("chat-view [data-part=trust]").click()
    expect(hers.page.locator("safety-dialog dialog")).to_be_visible()
    expect(hers.page.locator("safety-dialog [data-part=mine] > *")).to_have_count(6)
    album.take(hers.page, "safety-number")
    hers.page.locator("safety-dialog [data-part=close]").click()
    hers.lock()
    album.take(hers.page, "locked")


def files(album: Album, hers: Profile, his: Profile) -> None:
    """About to be sent, sent and come, one picture large, and one that could not be fetched."""
    dialog = attachments.choose(
        hers,
        ("huerto-garden.jpg", attachments.photo(hers)),
        ("plan-for-the-shed-and-the-bench.pdf", b"%PDF-1.7" * 90_000),
    )
    expect(dialog.locator("[data-part=thumb]").first).to_be_visible()
    album.take(hers.page, "files-to-send")
    dialog.locator("[data-part=send]").click()
    for name in ("huerto-garden.jpg", "plan-for-the-shed-and-the-bench.pdf"):
        attachments.expect_file(hers, name, state="sent")
        attachments.expect_file(his, name)
    attachments.send(his, ("portrait.png", attachments.drawn(his, 600, 900, "image/png")))
    attachments.expect_file(hers, "portrait.png")
    album.take(hers.page, "chat-files")
    his.page.route("**/blobs/*/0/", lambda route: route.fulfill(status=404, json={"error": "NOT_FOUND"}))
    attachments.bubble(his, "plan-for-the-shed-and-the-bench.pdf").locator("[data-part=save]").click()
    expect(his.page.locator("message-file [data-part=error]:not([hidden])")).to_be_visible()
    album.take(his.page, "chat-files-theirs")
    his.page.unroute("**/blobs/*/0/")
    attachments.bubble(hers, "portrait.png").locator("[data-part=picture]").click()
    expect(hers.page.locator("picture-dialog dialog[open] img")).to_be_visible()
    album.take(hers.page, "picture")
    hers.page.keyboard.press("Escape")


def coming_back(album: Album, fresh: Profile, she: Person, language: str) -> None:
    use_language(fresh, language)
    fresh.log_in(she)
    expect(fresh.page.locator("key-import [data-part=bring]")).to_be_visible()
    album.take(fresh.page, "key-import")
    fresh.part("lost", fresh.page.locator("key-import")).click()
    album.take(fresh.page, "key-lost")
    fresh.page.goto("/account/")
    album.take(fresh.page, "account")


def mailed_code(album: Album, one: Profile, person: Person) -> None:
    use_language(one, album.language)
    one.password_step(person)
    one.ask_for_mail()
    album.take(one.page, "second-step-mail")


def administration(album: Album, one: Profile, site: Site, language: str) -> None:
    grace = Person("grace", "Grace Green")
    use_language(one, language)
    one.page.goto(site.manage("setup_link").split()[-1])
    one.fill(name=grace.name, display_name=grace.display_name, password=grace.password)
    one.submit("password")
    expect(one.page).to_have_url(re.compile(r"/second-step/set-up/$"))
    one.enrol_app(grace)
    one.keep_recovery_codes()
    for name, path in STAFF.items():
        one.page.goto(path)
        album.take(one.page, name)
        if name in OPENED:
            one.page.locator("#result_list tbody th a").first.click()
            one.page.wait_for_load_state()
            album.take(one.page, OPENED[name])


@pytest.fixture(scope="module", params=["en", "es"])
def album(request: pytest.FixtureRequest, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Album:
    language = request.param
    album, folder = Album(language), tmp_path_factory.mktemp(language)
    she, he = Person("alice", "Alice Azul"), Person("bob", "Bob Brown", "bob@example.org")
    with serving(folder) as site, profiles(folder) as make:
        hers, his = make(chromium, site), make(chromium, site)
        walk(album, site, lambda: make(chromium, site), (she, hers), (he, his))
    return album


def walk(
    album: Album,
    site: Site,
    fresh: Callable[[], Profile],
    one: tuple[Person, Profile],
    other: tuple[Person, Profile],
) -> None:
    (she, hers), (he, his), language = one, other, album.language
    his.new_account(he, second_step="email")
    his.make_keys(he)
    before_the_chat(album, hers, she, language)
    making_keys(album, hers, she)
    chatting(album, hers, his, he, she, language)
    coming_back(album, fresh(), she, language)
    mailed_code(album, fresh(), he)
    administration(album, fresh(), site, language)


PAGES = [
    *("welcome", "about", "not-found", "log-in", "sign-up-error", "second-step-choose", "second-step-app"),
    *("recovery-codes", "keys-passphrase", "keys-save", "keys-prove", "chats-empty", "menu", "people"),
    *("chat", "files-to-send", "chat-files", "chat-files-theirs", "picture"),
    *("safety-number", "locked", "key-import", "key-lost", "account", "second-step-mail"),
    *(page for name in STAFF for page in (name, OPENED.get(name)) if page),
]


def test_every_page_is_in_the_album(album):
    assert album.taken == PAGES
    for theme in THEMES:
        for size in SIZES:
            pictures = {path.stem for path in Path(FOLDER, f"{album.language}-{theme}-{size}").glob("*.png")}
            assert pictures >= set(PAGES)


def test_no_page_has_an_accessibility_finding(album):
    assert album.findings == {}
