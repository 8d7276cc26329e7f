"""People of one history: who writes to whom, their traffic, and what must be equal once the faults have stopped."""

import asyncio
import contextlib
from collections.abc import Sequence

from tests.faults.history import History, Violation, check
from tests.faults.people import Device, Fault, Traffic, until

EQUAL_SECONDS = 60.0  # I8


class Crowd:
    """`devices` by name; `cids`: a conversation a neighbouring pair."""

    def __init__(self, seed: int) -> None:
        self.seed, self.history = seed, History()
        self.devices: dict[str, Device] = {}
        self.cids: list[bytes] = []
        self._rounds = 0

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
        """Everybody gets a conversation with the next one, the last with the first."""
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
        for device in self.devices.values():
            await device.close()

    def traffic(self, rate: float = 20.0) -> Traffic:
        places = [(who, cid) for cid in self.cids for who in sorted(self.history.members[cid])]
        self._rounds += 1
        return Traffic(self.devices, places, rate=rate, seed=self.seed + self._rounds)

    async def settle(self, seconds: float = EQUAL_SECONDS) -> float:
        """What is stored is read, and waited for everywhere. What is not equal then is I8."""
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(seconds):
                for cid in self.cids:
                    reader = self.devices[min(self.history.present(cid))]
                    self.history.audit[cid] = await reader.everything(cid)
        except TimeoutError:
            raise Fault(f"what is stored cannot be read {seconds:g} s after the fault") from None
        with contextlib.suppress(Fault):
            await until(lambda: all(self._is_level(cid) for cid in self.cids), seconds, "all devices are equal")
        for cid in self.cids:
            for who in self.history.members[cid]:
                self.history.cursors[(who, cid)] = self.cursor(who, cid)
        await asyncio.sleep(0.05)  # what was told is read
        return asyncio.get_running_loop().time() - began

    def cursor(self, who: str, cid: bytes) -> int:
        exchange = self.devices[who].client.exchanges.get(cid)
        return exchange.talk.cursor if exchange else 0

    def verdict(self) -> list[Violation]:
        return check(self.history)

    def _is_level(self, cid: bytes) -> bool:
        return all(self.cursor(who, cid) == len(self.history.audit[cid]) for who in self.history.present(cid))
