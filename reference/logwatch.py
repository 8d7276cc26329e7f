"""Log and bundles brought up to date for the chats of one client, one chat at a time (section 4)."""

import asyncio
from collections.abc import Callable

from reference.errors import ProtocolError
from reference.exchange import Problem
from reference.patience import patiently
from reference.person import Person
from reference.talk import Talk


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

    async def _log(self, talk: Talk, log_size: int) -> None:
        try:
            notices = await patiently(self._person.refresh_log, talk.uids, log_size=log_size)
        except ProtocolError as error:
            if error.code != "LOG_STALE":
                raise
            self._stale(talk)
            if log_size > len(self._person.notary.leaves):
                raise
        else:
            self._is_stale = False
            self._say(talk, *notices)

    def _stale(self, talk: Talk) -> None:
        """It stands for a state: told once while it lasts (section 13)."""
        if not self._is_stale:
            self._say(talk, "LOG_STALE")
        self._is_stale = True

    def _say(self, talk: Talk, *codes: str) -> None:
        for code in codes:
            self._tell(Problem(talk.state.cid, talk.cursor, code))
