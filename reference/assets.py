"""Does a live site serve the program that its log names? (section 4, docs/threat-model.md).

What a page may run is its import map: the policy allows exactly this text, the text names every module by its hash. The
hash of the text stands in the log as an asset leaf. Everything is asked for without a login. The page itself must hold
nothing that runs beside it, in markup that every browser reads alike: whatever else stands there is told.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from html.parser import HTMLParser

from reference.encoding import unb64
from reference.errors import ProtocolError
from reference.log import asset_leaf
from reference.merkle import leaf_hash, root_of_hashes
from reference.primitives import sha256, verify
from reference.web import HttpRefused, Web

PAGE = "/login/"
IMPORT_MAP = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)
# What the site sends, but for what depends on it: the hash of its import map and the hosts of its sockets.
POLICY = (
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src blob:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types digest-workers",
)
SOCKETS = re.compile(r"(?<=^connect-src 'self')(?: wss?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d+)?)+\Z")
PAGE_TYPE = "text/html; charset=utf-8"
LEADING_HEADERS = ("Link", "Refresh")  # a browser follows them as it does the elements of that name
# The only forms in which a "<" stands in a page of this program; no two parsers read them differently.
TAG = re.compile(
    r"<!doctype html>|</[a-z][a-z0-9-]*>|<[a-z][a-z0-9-]*(?:[ \n]+[a-z][a-z0-9-]*(?:=\"[^\"<>]*\")?)*[ \n]*>"
)
MAP_TAG = '<script type="importmap">'
BEFORE_THE_MAP = {"html", "head", "meta", "title", "link"}
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
FOREIGN = {"applet", "base", "embed", "fencedframe", "frame", "frameset", "iframe", "object", "portal", "style"}
LINKS = {"icon", "stylesheet"}
OWN_FILES = "/static/"
BUILD_DIGITS = 16
ED25519 = b"\x01"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not fit: what, and at which address."""

    what: str
    where: str


def verify_assets(web: Web, *, log_key: str | None) -> tuple[str, list[Finding]]:
    """The build that the site serves, and all that does not fit. `log_key`: the key line noted earlier, or None."""
    body, headers = web.fetch(PAGE)
    text = _map_of(body.decode(errors="replace"))
    build = sha256(text.encode()).hex()[:BUILD_DIGITS]
    return build, [*judge_page(body, headers), *_modules(web, text), *_log(web, text, log_key)]


def judge_page(body: bytes, headers: Message) -> Iterator[Finding]:
    """All that lets this page run something else than its import map names."""
    page = body.decode(errors="replace")
    text = _map_of(page)
    if headers.get_all("Content-Type") != [PAGE_TYPE] or page.encode() != body:
        yield Finding("another kind of text than a page of this program", PAGE)
    for name in LEADING_HEADERS:
        if name in headers:
            yield Finding("a header that leads elsewhere", PAGE)
    yield from _policy(text, headers.get_all("Content-Security-Policy", []))
    yield from _markup(page, _integrity(text))


def _map_of(page: str) -> str:
    maps = IMPORT_MAP.findall(page)
    return maps[0] if len(maps) == 1 else ""


def _policy(text: str, policies: list[str]) -> Iterator[Finding]:
    """One policy, which allows this map and no other inline text, and is the product's in every other word."""
    allowed = f"'sha256-{base64.b64encode(sha256(text.encode())).decode()}'"
    rules = policies[0].split("; ") if len(policies) == 1 else []
    scripts = [rule for rule in rules if rule.startswith("script-src")]
    if scripts != [f"script-src 'self' {allowed}"]:
        yield Finding("the policy allows other scripts than this import map", PAGE)
    if tuple(SOCKETS.sub("", rule) for rule in rules if rule not in scripts) != POLICY:
        yield Finding("the policy is not the strict one", PAGE)


def _markup(page: str, named: dict[str, str]) -> Iterator[Finding]:
    """The map comes first; the page starts nothing that it does not name, and leads nowhere by itself."""
    if len(TAG.findall(page)) != page.count("<"):
        yield Finding("markup that not every browser reads alike", PAGE)
        return
    markup = _Markup(named)
    markup.feed(page)
    markup.close()
    for what in dict.fromkeys(markup.found):
        yield Finding(what, PAGE)


