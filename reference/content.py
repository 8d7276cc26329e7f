"""Content: the strict JSON inside an envelope, and its schema (section 8)."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from reference.errors import ProtocolError, require

MAX_CONTENT_BYTES = 64 * 1024
MAX_DEPTH = 6
MAX_BODY_CHARS = 16000
MAX_SEEN = 50
MAX_INTEGER = 2**53 - 1
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


def text_content(body: str, *, content_id: str, ts_ms: int, ack: dict[str, int]) -> bytes:
    """A "text" with `ack` as did (hex) -> next counter."""
    return encode_content({"v": 1, "t": "text", "id": content_id, "ts": ts_ms, "ack": ack, "body": body})


def parse_content(data: bytes) -> Content:
    """Strict JSON and schema, or BAD_CONTENT. An unknown "t" passes: it is stored and shown as unsupported."""
    require(len(data) <= MAX_CONTENT_BYTES, "BAD_CONTENT")
    fields = parse_json(data)
    require(isinstance(fields, dict) and _is_common(fields), "BAD_CONTENT")
    require(SCHEMAS.get(fields["t"], _anything)(fields), "BAD_CONTENT")
    return Content(fields["t"], fields["id"], fields)


def parse_json(data: bytes) -> Any:
    """UTF-8 JSON: depth <= 6, no key twice, integers only (at most 2^53 - 1), no lone surrogate; else BAD_CONTENT."""
    try:
        text = data.decode()
        _check_depth(text)
        value = json.loads(
            text, object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse, parse_int=_integer
        )  # fmt: skip
        json.dumps(value, ensure_ascii=False).encode()
    except ValueError:
        raise ProtocolError("BAD_CONTENT") from None
    return value


def _check_depth(text: str) -> None:
    """Before the parser, which would follow any depth; strings are skipped, malformed ones are left to it."""
    depth = 0
    for token in STRING_OR_BRACKET.findall(text):
        depth += (token in ("[", "{")) - (token in ("]", "}"))
        require(depth <= MAX_DEPTH, "BAD_CONTENT")


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


def _is_common(fields: dict[str, Any]) -> bool:
    return (
        fields.get("v") == 1
        and _is_count(fields["v"])
        and isinstance(fields.get("t"), str)
        and _matches(UUID, fields.get("id"))
        and _is_count(fields.get("ts"))
        and _is_ack(fields.get("ack"))
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_ack(value: object) -> bool:
    return isinstance(value, dict) and all(_matches(ID_HEX, did) and _is_count(count) for did, count in value.items())


def _is_body(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_BODY_CHARS


def _is_mid(value: object) -> bool:
    return _matches(ID_HEX, value)


def _is_text(fields: dict[str, Any]) -> bool:
    return _is_body(fields.get("body")) and ("re" not in fields or _is_mid(fields["re"]))


def _is_edit(fields: dict[str, Any]) -> bool:
    return _is_mid(fields.get("target")) and _is_count(fields.get("rev")) and _is_body(fields.get("body"))


def _is_delete(fields: dict[str, Any]) -> bool:
    return _is_mid(fields.get("target"))


def _is_react(fields: dict[str, Any]) -> bool:
    return _is_mid(fields.get("target")) and isinstance(fields.get("e"), str) and isinstance(fields.get("on"), bool)


def _is_receipt(fields: dict[str, Any]) -> bool:
    seen = fields.get("seen")
    return isinstance(seen, list) and len(seen) <= MAX_SEEN and all(_is_mid(mid) for mid in seen)


def _anything(_: dict[str, Any]) -> bool:
    return True


SCHEMAS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "text": _is_text,
    "edit": _is_edit,
    "delete": _is_delete,
    "react": _is_react,
    "receipt": _is_receipt,
}
