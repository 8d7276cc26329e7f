"""The sockets of one event loop: who is here, and ringing them. Knows no other process."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Protocol
from uuid import UUID

MAX_SOCKETS_A_USER = 10


@dataclass(frozen=True, slots=True)
class News:
    """An event as the frame that hands it over, and when it was stored."""

    text: str = field(repr=False)
    at_ms: int


class Socket(Protocol):
    """What the doorbell knows of a consumer. None of these waits."""

    uid: UUID
    did: UUID
    build: str | None

    def ring(self, cid: UUID, seq: int, news: News | None = None) -> None:
        """`news` brings the event itself."""

    def ring_log(self, log_size: int) -> None: ...
    def replaced(self) -> None: ...
    def recheck(self) -> None: ...
    def go_away(self, hint: str = "") -> None: ...


class Switchboard:
    def __init__(self) -> None:
        self._sockets: dict[UUID, dict[Socket, float]] = {}  # and when each joined

    def join(self, socket: Socket, *, now: float) -> bool:
        """Put a socket in charge of its device; an older one of the same device is told so. False: too many."""
        self.replace(socket.uid, socket.did, before=inf)
        mine = self._sockets.setdefault(socket.uid, {})
        if len(mine) >= MAX_SOCKETS_A_USER:
            return False
        mine[socket] = now
        return True

    def attend(self, socket: Socket) -> bool:
        """Ring a socket that is in charge of no device: it ends none, and none ends it. False: too many."""
        mine = self._sockets.setdefault(socket.uid, {})
        if len(mine) >= MAX_SOCKETS_A_USER:
            return False
        mine[socket] = inf
        return True

    def leave(self, socket: Socket) -> None:
        mine = self._sockets.get(socket.uid, {})
        mine.pop(socket, None)
        if not mine:
            self._sockets.pop(socket.uid, None)

    def people(self) -> set[UUID]:
        return set(self._sockets)

    def sockets(self) -> list[Socket]:
        return self._of(self._sockets)

    def ring(
        self, uids: Iterable[UUID], *, cid: UUID, seq: int, news: News | None = None, but: Socket | None = None
    ) -> None:
        for socket in self._of(uids):
            if socket is not but:
                socket.ring(cid, seq, news)

    def ring_log(self, uids: Iterable[UUID], *, log_size: int) -> None:
        for socket in self._of(uids):
            socket.ring_log(log_size)

    def replace(self, uid: UUID, did: UUID, *, before: float) -> None:
        """A newer socket is in charge of a device: those that joined before it are told so."""
        for socket, joined in list(self._sockets.get(uid, {}).items()):
            if socket.did == did and joined < before:
                self.leave(socket)
                socket.replaced()

    def recheck(self, uid: UUID) -> None:
        for socket in self._of([uid]):
            socket.recheck()

    def hear(self, message: dict[str, Any], *, lag: float = 0.0) -> None:
        """What another process had to say to people here (see `delivery`); its clock is `lag` seconds behind ours."""
        uids = [UUID(hex=uid) for uid in message["uids"]]
        match message["type"]:
            case "event":
                news = News(message["text"], message["stored_ms"]) if "text" in message else None
                self.ring(uids, cid=UUID(message["cid"]), seq=message["seq"], news=news)
            case "log":
                self.ring_log(uids, log_size=message["log_size"])
            case "replaced":
                before = message.get("joined", inf) + lag  # the release before told no time
                for uid in uids:
                    self.replace(uid, UUID(message["did"]), before=before)
            case "recheck":
                for uid in uids:
                    self.recheck(uid)

    def _of(self, uids: Iterable[UUID]) -> list[Socket]:
        return [socket for uid in uids for socket in self._sockets.get(uid, ())]
