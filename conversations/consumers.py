"""The socket of one browser: hello, then posts, pulls, acks and heads in order; bells whenever they come."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DatabaseError

from chatproject.lib import measures
from chatproject.lib.addresses import network_prefix, scope_address
from conversations import closecodes, delivery, frames, lobby, offenders, postbox, watching
from conversations.baseconsumer import BaseConsumer
from conversations.refusals import Refusal
from conversations.revalidation import revalidation
from conversations.socketauth import LoginMissing, identify, log_rejection, origin_is_allowed, session_key
from conversations.standing import Standing
from conversations.switchboard import News

HELLO_SECONDS = 5.0
LIFE_SECONDS = 12 * 60 * 60.0
STRIKES = 3
MAX_UNANSWERED = 32  # posts of one socket; it is read on when one is answered
MAX_HANDED = 32  # frames that wait to be sent to one socket; beyond them a bell must do
ANSWER_SECONDS = 2.0


class ChatConsumer(BaseConsumer):
    uid: UUID
    did: UUID
    build: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self._joined = self._welcomed = False
        self._strikes = 0
        self._network = ""
        self._told: dict[UUID, int] = {}
        self._hinted: dict[UUID, int] = {}  # told by a hint, which may be lost, until the client says that it has it
        self._own: dict[UUID, int] = {}  # posted here: no bell rings for it
        self._posts: set[asyncio.Future[postbox.Outcome]] = set()
        self._one_answered: asyncio.Future[None] | None = None  # while many are not
        self._outbox: deque[str] = deque()
        self._outbox_filled = asyncio.Event()
        self._bells: dict[UUID, int] = {}
        self._log_bell = 0

    # The socket's life

    async def opened(self) -> None:
        if not origin_is_allowed(self.scope):
            return await self.close(closecodes.LOGIN_NEEDED)  # before accepting: the browser sees a plain 403
        if not self._enter_lobby():
            return await self.close(closecodes.TOO_MANY)
        refused = await self._identify()
        await self.accept()
        if refused:
            return await self.close(refused)
        revalidation().join(self, key=session_key(self.scope), login=self._login)
        self.start(self._await_hello())
        self.start(self._watch())

    def _enter_lobby(self) -> bool:
        network = network_prefix(scope_address(self.scope))
        if not lobby.enter(network):
            log_rejection("too many that said no hello")
            return False
        self._network = network
        return True

    def _leave_lobby(self) -> None:
        if self._network:
            lobby.leave(self._network)
            self._network = ""

    def closed(self) -> None:
        self._leave_lobby()
        revalidation().leave(self)
        if self._joined:
            delivery.leave(self)

    async def _identify(self) -> int | None:
        """Who this is; or the close code."""
        try:
            self._login = await identify(session_key(self.scope))
        except LoginMissing as missing:
            return missing.close_code
        except DatabaseError:
            return closecodes.SERVER_ERROR
        self.uid, self.did = self._login.uid, self._login.did
        return closecodes.TOO_MANY if offenders.must_wait(self.uid, self.loop.time()) else None

    async def throw_out(self, code: int) -> None:
        if not self.closing:
            offenders.count(self.uid, self.loop.time())
        await super().throw_out(code)

    async def _await_hello(self) -> None:
        await asyncio.sleep(HELLO_SECONDS)
        if not self._welcomed:
            await self.close(closecodes.TOO_SLOW)

    async def _watch(self) -> None:
        """Nobody stays for ever."""
        await asyncio.sleep(LIFE_SECONDS * (0.9 + secrets.randbelow(100) / 1000))
        await self.close(closecodes.GOING_AWAY)

    def login_ended(self, code: int) -> None:
        self.start(self.close(code))

    # What delivery says

    def ring(self, cid: UUID, seq: int, news: News | None = None) -> None:
        """Hands the event over when this socket was told of all before it and reads; else at most one bell waits."""
        if news and self._may_take(cid, seq):
            self._told[cid] = self._hinted[cid] = seq
            watching.count_handed(news.at_ms)
            return self._put(news.text)
        idle = not self._bells and not self._log_bell
        self._bells[cid] = max(seq, self._bells.get(cid, 0))
        if idle and self._welcomed:
            self.start(self._send_bells())

    def _may_take(self, cid: UUID, seq: int) -> bool:
        up_to_date = self._welcomed and self._told.get(cid, 0) == seq - 1 and cid not in self._bells
        return up_to_date and len(self._outbox) < MAX_HANDED

    def ring_log(self, log_size: int) -> None:
        idle = not self._bells and not self._log_bell
        self._log_bell = max(log_size, self._log_bell)
        if idle and self._welcomed:
            self.start(self._send_bells())

    def replaced(self) -> None:
        self.start(self.close(closecodes.REPLACED))

    def recheck(self) -> None:
        revalidation().ask(self)

    def go_away(self, hint: str = "") -> None:
        self.start(self._go_away(hint))

    async def _go_away(self, hint: str) -> None:
        """What was posted is answered first."""
        if self._posts:
            await asyncio.wait(self._posts, timeout=ANSWER_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._send_outbox()
        await self.close(closecodes.GOING_AWAY, hint)

    async def _send_bells(self) -> None:
        bells, self._bells = self._bells, {}
        log_bell, self._log_bell = self._log_bell, 0
        for cid, seq in bells.items():
            if seq > self._told.get(cid, 0):
                self._told[cid] = self._hinted[cid] = seq
                await self._answer(frames.Bell(cid, seq))
        if log_bell:
            await self._answer(frames.LogBell(log_bell))

    # Frames

    def received(self, text: str) -> Awaitable[Any] | None:
        """Posts and acknowledgements, nearly all there is, are taken without waiting: their answers come later."""
        try:
            frame = frames.parse(text)
        except frames.FrameError as error:
            return self._refuse(error.code)
        if not self._welcomed or isinstance(frame, frames.Hello | frames.Pull):
            return self._wait_for(frame)
        if isinstance(frame, frames.Post):
            return self._post(frame)
        with watching.taking(frame):
            if isinstance(frame, frames.Ack):
                self._has(frame.cid, frame.upto)
                postbox.ack(self._login, frame).add_done_callback(self._acked)
            else:
                postbox.heartbeat(self._login).add_done_callback(self._standing_found)
        return None

    async def _wait_for(self, frame: frames.ClientFrame) -> None:
        """A hello, a pull, or what comes before the one or after it."""
        try:
            with watching.taking(frame):
                match frame, self._welcomed:
                    case frames.Hello(), False:
                        await self._hello(frame)
                    case frames.Pull(), True:
                        await self._pull(frame)
                    case _:
                        await self._strike("BAD_FRAME")
        except Refusal as refusal:
            await self._strike(refusal.code)
        except DatabaseError:
            await self._strike("UNAVAILABLE")

    async def _refuse(self, code: str) -> None:
        if code == "TOO_LARGE":
            return await self.throw_out(closecodes.FRAME_TOO_LARGE)
        await self._strike(code)

    async def _pull(self, frame: frames.Pull) -> None:
        self._has(frame.cid, frame.after)
        await self._answer(await postbox.pull(self._login, cid=frame.cid, after=frame.after, limit=frame.limit))

    async def _hello(self, frame: frames.Hello) -> None:
        if frame.did != self.did:
            return await self.close(closecodes.DEVICE_NEEDED)
        self.build = frame.build
        self._joined = self._joined or delivery.join(self)  # from here on bells are kept; they wait for the welcome
        if not self._joined:
            return await self.close(closecodes.TOO_MANY)
        self._leave_lobby()
        now = await postbox.standing(self._login)
        self._told = dict(now.heads)
        await self._answer(frames.Welcome(now.incarnation, now.heads, now.log_size, now.now_ms))
        self._welcomed = True
        self.start(self._write())
        await self._send_bells()

    def _post(self, frame: frames.Post) -> Awaitable[Any] | None:
        """Reading goes on while it is stored: the answer comes by `_answered`. What to wait for when many are."""
        watching.count_taken(frame)
        posted, began = postbox.submit(self._login, frame), time.perf_counter()
        self._posts.add(posted)
        posted.add_done_callback(partial(self._answered, began))
        if len(self._posts) < MAX_UNANSWERED:
            return None
        self._one_answered = self.loop.create_future()
        return self._one_answered

    def _answered(self, began: float, posted: asyncio.Future[postbox.Outcome]) -> None:
        self._posts.discard(posted)
        if self._one_answered and not self._one_answered.done():
            self._one_answered.set_result(None)
        outcome = posted.result()
        if isinstance(outcome.answer, frames.Accepted):
            self._count_own(outcome.answer.cid, outcome.answer.seq)
        watching.count_answered_post(outcome.answer, began)
        self._put(frames.encode(outcome.answer))
        postbox.tell(outcome, but=self)

    def _count_own(self, cid: UUID, seq: int) -> None:
        """An answer tells as much as an event: who was told of all before it is up to date."""
        self._own[cid] = seq
        if self._told.get(cid, 0) == seq - 1:
            self._told[cid] = self._hinted[cid] = seq

    def _acked(self, answer: asyncio.Future[Refusal | None]) -> None:
        refusal = answer.result()
        if refusal and not self.closing:
            self.start(self._strike(refusal.code))

    def _standing_found(self, found: asyncio.Future[Standing]) -> None:
        """The answer to a heartbeat; the next frames are read meanwhile."""
        error = found.exception()
        if self.closing:
            return
        if error:
            self.start(self._heartbeat_failed(error))
            return
        now = found.result()
        news = {cid: seq for cid, seq in now.heads.items() if self._told.get(cid) != seq}
        more = {cid: seq for cid, seq in news.items() if seq > self._told.get(cid, 0)}  # the read may be late
        measures.sweep_recovered.add(by=sum(seq > self._own.get(cid, 0) for cid, seq in more.items()))
        unsure = {cid: now.heads[cid] for cid in self._hinted if cid in now.heads}
        self._told.update(more)
        answer = frames.Heads({**unsure, **news}, now.log_size, now.now_ms)
        watching.count_answer(answer, self.did)
        self._put(frames.encode(answer))

    async def _heartbeat_failed(self, error: BaseException) -> None:
        if isinstance(error, DatabaseError):
            return await self._strike("UNAVAILABLE")
        await self.close(closecodes.TOO_SLOW if isinstance(error, TimeoutError) else closecodes.SERVER_ERROR)

    def _has(self, cid: UUID, upto: int) -> None:
        if self._hinted.get(cid, upto + 1) <= upto:
            del self._hinted[cid]

    async def _answer(self, frame: frames.ServerFrame) -> None:
        watching.count_answer(frame, self.did)
        await self.send_text(frames.encode(frame))

    def _put(self, text: str) -> None:
        """To be sent in order, without waiting here."""
        if self.closing:
            return
        self._outbox.append(text)
        self._outbox_filled.set()

    async def _write(self) -> None:
        """For as long as the socket lives: a task for each frame would cost more than the frame."""
        try:
            while True:
                await self._outbox_filled.wait()
                self._outbox_filled.clear()
                await self._send_outbox()
        except Exception:  # nothing more would be sent
            await self.close(closecodes.SERVER_ERROR)
            raise

    async def _send_outbox(self) -> None:
        while self._outbox and not self.closing:
            await self.send_text(self._outbox.popleft())

    async def _strike(self, code: str) -> None:
        self._strikes += code != "UNAVAILABLE"
        await self._answer(frames.Error(code))
        if self._strikes >= STRIKES:
            await self.throw_out(closecodes.BAD_FRAMES)
