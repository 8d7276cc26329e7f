"""One browser profile and what a person does in it. Elements are found by role, field name or `data-part`, so that the
same steps run in every language.
"""

import base64
import copy
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, Response, expect

from tests.browser.people import Person
from tests.browser.server import Site, code_in

ACTION_MS = 60_000  # waits end when what they wait for is there: only what fails takes as long
STATES = ["queued", "sent", "delivered", "read"]
KEYS_MS = 120_000
STATE_MS = 120_000  # an acknowledgement, or what a new browser sends first, may wait for more than ten seconds
SAVE_MS = 180_000  # a large file has to come first
expect.set_options(timeout=ACTION_MS)

SECRET = re.compile(r"\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b")
RECOVERY_CODE = re.compile(r"\b[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}\b")
# What engines say by themselves about a line that is not there, or that a reload ends.
EXPECTED_COMPLAINTS = (
    "Failed to load resource",
    "WebSocket connection to",
    "Firefox can’t establish a connection",
    "The connection to ws",
)

WATCH = """
globalThis.__violations = [];
const note = (event) => __violations.push(`${event.violatedDirective} ${event.blockedURI}`);
document.addEventListener("securitypolicyviolation", note);
globalThis.__blobs = [];
const make = URL.createObjectURL;
URL.createObjectURL = (blob) => { __blobs.push(blob); return make.call(URL, blob); };
"""
TYPE_AND_SEND = """(texts) => {
  const field = document.querySelector("message-composer [data-part=text]");
  for (const text of texts) {
    field.value = text;
    field.form.requestSubmit();
  }
}"""
LAST_BLOB = """async () => {
  const bytes = new Uint8Array(await __blobs.at(-1).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""


@contextmanager
def profiles(folder: Path) -> Iterator[Callable[..., "Profile"]]:
    """Makes fresh profiles; at the end each must be without complaint, and all are closed."""
    made: list[Profile] = []
    with ExitStack() as stack:

        def make(browser: Browser, site: Site, *, url: str = "", **options: Any) -> Profile:
            context = browser.new_context(base_url=url or site.url, **options)
            stack.callback(context.close)
            made.append(Profile(context, site, folder))
            return made[-1]

        yield make
        for one in made:
            one.expect_no_complaint()


class Profile:
    """A fresh browser profile with one page; notes its complaints, and each foreign, failed or refused request."""

    def __init__(self, context: BrowserContext, site: Site, folder: Path) -> None:
        self.context, self.site, self.folder = context, site, folder
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.refused: list[str] = []
        self.expected = EXPECTED_COMPLAINTS
        context.set_default_timeout(ACTION_MS)
        context.add_init_script(WATCH)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self._complain(str(error.error)))
        context.on("request", self._asked)
        context.on("requestfailed", lambda request: self.refused.append(f"{request.failure} {request.url}"))
        context.on("response", self._answered)
        self.page: Page = context.new_page()

    def another_tab(self) -> "Profile":
        """The same profile with one more page, which is empty."""
        tab = copy.copy(self)
        tab.page = self.context.new_page()
        return tab

    # --- account

    def sign_up(self, person: Person) -> None:
        self.page.goto("/signup/")
        self.fill(name=person.name, display_name=person.display_name, password=person.password, email=person.email)
        self.field("password").press("Enter")
        expect(self.page).to_have_url(re.compile(r"/second-step/set-up/$"))

    def enrol_app(self, person: Person) -> str:
        """Set up the authenticator app from the secret on the page; the recovery codes follow."""
        self.page.goto("/second-step/set-up/app/")
        person.seed = SECRET.search(self.page.locator("body").inner_text())[0]
        self.fill(code=person.code())
        self.submit("code")
        self._read_recovery_codes(person)
        return ""

    def enrol_email(self, person: Person) -> str:
        """Set up codes by mail; gives the code that was used."""
        self.page.goto("/second-step/set-up/email/")
        before = self._mails_to(person)
        self.page.locator("main .actions [type=submit]").first.click()
        expect(self.field("code")).to_be_visible()
        code = code_in(self.site.mail_to(person.email, before))
        self.fill(code=code)
        self.submit("code")
        self._read_recovery_codes(person)
        return code

    def keep_recovery_codes(self) -> None:
        self.field("kept").check()
        self.submit("kept")
        expect(self.page).to_have_url(re.compile(r"/chat/$"))

    def new_account(self, person: Person, *, second_step: str = "app") -> str:
        """From the sign-up page to the page that makes the keys; gives the code that was mailed, if any."""
        self.sign_up(person)
        code = self.enrol_email(person) if second_step == "email" else self.enrol_app(person)
        self.keep_recovery_codes()
        return code

    def password_step(self, person: Person) -> None:
        self.page.goto("/login/")
        self.fill(name=person.name, password=person.password)
        self.submit("password")
        expect(self.page).to_have_url(re.compile(r"/second-step/"))

    def log_in(self, person: Person) -> None:
        """Password, then a code of the app, or a recovery code when the app's codes of this minute are used up."""
        self.password_step(person)
        code = person.code()
        if "-" in code:
            self.page.locator("a[href*='factor=accounts.recovery']").click()
        self._type_code(code)

    def log_out(self) -> None:
        """With the button of the chat's menu."""
        self.open_menu()
        self.page.locator("app-menu form[action='/logout/'] button").click()
        expect(self.page).to_have_url(f"{self.site.url}/")

    def log_in_by_mail(self, person: Person) -> str:
        """Password, then a mailed code, which is given back."""
        self.password_step(person)
        before = self._mails_to(person)
        self.ask_for_mail()
        code = code_in(self.site.mail_to(person.email, before))
        self._type_code(code)
        return code

    def log_in_by_recovery_code(self, person: Person) -> None:
        self.password_step(person)
        self.page.locator("a[href*='factor=accounts.recovery']").click()
        self._type_code(person.recovery_codes[-1])

    def ask_for_mail(self) -> None:
        """Press the button that sends a code, again when the server says that the last mail is too young."""
        send = self.page.locator("form[action$='/second-step/send/'] [type=submit]")
        with self.page.expect_response(re.compile("/second-step/send/")) as answered:
            send.click()
        if answered.value.status == 429:
            self.page.wait_for_timeout(1000 * int(answered.value.headers["retry-after"]))
            send.click()
        expect(self.field("code")).to_be_visible()

    # --- keys

    def make_keys(self, person: Person) -> None:
        """Take the offered passphrase (or the person's own), save the key file, prove it: the chats open."""
        setup = self.page.locator("key-setup")
        if person.passphrase:
            self.part("own", setup).click()
            self.part("ownPhrase", setup).locator("input").fill(person.passphrase)
        else:
            expect(self.part("phrase", setup)).not_to_be_empty()
            person.passphrase = self.part("phrase", setup).inner_text().strip()
        self.part("kept", setup).check()
        self.part("choose", setup).locator("[type=submit]").click()
        expect(self.part("saveNow", setup)).to_be_visible(timeout=KEYS_MS)
        self.save_key_file(person, self.part("saveNow", setup))
        self.part("saved", setup).click()
        self.prove_key_file(person.key_file, person.passphrase)
        self.expect_chats()

    def save_key_file(self, person: Person, button: Locator) -> None:
        person.key_file_name, person.key_file = self.saved_by(button)

    def saved_by(self, button: Locator) -> tuple[str, bytes]:
        """Name and bytes of the file that a press on the button offers."""
        if self.context.browser.browser_type.name == "chromium":
            with self.page.expect_download(timeout=SAVE_MS) as offered:
                button.click()
            return offered.value.suggested_filename, Path(offered.value.path()).read_bytes()
        known = self.page.evaluate("__blobs.length")
        button.click()
        for _ in range(SAVE_MS // 100):
            if self.page.evaluate("__blobs.length") > known:
                return "chat-key.e2ck", base64.b64decode(self.page.evaluate(LAST_BLOB))
            self.page.wait_for_timeout(100)
        raise AssertionError("no file was offered")

    def prove_key_file(self, content: bytes, passphrase: str) -> None:
        form = self.part("prove", self.page.locator("key-setup"))
        self.choose_file(form, content)
        self.part("provePhrase", form).locator("input").fill(passphrase)
        self.part("proveNow", form).click()

    def import_key_file(self, content: bytes, passphrase: str) -> None:
        form = self.part("bring", self.page.locator("key-import"))
        expect(form).to_be_visible()
        self.choose_file(form, content)
        self.part("passphrase", form).locator("input").fill(passphrase)
        self.part("go", form).click()

    def choose_file(self, form: Locator, content: bytes, name: str = "chat-key.e2ck") -> None:
        given = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        form.locator("file-drop input[type=file]").set_input_files(given)

    def unlock(self, person: Person) -> None:
        gate = self.page.locator("key-unlock")
        self.part("passphrase", gate).locator("input").fill(person.passphrase)
        self.part("go", gate).click()
        self.expect_chats()

    def lock(self) -> None:
        self.open_menu()
        self.part("lock", self.page.locator("app-menu")).click()
        expect(self.page.locator("key-unlock")).to_be_visible()

    def expect_chats(self) -> None:
        expect(self.page.locator("chat-desk")).to_be_visible(timeout=KEYS_MS)

    def expect_online(self) -> None:
        """The session knows the browser, and the line to the server is up."""
        expect(self.page.locator("connection-line")).to_have_attribute("data-state", "online")

    def network_is_back(self) -> None:
        """What the browser tells its pages then; without it the next try may be half a minute away."""
        self.page.evaluate("dispatchEvent(new Event('online'))")

    def come_back(self) -> None:
        """Online again; what the browser tells while a try still fails is told again."""
        line = self.page.locator("connection-line[data-state=online]")
        for _ in range(ACTION_MS // 500):
            self.network_is_back()
            self.page.wait_for_timeout(500)
            if line.count():
                return
        raise AssertionError("the line did not come back")

    # --- chat

    def start_chat(self, other: Person) -> None:
        """Find the person in the list of everybody and open the chat."""
        compose = self.part("compose", self.page.locator("conversation-list"))
        if compose.is_visible():
            compose.click()
        self.page.locator("conversation-list [data-part=find]").fill(other.name)
        rows = self.page.locator("person-row")
        expect(rows.first).to_contain_text(f"@{other.name}")
        rows.filter(has_text=f"@{other.name}").locator("[data-part=button]").click()
        self.expect_chat_with(other)

    def open_chat(self, other: Person) -> None:
        self.row(other).locator("[data-part=button]").click()
        self.expect_chat_with(other)

    def expect_chat_with(self, other: Person) -> None:
        expect(self.page.locator("chat-view .chat-view__name")).to_have_text(other.display_name)

    def row(self, other: Person) -> Locator:
        return self.page.locator("conversation-row", has_text=other.display_name)

    def write(self, text: str) -> None:
        self.page.locator("message-composer [data-part=text]").fill(text)

    def send(self, text: str) -> None:
        self.write(text)
        self.page.keyboard.press("Enter")
        expect(self.bubble(text)).to_be_visible()

    def send_at_once(self, texts: list[str]) -> None:
        """Without a pause, and without looking what becomes of them."""
        self.page.evaluate(TYPE_AND_SEND, texts)

    def bubble(self, text: str) -> Locator:
        exactly = re.compile(r"^\s*" + r"\s+".join(re.escape(word) for word in text.split()) + r"\s*$")
        return self.page.locator("message-bubble", has=self.page.locator("[data-part=text]", has_text=exactly))

    def expect_message(self, text: str, *, state: str = "") -> None:
        """The message is shown exactly once; one's own has got at least so far: queued, sent, delivered, read."""
        expect(self.bubble(text)).to_have_count(1)
        if state:
            reached = STATES[STATES.index(state) :] if state != "queued" else ["queued"]
            marks = ", ".join(f"[data-part=state][data-state={one}]" for one in reached)
            expect(self.bubble(text).locator(marks)).to_be_visible(timeout=STATE_MS)

    def act(self, text: str, key: str, *, on: str = "") -> None:
        """On a message, by its key; `on`: what is pressed in its menu or asked then."""
        self.bubble(text).focus()
        self.page.keyboard.press(key)
        if on:
            self.page.locator("message-menu, erase-dialog").get_by_role("button", name=on).or_(
                self.page.get_by_role("menuitemcheckbox", name=on)
            ).click()

    def scroll_to_the_beginning(self) -> None:
        """A long chat is drawn from its end, a few messages at a time."""
        beginning = self.page.locator("message-list [data-part=begin]")
        for _ in range(ACTION_MS // 100):
            if beginning.is_visible():
                return
            self.page.locator(".message-list__scroll").evaluate("node => { node.scrollTop = 0; }")
            self.page.wait_for_timeout(100)
        raise AssertionError("the chat has no beginning")

    def texts(self) -> list[str]:
        """What is drawn of the open chat."""
        return self.page.locator("message-bubble [data-part=text]").all_inner_texts()

    # --- looks

    def open_menu(self) -> None:
        if not self.page.locator("app-menu details[open]").count():
            self.page.locator("app-menu summary").click()

    def close_menu(self) -> None:
        if self.page.locator("app-menu details[open]").count():
            self.page.keyboard.press("Escape")

    def choose_theme(self, theme: str) -> None:
        """`auto`, `light` or `dark`, through the menu of the chat page."""
        self.open_menu()
        self.page.locator("app-menu [data-part=theme]").select_option(theme)
        self.close_menu()

    def choose_language(self, code: str) -> None:
        self.open_menu()
        with self.page.expect_navigation():
            self.page.locator("app-menu [data-part=language]").select_option(code)
        expect(self.page.locator("html")).to_have_attribute("lang", code)

    # --- helpers

    def part(self, name: str, inside: Locator | None = None) -> Locator:
        return (inside or self.page.locator("body")).locator(f"[data-part={name}]").first

    def field(self, name: str) -> Locator:
        return self.page.locator(f"[name={name}]:not([type=hidden])").first

    def fill(self, **values: str) -> None:
        for name, value in values.items():
            if value:
                self.field(name).fill(value)

    def submit(self, name: str) -> None:
        """Press the button of the form that holds the field."""
        self.page.locator("form").filter(has=self.page.locator(f"[name={name}]")).locator("[type=submit]").first.click()

    def _type_code(self, code: str) -> None:
        self.fill(code=code)
        self.submit("code")
        expect(self.page).to_have_url(re.compile(r"/chat/$"))

    def violations(self) -> list[str]:
        return self.page.evaluate("globalThis.__violations ?? []")

    def expect_no_complaint(self) -> None:
        assert self.foreign == [], f"requests to other hosts: {self.foreign}"
        assert self.complaints == [], f"errors in the console: {self.complaints}"

    def _read_recovery_codes(self, person: Person) -> None:
        expect(self.field("kept")).to_be_visible()
        person.recovery_codes = RECOVERY_CODE.findall(self.page.locator("body").inner_text())
        assert len(person.recovery_codes) == 10

    def _mails_to(self, person: Person) -> int:
        return sum(mail.startswith(f"To: {person.email}\n") for mail in self.site.mails())

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._complain(message.text)

    def _complain(self, text: str) -> None:
        if not text.startswith(self.expected):
            self.complaints.append(text)

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.refused.append(f"{response.status} {response.url}")

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.netloc not in self.site.hosts:
            self.foreign.append(request.url)
