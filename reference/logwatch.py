"""Log and bundles brought up to date for the chats of one client, one chat at a time (section 4)."""

import asyncio
from collections.abc import Awaitable, Callable
from http.client import HTTPException

from reference.errors import CLASS_B, ProtocolError
from reference.news import Problem
from reference.patience import patiently, patiently_telling, to_its_end
from reference.person import Person
from reference.talk import Talk
from reference.web import HttpRefused

# What comes of no answer, and of one that is none.
UNANSWERED = (OSError, HTTPException, HttpRefused, ValueError, LookupError, TypeError, AttributeError)
Ask = Callable[[Callable[[], tuple[str, ...]]], Awaitable[tuple[str, ...]]]


class LogWatch:
    """`tell` takes what a person should see; `lock` is held while the log is looked at."""

    def __init__(self, person: Person, tell: Callable[[Problem], None]) -> None:
        self.lock = asyncio.Lock()
        self._person, self._tell = person, tell
        self._is_stale = False

    async def refresh(self, talk: Talk, record_log_size: int | None) -> None:
        """The newest log and bundles of a chat's people; for a record the log up to its size and what bundles there
        are, for its own checks judge what it refers to (section 6).

        Raises the alarms of sections 3 and 4; LOG_STALE only where a record needs a longer log than is known, else
        what is known stays good.
        """
        async with self.lock:
            await self._log(talk, record_log_size or 0)
            try:
                notices = await patiently(self._person.refresh_bundles, talk.uids)
            except ProtocolError:
                if record_log_size is None:
                    raise
                return
        self._say(talk, *notices)

    async def look(self) -> None:
        """The whole log, asked for once, whether anybody told of news or not; what is wrong with it is told."""
        async with self.lock:
            try:
                await self._ask(None, to_its_end)
            except ProtocolError as error:
                if error.code in CLASS_B:
                    self._say(None, error.code)
            except UNANSWERED:
                pass  # the next look may be answered

    async def _log(self, talk: Talk, log_size: int) -> None:
        if not self._person.needs_log(talk.uids, log_size=log_size):
            return
        try:
            await self._ask(talk, lambda work: patiently_telling(lambda: self._tell_if_late(talk), work))
        except ProtocolError as error:
            if error.code != "LOG_STALE" or log_size > len(self._person.notary.leaves):
                raise

    async def _ask(self, talk: Talk | None, ask: Ask) -> None:
        try:
            notices = await ask(self._person.refresh_log)
        except ProtocolError as error:
            if error.code == "LOG_STALE":
                self._stale(talk)
            elif error.code not in CLASS_B:
                self._tell_if_late(talk)
            raise
        except UNANSWERED:
            self._tell_if_late(talk)
            raise
        self._is_stale = False
        self._say(talk, *notices)

    def _tell_if_late(self, talk: Talk | None) -> None:
        """A log that is not answered is stale once its last head is (section 4)."""
        if self._person.is_log_late:
            self._stale(talk)

    def _stale(self, talk: Talk | None) -> None:
        """It stands for a state: told once while it lasts (section 13)."""
        if not self._is_stale:
            self._say(talk, "LOG_STALE")
        self._is_stale = True

    def _say(self, talk: Talk | None, *codes: str) -> None:
        cid, seq = (None, 0) if talk is None else (talk.state.cid, talk.cursor)
        for code in codes:
            self._tell(Problem(cid, seq, code))
