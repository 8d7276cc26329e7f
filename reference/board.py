"""What a conversation shows: texts, files, and what edits, deletes, reactions and receipts make of them (section 8)."""

from dataclasses import dataclass, field, replace
from typing import Any

from reference.content import Content
from reference.envelope import Header

KEPT_MS = 7 * 24 * 3600 * 1000
ACTIONS = frozenset({"edit", "delete", "react"})


@dataclass(frozen=True, slots=True)
class Mark:
    """The last word of a person about one sign; (epoch, counter) orders the words of one device."""

    on: bool
    did: bytes
    order: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as it is now, or a file by its name. `versions`: all by rev, the highest last; `answers`: the text that it
    quotes, when known.
    """

    mid: bytes
    uid: bytes
    text: str = field(repr=False)
    answers: bytes | None = None
    versions: tuple[tuple[int, str], ...] = field(default=(), repr=False)
    deleted: bool = False
    marks: dict[tuple[bytes, str], Mark] = field(default_factory=dict)
    read: bool = False
    is_file: bool = False

    @property
    def signs(self) -> frozenset[tuple[bytes, str]]:
        """Who reacts with what."""
        return frozenset(key for key, mark in self.marks.items() if mark.on)

    @property
    def next_rev(self) -> int:
        return (self.versions[-1][0] if self.versions else 0) + 1


@dataclass(frozen=True, slots=True)
class Action:
    """An edit, a delete or a reaction, and who did it; kept until `until_ms` when its target is not here."""

    header: Header
    fields: dict[str, Any] = field(repr=False)
    until_ms: int


class Board:
    """Ask `shown[mid]` for a text; `take` puts in what was opened, in the order in which it came."""

    def __init__(self) -> None:
        self.shown: dict[bytes, Shown] = {}
        self._ids: dict[tuple[bytes, str], bytes] = {}
        self._waiting: list[Action] = []

    def take(self, header: Header, mid: bytes, content: Content, now_ms: int) -> str | None:
        """A code of section 13 for an action that may not, or not yet; a content of another kind leaves nothing."""
        self._waiting = [action for action in self._waiting if action.until_ms >= now_ms]
        if content.kind in ("text", "file"):
            self._put(header.uid, mid, content)
        elif content.kind == "receipt":
            self._read(header.uid, [bytes.fromhex(one) for one in content.fields["seen"]])
        elif content.kind in ACTIONS:
            return self._act(Action(header, content.fields, now_ms + KEPT_MS))
        return None

    def forget(self, mid: bytes) -> None:
        """Nothing of it is left; its content id stays, so that it does not come again."""
        self.shown.pop(mid, None)

    def _put(self, uid: bytes, mid: bytes, content: Content) -> None:
        if self._ids.setdefault((uid, content.content_id), mid) != mid:
            return
        quoted = bytes.fromhex(content.fields["re"]) if "re" in content.fields else None
        is_file = content.kind == "file"
        text = content.fields["name" if is_file else "body"]
        self.shown[mid] = Shown(mid, uid, text, quoted if quoted in self.shown else None, is_file=is_file)
        mine = [action for action in self._waiting if action.fields["target"] == mid.hex()]
        self._waiting = [action for action in self._waiting if action not in mine]
        for action in mine:
            self._act(action)

    def _act(self, action: Action) -> str | None:
        target = self.shown.get(bytes.fromhex(action.fields["target"]))
        if target is None:
            self._waiting.append(action)
            return "ACTION_UNKNOWN_TARGET"
        if action.fields["t"] != "react" and action.header.uid != target.uid:
            return "ACTION_NOT_OWNER"
        if not target.deleted:
            self.shown[target.mid] = CHANGES[action.fields["t"]](target, action)
        return None

    def _read(self, reader: bytes, mids: list[bytes]) -> None:
        for mid in mids:
            target = self.shown.get(mid)
            if target is not None and target.uid != reader:
                self.shown[mid] = replace(target, read=True)


def _edited(target: Shown, action: Action) -> Shown:
    """The highest rev is shown, all are kept; of two with one rev the one that came first counts."""
    rev, body = action.fields["rev"], action.fields["body"]
    before = target.versions or ((0, target.text),)
    if target.is_file or rev < 1 or (rev, body) in before:
        return target
    versions = tuple(sorted(((rev, body), *before), key=lambda version: version[0]))
    return replace(target, versions=versions, text=versions[-1][1])


def _deleted(target: Shown, _: Action) -> Shown:
    return Shown(target.mid, target.uid, "", target.answers, deleted=True, read=target.read)


def _marked(target: Shown, action: Action) -> Shown:
    header, key = action.header, (action.header.uid, action.fields["e"])
    mark = Mark(action.fields["on"], header.did, (header.epoch, header.counter))
    before = target.marks.get(key)
    if before is not None and before.did == mark.did and mark.order <= before.order:
        return target
    return replace(target, marks={**target.marks, key: mark})


CHANGES = {"edit": _edited, "delete": _deleted, "react": _marked}
