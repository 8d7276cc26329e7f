"""Plants secrets in a full run and looks for them in everything the server keeps, logs, sends and is sent."""

import base64
import json
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Request, WebSocket

from reference.encoding import unb64
from reference.keyfile import open_keyfile, parse_keyfile, stretch
from tests.browser import databases
from tests.browser.people import Person
from tests.browser.profile import Profile, profiles
from tests.browser.scanner import Heap, RedisMonitor, forms
from tests.browser.server import Site, serving

pytestmark = pytest.mark.browser

# Reports secret bytes that pass through WebCrypto: private keys, shared secrets, message keys; no public keys.
COLLECT = """
const told = new Set();
const hex = (data) => Array.from(new Uint8Array(data), (byte) => byte.toString(16).padStart(2, "0")).join("");
const tell = (data) => {
  const text = hex(data);
  if (text.length < 64 || /^(00)+$/.test(text) || told.has(text)) return;
  told.add(text);
  globalThis.__secret(text);
};
const bytesOf = (data) => new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength).slice();
const make = SubtleCrypto.prototype;
const { importKey, deriveBits } = make;
const base = new WeakSet(); // what makes a public key out of a private one, so that the result is no secret
make.importKey = async function (format, data, ...rest) {
  const curve = ["X25519", "Ed25519"].includes(rest[0]?.name ?? rest[0]);
  const bytes = format === "jwk" ? new Uint8Array() : bytesOf(data);
  const key = await importKey.call(this, format, data, ...rest);
  if (format === "pkcs8") tell(bytes.slice(-32));
  else if (format === "raw" && !curve) tell(bytes);
  else if (/^09(00){31}$/.test(hex(bytes))) base.add(key);
  return key;
};
make.deriveBits = async function (algorithm, ...rest) {
  const bits = await deriveBits.call(this, algorithm, ...rest);
  if (!base.has(algorithm.public)) tell(bits.slice(0, 32));
  return bits;
};
"""


@dataclass
class Run:
    """The secrets of a run, and what was stored and what crossed the wire."""

    people: list[Person]
    texts: list[str]
    keys: set[bytes] = field(default_factory=set)
    mail_codes: list[str] = field(default_factory=list)
    stored: Heap = field(default_factory=Heap)
    mails: Heap = field(default_factory=Heap)
    wire: Heap = field(default_factory=Heap)

    @property
    def never_leave(self) -> dict[str, bytes]:
        """What nobody but the two browsers may ever have."""
        found = {f"text {number}": text.encode() for number, text in enumerate(self.texts)}
        found |= {f"passphrase of {one.name}": one.passphrase.encode() for one in self.people}
        found |= {f"key {number}": key for number, key in enumerate(sorted(self.keys))}
        return found

    @property
    def never_stored(self) -> dict[str, bytes]:
        """What the server is told at login or shows once, and must not keep as it is."""
        found = {}
        for one in self.people:
            found[f"password of {one.name}"] = one.password.encode()
            for number, code in enumerate(one.recovery_codes):
                found[f"recovery code {number} of {one.name}"] = code.encode()
                found[f"recovery code {number} of {one.name}, joined"] = code.replace("-", "").encode()
            if one.seed:
                found[f"seed of {one.name}"] = one.seed.encode()
                found[f"seed of {one.name}, joined"] = one.seed.replace(" ", "").encode()
                found[f"seed of {one.name}, bytes"] = one.seed_bytes()
        found |= {f"mailed code {number}": code.encode() for number, code in enumerate(self.mail_codes)}
        return found


def watch(profile: Profile, run: Run) -> Profile:
    """Record what the profile's pages send and receive, and the secrets that pass through their cryptography."""
    profile.context.expose_function("__secret", lambda text: run.keys.add(bytes.fromhex(text)))
    profile.context.add_init_script(COLLECT)
    profile.context.on("requestfinished", lambda request: _note_request(request, run.wire))
    profile.page.on("websocket", lambda socket: _note_frames(socket, run.wire))
    return profile


