"""One conversation's traffic with the server: pull and apply, propose, seal and post. The caller holds `lock`."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from reference import wire
from reference.board import ACTIONS
from reference.bundle import Bundle
from reference.content import Content, make_content, parse_content
from reference.envelope import Header, Opened, mid_of, parse_header, seal_message
from reference.ephemeral import Ephemeral
from reference.errors import ProtocolError, require
from reference.link import Link, PostRefused
from reference.news import Changed, File, Message, News, Problem
from reference.patience import patiently
from reference.person import Person, now_ms
from reference.primitives import random_bytes, sha256
from reference.record import RESTART, parse_record
from reference.talk import Talk, adopt, apply_message, apply_record, count_refused, forget_late, propose
from reference.wish import can_do_without, is_leaf_old, is_starved, kind_to_propose
from reference.withheld import Withheld

TRIES = 20
LOOK_AGAIN_SECONDS = 1.0
NOT_RENEWED = "KEYS_NOT_RENEWED"
MOST_SKEW_MS = 5 * 60 * 1000


class Exchange:
    """`refresh(talk, record_log_size)` brings log and bundles up to date, None: not for a record; `tell` takes what a
    person should see; `check_open(cid)` raises what stands in the way of sealing; `wait_for_next()`: seconds.
    """

    def __init__(
        self,
        talk: Talk,
        person: Person,
        link: Callable[[], Link],
        *,
        refresh: Callable[[Talk, int | None], Awaitable[None]],
        tell: Callable[["News"], None],
        check_open: Callable[[bytes], None] = lambda _: None,
        wait_for_next: Callable[[], float] = lambda: 0,
    ) -> None:
        self.talk, self.lock = talk, asyncio.Lock()
        self._cid, self._person, self._link = talk.state.cid, person, link
        self._refresh, self._tell, self._check_open = refresh, tell, check_open
        self._wait_for_next, self._has_waited = wait_for_next, False
        self._is_doubtful = False
        self._ephemeral = Ephemeral(talk.board.forget, wall_ms=lambda: now_ms())
        self._withheld = Withheld(talk, is_online=lambda: link().is_online, tell=self._tell_withheld)

    def doubt(self) -> None:
        """The server may not know what is known here: that comes first, whatever is done next."""
        self._is_doubtful = True

    async def catch_up(self) -> None:
        """Apply everything that the server has, in sequence order. SEQ_REWRITE, SEQ_GAP."""
        await self._check_past()
        while (page := await self._link().pull(self._cid, self.talk.cursor)).items:
            for item in page.items:
                if item.seq != self.talk.cursor + 1:
                    raise ProtocolError("SEQ_GAP")
                await self._apply(item)
            await self._link().ack(self._cid, self.talk.cursor)

    def forget_late(self) -> None:
        """Keys of messages that will not be waited for any longer."""
        forget_late(self.talk, now_ms())

    async def look(self) -> None:
        """All events and the newest bundles; what they tell may stand in the way of sealing."""
        await self.catch_up()
        await self._refresh(self.talk, None)

    async def settle(self) -> None:
        """Propose until no record is due; the winner of a race is processed first.

        A server that takes no record stops nothing while only age asks for one.
        """
        talk, person = self.talk, self._person
        for _ in range(TRIES):
            await self._check_past()
            await self._refresh(talk, None)
            self._check_open(self._cid)
            bundles = self._bundles()
            kind = kind_to_propose(talk, person.keyring.device, bundles, now_ms())
            self._has_waited = self._has_waited and kind == RESTART
            if kind is None:
                return
            if kind == RESTART and not self._has_waited:
                await self._wait_outside()
                continue
            prekeys = await patiently(person.prekeys, talk, kind)
            made = propose(talk, kind, person.keyring.device, bundles, person.notary.leaves, prekeys)
            try:
                await self._post_record(made.record.encode())
            except PostRefused:
                if not self._can_do_without():
                    raise
                return self._go_on()
        self._check_open(self._cid)
        require(self._can_do_without(), "EPOCH_GAP")
        self._go_on()

    async def renew_leaf(self) -> None:
        """Without a message, when the own leaf is old."""
        if is_leaf_old(self.talk, now_ms()):
            await self.settle()

    async def send(self, own: dict[str, Any]) -> int:
        """Seal and post a content ("t" and its fields) until accepted, in a later epoch when this one ended."""
        content_id = str(uuid.uuid4())
        for _ in range(TRIES):
            await self.settle()
            seq = await self._send_once(own, content_id)
            if seq is not None:
                return seq
            await self.catch_up()
        raise ProtocolError("EPOCH_GAP")

    def stop(self) -> None:
        """Nothing is waited for any longer."""
        self._withheld.stop()
        self._ephemeral.stop()

    def seal(self, own: dict[str, Any], content_id: str) -> tuple[bytes, bytes]:
        """Content and envelope in the present epoch; its counter is spent."""
        talk, device = self.talk, self._person.keyring.device
        epoch, th, salt = talk.state.epoch, talk.state.th, random_bytes(32)
        acks = {did.hex(): count for did, count in talk.progress().items() if did != device.did}
        before = {did.hex(): count for did, count in talk.owed(device).items()}
        content = make_content(own, content_id=content_id, ts_ms=now_ms(), ack=acks, ack_before=before)
        envelope, talk.chains[(epoch, device.did)] = seal_message(
            content, chain=talk.chains[(epoch, device.did)], cid=self._cid, epoch=epoch, th=th, uid=device.uid,
            did=device.did, salt=salt,
        )  # fmt: skip
        return content, envelope

    async def _check_past(self) -> None:
        """What was applied last still stands where it stood, else SEQ_REWRITE (section 12)."""
        if self._is_doubtful and self.talk.cursor:
            page = await self._link().pull(self._cid, self.talk.cursor - 1)
            require(bool(page.items) and _hash_of(page.items[0]) == self.talk.tail, "SEQ_REWRITE")
        self._is_doubtful = False

    def _advance(self, seq: int, tail: bytes) -> None:
        self.talk.cursor, self.talk.tail = seq, tail

    async def _wait_outside(self) -> None:
        """A member's NEXT that lets this device in is better than a RESTART (section 6)."""
        clock = asyncio.get_running_loop().time
        end = clock() + self._wait_for_next()
        while self.talk.state.next is None and clock() < end:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            await self.catch_up()
        self._has_waited = True

    def _bundles(self) -> tuple[Bundle, ...]:
        return tuple(self._person.notary.usable(uid) for uid in self.talk.uids)

    def _go_on(self) -> None:
        """Under the present keys; once they are old that is said, once an epoch."""
        talk = self.talk
        if not talk.starved and is_starved(talk, self._person.keyring.device, now_ms()):
            talk.starved = True
            self._tell(Problem(self._cid, talk.cursor, NOT_RENEWED))

    def _can_do_without(self) -> bool:
        return can_do_without(self.talk, self._person.keyring.device, self._bundles(), now_ms())

    async def _apply(self, item: wire.Item) -> None:
        """Refused or not, the event is done with; without the log that a record needs it stays the next one."""
        if item.kind == wire.RECORD:
            await self._fetch_needs(item.blob)
        try:
            if item.kind == wire.RECORD:
                self._apply_record(item)
            elif not item.blob:
                self._tombstone(item)
            else:
                self.forget_late()
                self._show(item, apply_message(self.talk, item.blob, (item.uid, item.did), now_ms()))
        except ProtocolError as error:
            if error.code != "DUPLICATE":
                if item.kind == wire.RECORD:
                    count_refused(self.talk, item.blob)
                if error.code == "LOG_SPLIT_VIEW":
                    self._person.keep_record(self._cid, item)
                self._tell(Problem(self._cid, item.seq, error.code))
        self._advance(item.seq, _hash_of(item))

    async def _fetch_needs(self, record: bytes) -> None:
        try:
            log_size = parse_record(record).core.log_size
        except ProtocolError:
            return  # refused as it stands
        await self._refresh(self.talk, log_size)

    def _apply_record(self, item: wire.Item) -> None:
        applied = apply_record(
            self.talk,
            item.blob,
            device=self._person.keyring.device,
            hk_seeds=self._person.keyring.vault.hk_seeds,
            directory=self._person.notary.directory,
            now_ms=now_ms(),
        )
        self._person.drop_opk(applied.used_opk)
        for code in applied.notices:
            self._tell(Problem(self._cid, item.seq, code))

    def _tombstone(self, item: wire.Item) -> None:
        """With a timer it is what both agreed on, without one a gap (section 14)."""
        if self.talk.state.timer_s == 0:
            self._tell(Problem(self._cid, item.seq, "SEQ_GAP"))

    def _show(self, item: wire.Item, opened: Opened) -> None:
        if opened.gap:
            self._tell(Problem(self._cid, item.seq, "COUNTER_GAP"))
            self._withheld.consider()
        content = opened.content
        code = self._take(opened.header, opened.mid, content)
        if code is not None:
            self._tell(Problem(self._cid, item.seq, code))
        elif content.kind in ACTIONS:
            self._tell(Changed(self._cid, item.seq, item.uid, bytes.fromhex(content.fields["target"])))
        if opened.mid not in self.talk.board.shown:
            return  # an action, or what was said before under other keys
        about = self._cid, item.seq, item.uid, item.did, opened.mid
        if content.kind == "text":
            self._tell(Message(*about, content.fields["body"], item.at_ms))
        elif content.kind == "file":
            self._tell(File(*about, content.fields, item.at_ms))
        self._tell_skew(item, content)

    def _take(self, header: Header, mid: bytes, content: Content) -> str | None:
        """Onto the board, for as long as the timer says. The code of an action that may not, or not yet."""
        code = self.talk.board.take(header, mid, content, now_ms())
        if self.talk.state.timer_s and mid in self.talk.board.shown:
            self._ephemeral.begin(mid, self.talk.state.timer_s)
        return code

    def _tell_withheld(self) -> None:
        self._tell(Problem(self._cid, self.talk.cursor, "MESSAGES_WITHHELD"))

    def _tell_skew(self, item: wire.Item, content: Content) -> None:
        """Once, until the clocks agree again."""
        if item.uid == self._person.uid:
            return
        was_skewed, self.talk.is_skewed = self.talk.is_skewed, abs(content.fields["ts"] - item.at_ms) > MOST_SKEW_MS
        if self.talk.is_skewed and not was_skewed:
            self._tell(Problem(self._cid, item.seq, "CLOCK_SKEW"))

    async def _post_record(self, record: bytes) -> None:
        try:
            accepted = await self._link().post(self._cid, str(uuid.uuid4()), wire.RECORD, record)
        except PostRefused as refused:
            self.talk.pending = None
            if refused.status != 409:
                raise
            if refused.code == "STALE_BUNDLE":
                self._person.notary.expect_news()
            await self.catch_up()
            return
        if accepted.seq == self.talk.cursor + 1:
            adopt(self.talk, now_ms())
            self._advance(accepted.seq, sha256(record))
        else:
            await self.catch_up()

    async def _send_once(self, own: dict[str, Any], content_id: str) -> int | None:
        """The sequence, or None when the epoch moved on and the content has to be sealed again."""
        talk = self.talk
        content, envelope = self.seal(own, content_id)
        try:
            blobs = (own["blob"],) if own["t"] == "file" else ()
            accepted = await self._link().post(self._cid, str(uuid.uuid4()), wire.MESSAGE, envelope, blobs)
        except PostRefused as refused:
            if refused.code == "STALE_EPOCH":
                return None
            raise ProtocolError("STATE_ROLLBACK") if refused.code == "COUNTER_TAKEN" else refused from None
        self._take(parse_header(envelope), mid_of(envelope), parse_content(content))
        if accepted.seq == talk.cursor + 1:
            self._advance(accepted.seq, sha256(envelope))
        return accepted.seq


def _hash_of(item: wire.Item) -> bytes:
    """Of the bytes; of a tombstone what the server says."""
    return sha256(item.blob) if item.blob else item.sha256
