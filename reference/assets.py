"""Does a live site serve the program that its log names? (section 4, docs/threat-model.md).

What a page may run is its import map: the policy allows exactly this text, the text names every module by its hash. The
hash of the text stands in the log as an asset leaf. Everything is asked for without a login.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from reference.encoding import unb64
from reference.errors import ProtocolError
from reference.log import asset_leaf
from reference.merkle import leaf_hash, root_of_hashes
from reference.primitives import sha256, verify
from reference.web import HttpRefused, Web

PAGE = "/login/"
IMPORT_MAP = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)
SCRIPT = re.compile(r"<script\b[^>]*>", re.IGNORECASE)
BUILD_DIGITS = 16
ED25519 = b"\x01"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not fit: what, and at which address."""

    what: str
    where: str


def verify_assets(web: Web, *, log_key: str | None) -> tuple[str, list[Finding]]:
    """The build that the site serves, and all that does not fit. `log_key`: the key line noted earlier, or None."""
    text, policy, page = _page(web)
    build = sha256(text.encode()).hex()[:BUILD_DIGITS]
    findings = [*_policy(text, policy, page), *_modules(web, text), *_log(web, text, log_key)]
    return build, findings


def _page(web: Web) -> tuple[str, str, str]:
    body, headers = web.fetch(PAGE)
    page = body.decode()
    maps = IMPORT_MAP.findall(page)
    return (maps[0] if len(maps) == 1 else ""), headers.get("Content-Security-Policy", ""), page


def _policy(text: str, policy: str, page: str) -> Iterator[Finding]:
    """The policy allows this map and no other inline text; the page starts nothing that the map does not name."""
    allowed = f"'sha256-{base64.b64encode(sha256(text.encode())).decode()}'"
    rules = {words[0]: words[1:] for words in (rule.split() for rule in policy.split(";")) if words}
    if set(rules.get("script-src", ())) != {"'self'", allowed}:
        yield Finding("the policy allows other scripts than this import map", PAGE)
    if rules.get("default-src") != ["'none'"] or rules.get("worker-src") != ["'none'"]:
        yield Finding("the policy is not the strict one", PAGE)
    named = _integrity(text)
    for tag in SCRIPT.findall(page):
        if 'type="importmap"' not in tag and not _is_named(unescape(tag), named):
            yield Finding("a script that the import map does not name", PAGE)


def _is_named(tag: str, named: dict[str, str]) -> bool:
    source, integrity = re.search(r'src="([^"]*)"', tag), re.search(r'integrity="([^"]*)"', tag)
    return bool(source and integrity and named.get(source[1]) == integrity[1])


def _modules(web: Web, text: str) -> Iterator[Finding]:
    integrity = _integrity(text)
    addresses = _field(text, "imports").values()
    if not integrity or set(addresses) != set(integrity):
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


def _field(text: str, name: str) -> dict[str, str]:
    try:
        return {str(key): str(value) for key, value in json.loads(text)[name].items()}
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        return {}
