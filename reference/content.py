"""Content: the strict JSON inside an envelope, and its schema (section 8)."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from reference.encoding import unb64
from reference.errors import ProtocolError, require
from reference.grapheme import is_grapheme

MAX_CONTENT_BYTES = 64 * 1024
MAX_DEPTH = 6
MAX_BODY_CHARS = 16000
MAX_SEEN = 50
MAX_ACK = 2**20
MAX_GRAPHEME_UNITS = 32
MAX_NAME_CHARS = 120
MAX_INTEGER = 2**53 - 1
MAX_TIMER_S = 2**32 - 1
MAX_BLOB_ID_CHARS = 64
MAX_SIDE = 65535
KEY_BYTES = 32
MAX_THUMB_BYTES = 16384
MIME = re.compile(r"[\x21-\x7e]{1,127}")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ID_HEX = re.compile(r"[0-9a-f]{32}")
STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


@dataclass(frozen=True, slots=True)
class Content:
    """A content object that passed; `fields` is all of it."""

    kind: str
    content_id: str
    fields: dict[str, Any] = field(repr=False)


def encode_content(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def make_content(
    own: dict[str, Any], *, content_id: str, ts_ms: int, ack: dict[str, int], ack_before: dict[str, int] | None = None
) -> bytes:
    """`own`: "t" and its fields; both acks as did (hex) -> next counter. BAD_CONTENT when nobody would take it."""
    before = {"ack_before": ack_before} if ack_before else {}
    content = encode_content({"v": 1, "id": content_id, "ts": ts_ms, "ack": ack, **before, **own})
    require(parse_content(content).kind in FIELDS, "BAD_CONTENT")
    return content


def parse_content(data: bytes) -> Content:
    """Strict JSON and schema, or BAD_CONTENT. An unknown "t" passes: it is stored and shown as unsupported."""
    require(len(data) <= MAX_CONTENT_BYTES, "BAD_CONTENT")
    fields = parse_json(data)
    require(isinstance(fields, dict) and _fits(fields), "BAD_CONTENT")
    return Content(fields["t"], fields["id"], fields)


def parse_json(data: bytes, *, depth: int = MAX_DEPTH) -> Any:
    """UTF-8 JSON: so deep, no key twice, integers only (at most 2^53 - 1), no lone surrogate; else BAD_CONTENT."""
    try:
        text = data.decode()
        _check_depth(text, depth)
        value = json.loads(
            text, object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse, parse_int=_integer
        )  # fmt: skip
        json.dumps(value, ensure_ascii=False).encode()
    except ValueError:
        raise ProtocolError("BAD_CONTENT") from None
    return value


def _check_depth(text: str, most: int) -> None:
    """Before the parser, which would follow any depth; strings are skipped, malformed ones are left to it."""
    depth = 0
    for token in STRING_OR_BRACKET.findall(text):
        depth += (token in ("[", "{")) - (token in ("]", "}"))
        require(depth <= most, "BAD_CONTENT")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    require(len(fields) == len(pairs), "BAD_CONTENT")
    return fields


def _refuse(_: str) -> NoReturn:
    raise ProtocolError("BAD_CONTENT")


def _integer(digits: str) -> int:
    number = int(digits)
    require(abs(number) <= MAX_INTEGER, "BAD_CONTENT")
    return number


def _fits(fields: dict[str, Any]) -> bool:
    """The common fields, and for a known "t" its own, all there, each passing, and no other."""
    kind = fields.get("t")
    if not isinstance(kind, str):
        return False
    own = FIELDS.get(kind)
    tests = {**COMMON, **(own or {})}
    wanted = {name for name in tests if name not in OPTIONAL_EVERYWHERE and (kind, name) not in OPTIONAL}
    if not wanted <= set(fields) or (own is not None and not set(fields) <= set(tests)):
        return False
    return all(tests[name](value) for name, value in fields.items() if name in tests)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_ack(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return all(_matches(ID_HEX, did) and _is_count(count) and count <= MAX_ACK for did, count in value.items())


def _is_body(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_BODY_CHARS


def _is_mid(value: object) -> bool:
    return _matches(ID_HEX, value)


def _is_grapheme(value: object) -> bool:
    return isinstance(value, str) and len(value.encode("utf-16-le")) // 2 <= MAX_GRAPHEME_UNITS and is_grapheme(value)


def _is_receipt(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MAX_SEEN and all(_is_mid(mid) for mid in value)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_key(value: object) -> bool:
    return _length(value) == KEY_BYTES


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_NAME_CHARS


def _is_timer(value: object) -> bool:
    return _is_count(value) and isinstance(value, int) and value <= MAX_TIMER_S


def _is_mode(value: object) -> bool:
    return _is_count(value) and value in (0, 1)


def _is_blob_id(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_BLOB_ID_CHARS


def _is_side(value: object) -> bool:
    return _is_count(value) and isinstance(value, int) and 1 <= value <= MAX_SIDE


def _is_thumb(value: object) -> bool:
    return 0 <= _length(value) <= MAX_THUMB_BYTES


def _length(value: object) -> int:
    """Of the bytes of a base64url text in its canonical form (section 1); -1 for anything else."""
    try:
        return len(unb64(value)) if isinstance(value, str) else -1
    except ProtocolError:
        return -1


def _anything(_: object) -> bool:
    return True


Test = Callable[[object], bool]
COMMON: dict[str, Test] = {
    "v": lambda value: _is_count(value) and value == 1,
    "t": _anything,  # a text, seen to before the rest is chosen by it
    "id": lambda value: _matches(UUID, value),
    "ts": _is_count,
    "ack": _is_ack,
    "ack_before": _is_ack,
}
OPTIONAL_EVERYWHERE = {"ack_before"}
FIELDS: dict[str, dict[str, Test]] = {
    "text": {"body": _is_body, "re": _is_mid},
    "edit": {"target": _is_mid, "rev": _is_count, "body": _is_body},
    "delete": {"target": _is_mid},
    "react": {"target": _is_mid, "e": _is_grapheme, "on": _is_flag},
    "receipt": {"seen": _is_receipt},
    "timer": {"mode": _is_mode, "timer_s": _is_timer},
    "file": {
        "blob": _is_blob_id,
        "fk": _is_key,
        "size": _is_count,
        "hash": _is_key,
        "name": _is_name,
        "mime": lambda value: _matches(MIME, value),
        "w": _is_side,
        "h": _is_side,
        "thumb": _is_thumb,
    },
    "void": {},
    "sync": {"pins": _anything, "read": _anything, "settings": _anything},
}
OPTIONAL = {("text", "re"), ("file", "w"), ("file", "h"), ("file", "thumb")} | {
    ("sync", name) for name in FIELDS["sync"]
}
