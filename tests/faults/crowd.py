"""People of one history: who writes to whom, their traffic, and what must be equal once the faults have stopped."""

import asyncio
import contextlib
from collections.abc import Sequence

from tests.faults.history import History, Violation, check
from tests.faults.people import Device, Fault, Reader, Traffic, Watched

EQUAL_SECONDS = 60.0  # I8
LOOK_SECONDS = 0.1


class Crowd:
    """`devices` by name, `pages` as well: real pages of the product; `cids`: a conversation a neighbouring pair."""

    def __init__(self, seed: int) -> None:
        self.seed, self.history = seed, History()
        self.devices: dict[str, Device] = {}
        self.pages: dict[str, Watched] = {}
        self.cids: list[bytes] = []
        self._rounds = 0

    @property
    def readers(self) -> dict[str, Reader]:
        return {**self.devices, **self.pages}

    def keep(self, device: Device) -> Device:
        self.devices[device.name] = device
        return device

    async def join(self, device: Device) -> Device:
        """The keys of a new person become public; from here on they read."""
        self.keep(device)
        await device.client.publish()
        device.start_reading()
        return device

    async def start_ring(self, names: Sequence[str]) -> None:
        """Everybody gets a conversation with the next one, the last with the first; nobody with themselves."""
        if len(names) < 2:
            return
        pairs = list(zip(names, (*names[1:], names[0]), strict=True))[: len(names) if len(names) > 2 else 1]
        for pair in pairs:
            await self.start_conversation(*pair)

    async def start_conversation(self, one: str, other: str) -> bytes:
        cid = await self.devices[one].client.start(self.devices[other].client.uid)
        await self.devices[other].client.start(self.devices[one].client.uid)
        self.history.members[cid] |= {one, other}
        self.cids.append(cid)
        return cid

    async def close(self) -> None:
        for reader in self.readers.values():
            await reader.close()

    def traffic(self, rate: float = 20.0) -> Traffic:
        places = [(who, cid) for cid in self.cids for who in sorted(self.history.members[cid])]
        self._rounds += 1
        return Traffic(self.devices, places, rate=rate, seed=self.seed + self._rounds)

    async def settle(self, seconds: float = EQUAL_SECONDS) -> float:
        """What is stored is read, and waited for everywhere, both within `seconds`. What is not equal then is I8."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.history.audit.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(began + seconds):
                await self._until_level()
        if len(self.history.audit) < len(self.cids):
            raise Fault(f"what is stored cannot be read {seconds:g} s after the fault")
        took = loop.time() - began
        for cid in self.cids:
            for who in self.history.members[cid]:
                self.history.cursors[(who, cid)] = self.readers[who].cursor(cid)
        await asyncio.sleep(0.05)  # what was told is read
        for page in self.pages.values():
            page.tell()
        return took

    async def _until_level(self) -> None:
        """Reads what is stored, again when somebody is beyond it meanwhile, until nobody is behind."""
        audit = self.history.audit
        while True:
            await asyncio.gather(*(page.look() for page in self.pages.values()))
            for cid in self.cids:
                if cid not in audit or max(self._cursors(cid)) > len(audit[cid]):
                    audit[cid] = await self.readers[min(self.history.present(cid))].everything(cid)
            if all(set(self._cursors(cid)) == {len(audit[cid])} for cid in self.cids):
                return
            await asyncio.sleep(LOOK_SECONDS)

    def _cursors(self, cid: bytes) -> list[int]:
        return [self.readers[who].cursor(cid) for who in self.history.present(cid)]

    def verdict(self) -> list[Violation]:
        return check(self.history)