def _note_request(request: Request, wire: Heap) -> None:
    path = urlsplit(request.url).path
    if path.startswith("/static/"):
        return
    wire.add(f"{request.method} {path}", request.url)
    wire.add(f"{request.method} {path}", request.post_data_buffer or b"")
    with suppress(Error):
        wire.add(f"answer to {request.method} {path}", request.response().body())


def _note_frames(socket: WebSocket, wire: Heap) -> None:
    socket.on("framesent", lambda payload: wire.add("frame sent", payload))
    socket.on("framereceived", lambda payload: wire.add("frame received", payload))


def live(run: Run, chromium: Browser, site: Site, make: Callable[..., Profile]) -> None:
    """Sign up, write, lock, come back with a recovery code and the key file."""
    she, he = run.people
    hers, his = (watch(make(chromium, site), run) for _ in run.people)
    hers.new_account(she)
    hers.make_keys(she)
    run.mail_codes.append(his.new_account(he, second_step="email"))
    his.make_keys(he)
    hers.start_chat(he)
    hers.send(run.texts[0])
    his.open_chat(she)
    his.expect_message(run.texts[0])
    his.send(run.texts[1])
    hers.expect_message(run.texts[1])
    hers.write(run.texts[2])
    hers.lock()
    hers.unlock(she)
    moved = watch(make(chromium, site), run)
    moved.log_in_by_recovery_code(he)
    moved.import_key_file(he.key_file, he.passphrase)
    moved.expect_chats()
    moved.open_chat(she)
    moved.expect_message(run.texts[0])


