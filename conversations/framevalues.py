"""The values that frames are made of. A parser takes what JSON gave and returns one exact type or raises ValueError."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from chatproject.lib.encoding import from_base64url, from_hex_id, to_base64url, to_hex_id

MAX_NUMBER = (1 << 53) - 1  # what JavaScript counts exactly
MAX_CURSORS = 5000
MAX_BLOBS = 10  # of one post
KINDS = ("record", "message")
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_BUILD = re.compile(r"[0-9a-f]{16}")
_INCARNATION = re.compile(r"[0-9a-f]{32}")


def as_text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError
    return value


def as_id(value: Any) -> UUID:
    return from_hex_id(as_text(value))


def as_ids(value: Any) -> tuple[UUID, ...]:
    """At least one, none twice."""
    if type(value) is not list or not 1 <= len(value) <= MAX_BLOBS:
        raise ValueError
    found = tuple(as_id(each) for each in value)
    if len(set(found)) != len(found):
        raise ValueError
    return found


def as_client_id(value: Any) -> UUID:
    if not _UUID4.fullmatch(as_text(value)):
        raise ValueError
    return UUID(value)


def as_kind(value: Any) -> str:
    if value not in KINDS:
        raise ValueError
    return as_text(value)


def as_blob(value: Any) -> bytes:
    return from_base64url(as_text(value))


def number_between(least: int, most: int) -> Callable[[Any], int]:
    def parse_number(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError
        return value

    return parse_number


def as_cursors(value: Any) -> dict[UUID, int]:
    if type(value) is not dict or len(value) > MAX_CURSORS:
        raise ValueError
    return {as_id(cid): as_sequence(seq) for cid, seq in value.items()}


def as_incarnation(value: Any) -> str | None:
    if value is not None and not _INCARNATION.fullmatch(as_text(value)):
        raise ValueError
    return value if value is None else as_text(value)


def as_build(value: Any) -> str:
    if not _BUILD.fullmatch(as_text(value)):
        raise ValueError
    return as_text(value)


def read_object(text: str) -> Any:
    """JSON without fractions, without a name given twice. ValueError or RecursionError otherwise."""
    return _JSON.decode(text)


def to_wire(value: Any) -> Any:
    """How a value stands in JSON (docs/architecture.md, identifiers and encodings)."""
    if isinstance(value, UUID):
        return to_hex_id(value)
    if isinstance(value, bytes):
        return to_base64url(value)
    if isinstance(value, Mapping):
        return {to_hex_id(cid): seq for cid, seq in value.items()}
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError
    return made


def _refuse(_text: str) -> Any:
    raise ValueError


as_sequence = number_between(0, MAX_NUMBER)
_JSON = json.JSONDecoder(object_pairs_hook=_object, parse_float=_refuse, parse_constant=_refuse)  # making one is dear
