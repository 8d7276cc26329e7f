"""The frames of the wire (docs/architecture.md), strict in and exact out; pure. The only Python place that names one.

`parse` checks size before it reads, then shape, types and bounds; whatever arrives, it returns a frame or raises
FrameError.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from chatproject.lib.encoding import to_base64url
from conversations.framevalues import (
    as_blob,
    as_build,
    as_client_id,
    as_cursors,
    as_id,
    as_ids,
    as_incarnation,
    as_kind,
    as_sequence,
    number_between,
    read_object,
    to_wire,
)

MAX_FRAME_BYTES = 256 * 1024
MAX_PAGE = 200


class FrameError(ValueError):
    """A frame that cannot be taken; `code` is all that is said about it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Hello:
    f: ClassVar[str] = "hello"
    did: UUID
    cursors: Mapping[UUID, int] = field(repr=False)
    incarnation: str | None
    build: str | None = None  # of the page that says it; other clients have none


@dataclass(frozen=True, slots=True)
class Post:
    f: ClassVar[str] = "post"
    cid: UUID
    client_id: UUID
    kind: str
    blob: bytes = field(repr=False)
    blobs: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Pull:
    f: ClassVar[str] = "pull"
    cid: UUID
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Ack:
    f: ClassVar[str] = "ack"
    cid: UUID
    upto: int


@dataclass(frozen=True, slots=True)
class AskHeads:
    f: ClassVar[str] = "heads"


@dataclass(frozen=True, slots=True)
class Welcome:
    f: ClassVar[str] = "welcome"
    incarnation: str
    heads: Mapping[UUID, int]
    log_size: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class Accepted:
    f: ClassVar[str] = "accepted"
    cid: UUID
    client_id: UUID
    seq: int
    sha256: bytes
    dup: bool


@dataclass(frozen=True, slots=True)
class Refused:
    f: ClassVar[str] = "refused"
    cid: UUID
    client_id: UUID
    status: int
    code: str
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Bell:
    f: ClassVar[str] = "bell"
    cid: UUID
    seq: int


@dataclass(frozen=True, slots=True)
class Event:
    """A bell that brings what it tells of."""

    f: ClassVar[str] = "event"
    cid: UUID
    seq: int
    kind: str
    uid: UUID
    did: UUID
    client_id: UUID
    sha256: bytes
    blob: bytes = field(repr=False)
    at_ms: int


@dataclass(frozen=True, slots=True)
class LogBell:
    f: ClassVar[str] = "bell"
    log_size: int


@dataclass(frozen=True, slots=True)
class Item:
    seq: int
    kind: str
    uid: UUID
    did: UUID
    client_id: UUID
    sha256: bytes
    blob: bytes = field(repr=False)
    at_ms: int


@dataclass(frozen=True, slots=True)
class Events:
    f: ClassVar[str] = "events"
    cid: UUID
    first: int
    last: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Heads:
    f: ClassVar[str] = "heads"
    heads: Mapping[UUID, int]
    log_size: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class Error:
    f: ClassVar[str] = "error"
    code: str


ClientFrame = Hello | Post | Pull | Ack | AskHeads
ServerFrame = Welcome | Accepted | Refused | Bell | LogBell | Event | Events | Heads | Error


class StoredEvent(Protocol):
    seq: int
    kind: str
    uid: UUID
    did: UUID
    client_id: UUID
    sha256: bytes
    blob: bytes
    at: datetime


def events(*, cid: UUID, after: int, stored: Iterable[Any]) -> Events:
    """A page of stored events; without any, `from` is after+1 and `to` is after."""
    items = tuple(_item(event) for event in stored)
    return Events(cid=cid, first=after + 1, last=after + len(items), items=items)


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def parse(text: str) -> ClientFrame:
    """The frame a client sent as text. FrameError: TOO_LARGE, BAD_FRAME."""
    if len(text) > MAX_FRAME_BYTES:
        raise FrameError("TOO_LARGE")
    try:
        return _parse_fields(read_object(text))
    except (ValueError, RecursionError):
        raise FrameError("BAD_FRAME") from None


def to_json(frame: ServerFrame) -> dict[str, Any]:
    return {"f": frame.f, **_fields(frame)}


def encode(frame: ServerFrame) -> str:
    return _ENCODERS.get(frame.f, _encode)(frame)


def _encode(frame: Any) -> str:
    return json.dumps(to_json(frame), separators=(",", ":"))


def _encode_accepted(frame: Accepted) -> str:
    """What `_encode` says; every message needs it, and no value in it has anything to escape."""
    return (
        f'{{"f":"accepted","cid":"{frame.cid.hex}","client_id":"{frame.client_id}","seq":{frame.seq},'
        f'"sha256":"{to_base64url(frame.sha256)}","dup":{"true" if frame.dup else "false"}}}'
    )


def _encode_event(frame: Event) -> str:
    """As `_encode_accepted`."""
    return (
        f'{{"f":"event","cid":"{frame.cid.hex}","seq":{frame.seq},"kind":"{frame.kind}","uid":"{frame.uid.hex}",'
        f'"did":"{frame.did.hex}","client_id":"{frame.client_id}","sha256":"{to_base64url(frame.sha256)}",'
        f'"blob":"{to_base64url(frame.blob)}","at_ms":{frame.at_ms}}}'
    )


def _parse_fields(given: Any) -> ClientFrame:
    if type(given) is not dict or type(given.get("f")) is not str or given["f"] not in _CLIENT_FRAMES:
        raise ValueError
    make, parsers = _CLIENT_FRAMES[given["f"]]
    named = given.keys() | _MAY_BE_ABSENT.get(make.f, frozenset())
    if named != parsers.keys() | {"f"}:
        raise ValueError
    frame: ClientFrame = make(**{name: parsers[name](value) for name, value in given.items() if name != "f"})
    return frame


def _item(event: StoredEvent) -> Item:
    return Item(
        event.seq,
        event.kind,
        event.uid,
        event.did,
        event.client_id,
        bytes(event.sha256),
        bytes(event.blob),
        milliseconds(event.at),
    )


def _fields(frame: Any) -> dict[str, Any]:
    given = {item.name: getattr(frame, item.name) for item in fields(frame)}
    return {_WIRE_NAMES.get(name, name): _value(name, value) for name, value in given.items() if value is not None}


def _value(name: str, value: Any) -> Any:
    if name == "client_id":
        return str(value)
    return [_fields(item) for item in value] if isinstance(value, tuple) else to_wire(value)


_ENCODERS: dict[str, Callable[[Any], str]] = {Accepted.f: _encode_accepted, Event.f: _encode_event}
_WIRE_NAMES = {"first": "from", "last": "to"}
_MAY_BE_ABSENT = {Hello.f: frozenset({"build"}), Post.f: frozenset({"blobs"})}
_CLIENT_FRAMES: dict[str, tuple[type[Any], dict[str, Callable[[Any], Any]]]] = {
    "hello": (Hello, {"did": as_id, "cursors": as_cursors, "incarnation": as_incarnation, "build": as_build}),
    "post": (Post, {"cid": as_id, "client_id": as_client_id, "kind": as_kind, "blob": as_blob, "blobs": as_ids}),
    "pull": (Pull, {"cid": as_id, "after": as_sequence, "limit": number_between(1, MAX_PAGE)}),
    "ack": (Ack, {"cid": as_id, "upto": as_sequence}),
    "heads": (AskHeads, {}),
}
