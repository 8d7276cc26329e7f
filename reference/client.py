"""A whole client over the network, for tests and benches: keys, chats, sending, listening, the key file.

It holds its keys in memory only and reads history with its vault open. Whatever the server orders is applied in
sequence order and comes out of `events`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from reference import wire
from reference.board import Board
from reference.courier import download, seal_file, upload
from reference.epochs import EpochState
from reference.errors import CLASS_B, ProtocolError
from reference.exchange import Exchange
from reference.keyring import OPK_POOL
from reference.link import Link
from reference.login import Credentials, log_in, sign_up
from reference.logwatch import LogWatch
from reference.news import Changed, File, Message, News, Problem
from reference.pairs import ChatRefused, Pair, check_chat, pair_of
from reference.patience import patiently, to_its_end
from reference.person import Person
from reference.talk import Talk
from reference.upkeep import Upkeep
from reference.web import Web

__all__ = ["Changed", "ChatRefused", "Client", "File", "Message", "Problem"]


STATES = frozenset({"SEQ_GAP", "SEQ_REWRITE", "NAME_REBOUND"})


class Client:
    """One person at one device. Make it with `await Client.sign_up(...)` or `await Client.log_in(...)`.

    `heeds_blocks`: after a code of class B nothing is sealed, unless it is one of `decided`; else whoever holds the
    client decides. `wait_for_next_s`: how long a member may take to let this device in, before it begins anew.
    """

    def __init__(self, person: Person) -> None:
        self.person = person
        self.exchanges: dict[bytes, Exchange] = {}
        self._log = LogWatch(person, self._tell)
        self._upkeep = Upkeep(person, self._log, self.exchanges, self._is_idle)
        self._heads: dict[bytes, int] = {}  # as they were told last
        self._events: asyncio.Queue[News] = asyncio.Queue()
        self._hearing: dict[bytes, asyncio.Task[None]] = {}
        self._link: Link | None = None
        self._standing: set[tuple[bytes, str]] = set()  # conversation and code of what was told and lasts
        self._blocks: dict[bytes | None, list[str]] = {}  # conversation, or all of them -> the reasons
        self.heeds_blocks = False
        self.decided: frozenset[str] = frozenset()
        self.wait_for_next_s = 10.0
        self.make_link: Callable[..., Link] = Link

    @classmethod
    async def sign_up(cls, origin: str, name: str, password: str) -> "Client":
        """A new account, fully logged in, without keys yet."""
        web = Web(origin)
        credentials = await asyncio.to_thread(sign_up, web, name=name, password=password, display_name=name.title())
        return cls(await asyncio.to_thread(Person, web, credentials))

    @classmethod
    async def log_in(cls, origin: str, credentials: Credentials) -> "Client":
        """A new browser of an account; its keys come with `restore`."""
        web = Web(origin)
        await asyncio.to_thread(log_in, web, credentials)
        return cls(await asyncio.to_thread(Person, web, credentials))

    @property
    def uid(self) -> bytes:
        return self.person.uid

    def make_keys(self, *, opks: int = OPK_POOL) -> None:
        self.person.make_keys(opks=opks)

    async def publish(self) -> None:
        """The next bundle with this device; afterwards the session is bound to it and the socket is open."""
        await asyncio.to_thread(self.person.publish)
        await self.connect()

    async def remove(self, did: bytes) -> None:
        """Take another device out of the account."""
        async with self._log.lock:
            await asyncio.to_thread(self.person.remove, did)

    def export_keyfile(self, passphrase: str) -> bytes:
        return self.person.export_keyfile(passphrase)

    async def restore(self, data: bytes, passphrase: str, *, opks: int = OPK_POOL) -> None:
        """A new device from the key file; all that was written before comes out of `events`."""
        notices = await to_its_end(self.person.restore, data, passphrase, opks=opks)
        self._tell(*(Problem(None, 0, code) for code in notices))
        await self.connect()
        for cid in await self._list():
            await self.catch_up(cid)

    async def start(self, uid: bytes) -> bytes:
        """The conversation with a person (or oneself); keys are agreed with the first message. Returns its cid.

        ChatRefused: the server names whom it likes, so only the one chat of the two is taken.
        """
        found = await patiently(self.person.open_conversation, uid)
        pair = min(self.uid, uid), max(self.uid, uid)
        return self._open(check_chat(found, pair, known=self._pairs()), *pair)

    async def send(self, cid: bytes, text: str, *, re: bytes | None = None) -> int:
        """Agree on keys when that is due, seal, post until accepted; `re`: the mid it answers. Returns the sequence."""
        return await self._send(cid, {"t": "text", "body": text, **({} if re is None else {"re": re.hex()})})

    async def send_file(self, cid: bytes, name: str, data: bytes) -> int:
        """Seal and upload a file, then send the message that names it. Returns the sequence. FILE_TOO_LARGE."""
        self.check_open(cid)
        sealed = await asyncio.to_thread(seal_file, name, data)
        await patiently(upload, self.person.web, cid, sealed)
        return await self._send(cid, sealed.content)

    async def fetch_file(self, file: File) -> bytes:
        """What a message names, all of it checked. Section 9's errors."""
        return await patiently(download, self.person.web, file.cid, file.content)

    async def edit(self, cid: bytes, mid: bytes, text: str) -> int:
        rev = self.board(cid).shown[mid].next_rev
        return await self._send(cid, {"t": "edit", "target": mid.hex(), "rev": rev, "body": text})

    async def delete(self, cid: bytes, mid: bytes) -> int:
        return await self._send(cid, {"t": "delete", "target": mid.hex()})

    async def react(self, cid: bytes, mid: bytes, sign: str, *, on: bool = True) -> int:
        return await self._send(cid, {"t": "react", "target": mid.hex(), "e": sign, "on": on})

    async def tell_read(self, cid: bytes, *mids: bytes) -> int:
        return await self._send(cid, {"t": "receipt", "seen": [mid.hex() for mid in mids]})

    def board(self, cid: bytes) -> Board:
        """What the conversation shows now."""
        return self.exchanges[cid].talk.board

    async def settle(self, cid: bytes) -> None:
        """Propose a record when one is due (section 6), without a message."""
        exchange = self.exchanges[cid]
        async with exchange.lock:
            await exchange.catch_up()
            await exchange.settle()

    async def repair(self, cid: bytes) -> None:
        """Begin the keys anew, whatever they are: for a person who trusts the present ones no more (section 12)."""
        self.exchanges[cid].talk.repair = True
        await self.settle(cid)

    async def set_timer(self, cid: bytes, timer_s: int) -> None:
        """Messages of this conversation disappear after `timer_s` seconds; 0: they stay."""
        self.exchanges[cid].talk.timer_wish = timer_s
        await self.settle(cid)

    def timer(self, cid: bytes) -> int:
        """The seconds in force."""
        return self.exchanges[cid].talk.state.timer_s

    async def catch_up(self, cid: bytes) -> None:
        """Apply everything that the server has."""
        exchange = self.exchanges[cid]
        async with exchange.lock:
            await exchange.catch_up()

    async def look(self, cid: bytes) -> None:
        """Apply everything that the server has, of the people's keys as well."""
        exchange = self.exchanges[cid]
        async with exchange.lock:
            await exchange.look()

    def heard(self) -> Iterator[News]:
        """What `events` would give at once."""
        while not self._events.empty():
            yield self._events.get_nowait()

    async def events(self) -> AsyncIterator[News]:
        """What others wrote, in each conversation's order, and what was refused or noticed."""
        while True:
            yield await self._events.get()

    async def connect(self) -> None:
        """A socket; a new one after the server closed the last for good, for example at a new web session."""
        self._link = self.make_link(
            self.person.web.origin,
            lambda: self.person.web.cookies,
            self.person.keyring.device.did,
            cursors=lambda: {cid: exchange.talk.cursor for cid, exchange in self.exchanges.items()},
            on_news=self._news,
            on_doubt=self._doubt,
        )
        await self._link.open()
        self._upkeep.start()

    async def export(self, cid: bytes) -> bytes:
        """The conversation as a file that opens with this account's key file (section 18), whatever was told of it."""
        events: list[wire.Item] = []
        while (page := await self.linked().pull(cid, len(events))).items:
            events += page.items
        return await asyncio.to_thread(self.person.export, self.exchanges[cid].talk, events)

    async def leave(self) -> None:
        """Take this device out of the account, if it got that far, and close: for a visit that keeps no keys."""
        await self.close()
        if self.person.has_keys:
            await asyncio.to_thread(self.person.remove, self.person.keyring.device.did)

    async def close(self) -> None:
        await self._upkeep.stop()
        for exchange in self.exchanges.values():
            exchange.stop()
        for task in list(self._hearing.values()):
            task.cancel()
        if self._link is not None:
            await self._link.close()

    async def _send(self, cid: bytes, own: dict[str, Any]) -> int:
        exchange = self.exchanges[cid]
        async with exchange.lock:
            return await exchange.send(own)

    def _news(self, heads: Mapping[bytes, int], log_size: int) -> None:
        self.person.notary.expect_news(log_size)
        self._heads |= heads
        for cid, seq in heads.items():
            known = self.exchanges.get(cid)
            if known is None or known.talk.cursor < seq:
                self._begin_to_hear(cid)

    def _doubt(self, cid: bytes) -> None:
        self.exchanges[cid].doubt()
        self._begin_to_hear(cid)

    def _begin_to_hear(self, cid: bytes) -> None:
        if cid not in self._hearing:
            self._hearing[cid] = asyncio.create_task(self._hear(cid))

    def _is_idle(self) -> bool:
        """Everything was processed that the server has, as far as it told."""
        known = {cid: exchange.talk.cursor for cid, exchange in self.exchanges.items()}
        return self.linked().is_online and all(known.get(cid, -1) >= seq for cid, seq in self._heads.items())

    async def _hear(self, cid: bytes) -> None:
        """Catch up with one conversation; news that come while this waits for the lock are covered by it."""
        try:
            if cid not in self.exchanges:
                await self._list()
            if cid in self.exchanges:
                await self._listen_to(self.exchanges[cid])
        except ProtocolError as error:
            self._tell_refusal(cid, error.code)
        finally:
            if self._hearing.get(cid) is asyncio.current_task():
                del self._hearing[cid]

    async def _listen_to(self, exchange: Exchange) -> None:
        cid = exchange.talk.state.cid
        async with exchange.lock:
            del self._hearing[cid]
            await exchange.catch_up()
        self._standing -= {(cid, code) for code in STATES}

    def _tell_refusal(self, cid: bytes, code: str) -> None:
        """What stands for a state is told once while it lasts (section 13), LOG_STALE by whom it is seen."""
        if code == "LOG_STALE" or (cid, code) in self._standing:
            return
        if code in STATES:
            self._standing.add((cid, code))
        cursor = self.exchanges[cid].talk.cursor if cid in self.exchanges else 0
        self._tell(Problem(cid, cursor, code))

    async def _list(self) -> list[bytes]:
        """The chats of the server's list in which this person is one of the two; no other is known here."""
        found = [(bytes.fromhex(one["cid"]), pair_of(one)) for one in await patiently(self.person.conversations)]
        return [self._open(cid, *pair) for cid, pair in found if pair[0] <= pair[1] and self.uid in pair]

    def _pairs(self) -> dict[bytes, Pair]:
        return {cid: (one.talk.state.uid_lo, one.talk.state.uid_hi) for cid, one in self.exchanges.items()}

    def _open(self, cid: bytes, lo: bytes, hi: bytes) -> bytes:
        fresh = Exchange(
            Talk(EpochState(cid, lo, hi)),
            self.person,
            self.linked,
            refresh=self._log.refresh,
            tell=self._tell,
            check_open=self.check_open,
            wait_for_next=lambda: self.wait_for_next_s,
        )
        self.exchanges.setdefault(cid, fresh)
        return cid

    def check_open(self, cid: bytes) -> None:
        """The code of class B that nobody has decided about; nothing is sealed then (section 12)."""
        for code in (*self._blocks.get(cid, ()), *self._blocks.get(None, ())):
            if self.heeds_blocks and code not in self.decided:
                raise ProtocolError(code)

    def _tell(self, *news: News) -> None:
        for each in news:
            if isinstance(each, Problem) and each.code in CLASS_B:
                self._blocks.setdefault(None if each.code.startswith("LOG_") else each.cid, []).append(each.code)
            self._events.put_nowait(each)

    def linked(self) -> Link:
        if self._link is None:
            raise ConnectionError("publish or restore first")
        return self._link