class _Markup(HTMLParser):
    """Reads a page of plain tags; `found` is what no page of this program holds."""

    def __init__(self, named: dict[str, str]) -> None:
        super().__init__()
        self.found: list[str] = []
        self._named = {
            f'<script type="module" src="{address}" integrity="{integrity}">' for address, integrity in named.items()
        }
        self._tags: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = {name: value or "" for name, value in attrs}
        if len(fields) != len(attrs):
            self.found.append("an attribute that stands there twice")
        if tag == "script":
            self._judge_script(self.get_starttag_text() or "")
        elif tag in FOREIGN or (tag == "meta" and "http-equiv" in fields):
            self.found.append("an element that no page of this program has")
        elif tag == "link" and not (fields.get("rel") in LINKS and fields.get("href", "").startswith(OWN_FILES)):
            self.found.append("a link to other files than the program's own")
        if any(name == "style" or name.startswith("on") or _is_program(value) for name, value in fields.items()):
            self.found.append("an attribute that is a program or a style")
        self._tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def _judge_script(self, tag: str) -> None:
        is_first = self._open == ["html", "head"] and BEFORE_THE_MAP.issuperset(self._tags)
        if tag == MAP_TAG and not is_first:  # what runs before it is bound by no map
            self.found.append("the import map is not the first to run")
        elif tag not in {MAP_TAG, *self._named}:
            self.found.append("a script that the import map does not name")


def _is_program(value: str) -> bool:
    """An address with a program in it, as browsers read it: whatever is no sign is left out."""
    return re.sub(r"[\x00-\x20]", "", value).lower().startswith("javascript:")


def _modules(web: Web, text: str) -> Iterator[Finding]:
    integrity = _integrity(text)
    addresses = _field(text, "imports").values()
    if not integrity or set(addresses) != set(integrity) or _fields(text) != {"imports", "integrity"}:
        yield Finding("the import map does not give every module a hash", PAGE)
    for address, expected in integrity.items():
        try:
            body, _ = web.fetch(address)
        except HttpRefused:
            yield Finding("missing", address)
            continue
        if f"sha384-{base64.b64encode(hashlib.sha384(body).digest()).decode()}" != expected:
            yield Finding("another file than the import map names", address)


def _log(web: Web, text: str, log_key: str | None) -> Iterator[Finding]:
    """The import map's leaf is in the tree under a head that the log's key signed."""
    served = web.fetch("/log/key")[0].decode().strip()
    trusted = served if log_key is None else log_key.strip()
    if trusted != served:
        yield Finding("another log key than the one you gave", "/log/key")
    manifest = sha256(text.encode())
    wanted = leaf_hash(asset_leaf(manifest.hex()[:BUILD_DIGITS], manifest))
    hashes = _hashes(web)
    note = web.fetch("/log/checkpoint")[0].decode()
    try:
        size, root = _checkpoint(note, trusted)
    except (ProtocolError, ValueError):
        yield Finding("not signed with the log's key", "/log/checkpoint")
        return
    if size > len(hashes) or root_of_hashes(hashes[:size]) != root:
        yield Finding("another tree than the leaves give", "/log/checkpoint")
    if wanted not in hashes[:size]:
        yield Finding("this program is not in the log", PAGE)


def _hashes(web: Web) -> list[bytes]:
    found: list[bytes] = []
    while True:
        answer = web.get("/log/hashes", **{"from": len(found)})
        found += [unb64(text) for text in answer["hashes"]]
        if not answer["hashes"] or len(found) >= answer["size"]:
            return found


def _checkpoint(note: str, key_line: str) -> tuple[int, bytes]:
    """Size and root of a C2SP checkpoint; ValueError or BAD_SIG unless the key of this line signed it."""
    name, key_id, encoded = key_line.split("+", 2)
    key = base64.b64decode(encoded, validate=True)
    text, _, signatures = note.partition("\n\n")
    body = (text + "\n").encode()
    lines = text.split("\n")
    if len(lines) < 3 or lines[0] != name or key[:1] != ED25519 or key_id != _key_id(name, key).hex():
        raise ValueError("another log")
    for line in signatures.splitlines():
        if line.startswith(f"\N{EM DASH} {name} "):
            sig = base64.b64decode(line.rsplit(" ", 1)[1], validate=True)
            if sig[:4] == _key_id(name, key):
                verify(key[1:], body, sig[4:])
                return int(lines[1]), base64.b64decode(lines[2], validate=True)
    raise ValueError("no signature of this key")


def _key_id(name: str, key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + key)[:4]


def _integrity(text: str) -> dict[str, str]:
    return _field(text, "integrity")


def _fields(text: str) -> set[str]:
    try:
        return set(json.loads(text))
    except (ValueError, TypeError):
        return set()


def _field(text: str, name: str) -> dict[str, str]:
    try:
        return {str(key): str(value) for key, value in json.loads(text)[name].items()}
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        return {}
