"""The frames of the socket (docs/architecture.md, wire contract). The only place of the reference that names one."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reference.encoding import b64, unb64
from reference.errors import ProtocolError

RECORD, MESSAGE = "record", "message"


@dataclass(frozen=True, slots=True)
class Welcome:
    """Where everything is: conversation -> highest sequence, and the size of the log. Also the answer to `heads`."""

    heads: Mapping[bytes, int]
    log_size: int
    incarnation: str | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A post is in the database at `seq`; `dup` when it was there before."""

    client_id: str
    seq: int
    sha256: bytes
    dup: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A post that changed nothing; `retry_after` in seconds, or None."""

    client_id: str
    status: int
    code: str
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Bell:
    """News of one conversation."""

    cid: bytes
    seq: int


@dataclass(frozen=True, slots=True)
class LogBell:
    """News of the log."""

    log_size: int


@dataclass(frozen=True, slots=True)
class Item:
    """One stored event; `at_ms` is the server's clock."""

    seq: int
    kind: str
    uid: bytes
    did: bytes
    client_id: str
    sha256: bytes
    blob: bytes = field(repr=False)
    at_ms: int


@dataclass(frozen=True, slots=True)
class Handed:
    """A bell that brings its event."""

    cid: bytes
    item: Item


@dataclass(frozen=True, slots=True)
class Events:
    """A page of events, contiguous; `last` < `first` when there are none."""

    cid: bytes
    first: int
    last: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class FrameRefused:
    """A frame that the server could not take."""

    code: str


ServerFrame = Welcome | Accepted | Refused | Bell | LogBell | Handed | Events | FrameRefused


def hello(did: bytes, cursors: Mapping[bytes, int], incarnation: str | None) -> str:
    places = {cid.hex(): seq for cid, seq in cursors.items()}
    return _encode({"f": "hello", "did": did.hex(), "cursors": places, "incarnation": incarnation})


def post(cid: bytes, client_id: str, kind: str, blob: bytes, blobs: tuple[str, ...] = ()) -> str:
    """`blobs`: the attachments that the server keeps as long as this message."""
    fields = {"f": "post", "cid": cid.hex(), "client_id": client_id, "kind": kind, "blob": b64(blob)}
    return _encode({**fields, **({"blobs": list(blobs)} if blobs else {})})


def pull(cid: bytes, after: int, limit: int) -> str:
    return _encode({"f": "pull", "cid": cid.hex(), "after": after, "limit": limit})


def ack(cid: bytes, upto: int) -> str:
    return _encode({"f": "ack", "cid": cid.hex(), "upto": upto})


def ask_heads() -> str:
    return _encode({"f": "heads"})


def parse(text: str | bytes) -> ServerFrame:
    """A frame of the server. ValueError or KeyError when it is none."""
    given = json.loads(text)
    return _PARSERS[given["f"]](given)


def read(text: str | bytes) -> ServerFrame:
    """The same; what cannot be read is named, so that the line lives on."""
    try:
        return parse(text)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, ProtocolError):
        return FrameRefused("BAD_ANSWER")


def _encode(fields: dict[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"))


def _welcome(given: dict[str, Any]) -> Welcome:
    heads = {bytes.fromhex(cid): _whole(seq) for cid, seq in given["heads"].items()}
    return Welcome(heads, _whole(given["log_size"]), given.get("incarnation"))


def _accepted(given: dict[str, Any]) -> Accepted:
    return Accepted(_text(given["client_id"]), _whole(given["seq"]), unb64(given["sha256"]), given["dup"])


def _refused(given: dict[str, Any]) -> Refused:
    code, retry_after = _text(given["code"]), given.get("retry_after")
    return Refused(
        _text(given["client_id"]), _whole(given["status"]), code, None if retry_after is None else float(retry_after)
    )  # fmt: skip


def _bell(given: dict[str, Any]) -> Bell | LogBell:
    if "log_size" in given:
        return LogBell(_whole(given["log_size"]))
    return Bell(bytes.fromhex(given["cid"]), _whole(given["seq"]))


def _events(given: dict[str, Any]) -> Events:
    items = tuple(_item(item) for item in given["items"])
    return Events(bytes.fromhex(given["cid"]), _whole(given["from"]), _whole(given["to"]), items)


def _handed(given: dict[str, Any]) -> Handed:
    return Handed(bytes.fromhex(given["cid"]), _item(given))


def _item(given: dict[str, Any]) -> Item:
    ids = bytes.fromhex(given["uid"]), bytes.fromhex(given["did"])
    hashes = unb64(given["sha256"]), unb64(given["blob"])
    seq, at_ms = _whole(given["seq"]), _whole(given["at_ms"])
    return Item(seq, _text(given["kind"]), *ids, _text(given["client_id"]), *hashes, at_ms)


def _frame_refused(given: dict[str, Any]) -> FrameRefused:
    return FrameRefused(_text(given["code"]))


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not as the contract says")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not as the contract says")
    return value


_PARSERS: dict[str, Callable[[dict[str, Any]], ServerFrame]] = {
    "welcome": _welcome,
    "heads": _welcome,
    "accepted": _accepted,
    "refused": _refused,
    "bell": _bell,
    "event": _handed,
    "events": _events,
    "error": _frame_refused,
}