def sqlite_files(site: Site, run: Run) -> None:
    for name, content in site.stored("*.sqlite3*"):
        run.stored.add(name, content)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def run(request: pytest.FixtureRequest, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp(request.param)
    people = [
        Person("alice", "Alice Azul"),
        Person("bob", "Bob Brown", "bob@example.org", passphrase=f"planted phrase {secrets.token_hex(12)}"),
    ]
    run = Run(people, [f"planted text {secrets.token_hex(12)} ñ" for _ in range(3)])
    extra, monitor = {}, None
    if request.param == "postgresql":
        extra = databases.fresh_databases(request.getfixturevalue("postgres_url"))
        extra["REDIS_URL"] = request.getfixturevalue("redis_url")
        monitor = RedisMonitor(extra["REDIS_URL"])
    with serving(folder, LOG_LEVEL="DEBUG", **extra) as site:
        with profiles(folder) as make:
            live(run, chromium, site, make)
        sqlite_files(site, run)
    sqlite_files(site, run)
    run.stored.add("log", site.log())
    for setting in ("DATABASE_URL", "MESSAGES_DATABASE_URL"):
        if setting in extra:
            run.stored.add(setting, databases.dump(extra[setting]))
    if monitor:
        run.stored.add("redis", monitor.stop())
    for mail in site.mails():
        run.mails.add("mail", mail)
    return run


def found(heap: Heap, wanted: dict[str, bytes]) -> dict[str, set[str]]:
    places = defaultdict(set)
    for name, secret in wanted.items():
        if seen := heap.places_of(secret):
            places[name] = seen
    return dict(places)


def test_the_run_gave_secrets_and_evidence(run):
    assert len(run.keys) > 50
    assert len(run.mail_codes) == 1
    assert all(one.passphrase and one.key_file and len(one.recovery_codes) == 10 for one in run.people)
    assert {"frame sent", "frame received", "POST /login/"} <= {place for place, _ in run.wire.pieces}
    assert run.stored.size > 50_000


def test_the_keys_that_are_looked_for_are_those_of_the_key_file(run):
    for one in run.people:
        file = parse_keyfile(one.key_file)
        payload = json.loads(open_keyfile(file, stretch(one.passphrase, file.salt, file.iterations)))
        assert unb64(payload["rs"]) in run.keys
        assert all(unb64(hk["priv"]) in run.keys for hk in payload["hk"])


def test_the_scanner_finds_what_is_there(run):
    """A name is stored and sent; were the scanner blind, this would fail."""
    assert run.stored.places_of(b"alice")
    assert "POST /signup/" in run.wire.places_of(b"alice")
    assert "POST /login/" in run.wire.places_of(run.people[1].password.encode())


def test_no_text_passphrase_or_key_is_kept_or_logged(run):
    assert found(run.stored, run.never_leave) == {}


def test_no_text_passphrase_or_key_crosses_the_wire(run):
    assert found(run.wire, run.never_leave) == {}


def test_no_password_seed_or_code_is_kept_or_logged(run):
    wanted = run.never_stored
    places = found(run.stored, wanted)
    # Without a mail server mails are shown in the terminal: there, and nowhere else, stands the code that was mailed.
    allowed = {name: {"log"} for name in wanted if name.startswith("mailed")}
    assert {name: seen for name, seen in places.items() if seen - allowed.get(name, set())} == {}


def test_a_mail_holds_its_code_and_no_other_secret(run):
    kept = {name: value for name, value in run.never_stored.items() if not name.startswith("mailed")}
    assert found(run.mails, kept | run.never_leave) == {}
    assert all(run.mails.places_of(code.encode()) for code in run.mail_codes)


ITS_OWN_PLACES = {
    "password": {"POST /signup/", "POST /login/"},
    "seed": {"answer to GET /second-step/set-up/app/"},
    "recovery": {
        "answer to POST /second-step/set-up/app/",
        "answer to POST /second-step/set-up/email/",
        "POST /second-step/",
    },
    "mailed": {"POST /second-step/set-up/email/"},
}


def test_login_secrets_cross_the_wire_in_their_own_forms_only(run):
    places = found(run.wire, run.never_stored)
    assert {name: seen - ITS_OWN_PLACES[name.split()[0]] for name, seen in places.items()} == {
        name: set() for name in places
    }


def test_what_goes_away_beside_a_database_is_no_fault_and_a_lost_database_is_one(tmp_path):
    site = Site(tmp_path, [])
    (site.data / "blobs").mkdir(parents=True)
    (site.data / "chat.sqlite3").write_bytes(b"kept")
    (site.data / "chat.sqlite3-wal").symlink_to("gone")  # is listed, and cannot be read any more
    assert list(site.stored()) == [("chat.sqlite3", b"kept")]
    (site.data / "other.sqlite3").symlink_to("gone")
    with pytest.raises(FileNotFoundError):
        list(site.stored("*.sqlite3*"))


@pytest.mark.parametrize("shift", range(3))
def test_a_secret_inside_other_bytes_is_found_in_base64(shift):
    heap = Heap()
    heap.add("frame", base64.urlsafe_b64encode(bytes(shift) + b"planted text \xff\xfe" + b"behind"))
    assert heap.places_of(b"planted text \xff\xfe") == {"frame"}


def test_every_form_of_a_secret_is_found():
    for form in forms("planted ñ text".encode()):
        heap = Heap()
        heap.add("there", b"before" + form + b"behind")
        assert heap.places_of("planted ñ text".encode()) == {"there"}, form


def test_a_code_inside_a_longer_number_is_no_finding():
    heap = Heap()
    heap.add("time", b"2026-11-23 08:00:00.123456+00 and 9123456")
    assert heap.places_of(b"123456") == set()
    heap.add("there", b"'123456'")
    assert heap.places_of(b"123456") == {"there"}


@pytest.mark.parametrize(
    "text", [b"0f3a123456bc", b"DEADBEEF00F123456A9C0000", b"a123456b-8c1d-4e2f-9a3b-0c1d2e3f4a5b"]
)
def test_a_code_inside_hexadecimal_text_is_no_finding(text):
    heap = Heap()
    heap.add("hash", b"sha256 " + text + b";")
    assert heap.places_of(b"123456") == set()
    heap.add("there", text + b" 123456")
    assert heap.places_of(b"123456") == {"there"}


@pytest.mark.parametrize("text", [b"code=123456", b"f123456a", b"000a" + b"123456".hex().encode() + b"b0"])
def test_a_code_beside_letters_or_as_hexadecimal_text_itself_is_found(text):
    heap = Heap()
    heap.add("there", text)
    assert heap.places_of(b"123456") == {"there"}
