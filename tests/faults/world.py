"""Everything of one fault: an installation, its servers, people with their own ways to it, and their history."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg

from reference.client import Client
from tests.faults.daemons import Redis
from tests.faults.failpoint import Failpoint
from tests.faults.gate import Gate
from tests.faults.history import History, Violation, check
from tests.faults.installation import Installation, Server, Template, environment_of, private_folder
from tests.faults.people import PASSWORD, Device, Fault, Traffic, until
from tests.services import free_port

NAMES = ("alice", "bob", "carol", "dave")
MAX_DEVICES = 6
EQUAL_SECONDS = 60.0  # I8


class World:
    """`devices` by name; `cids`: a conversation a neighbouring pair. Made by `world(...)`."""

    def __init__(self, installation: Installation, seed: int, settings: dict[str, str]) -> None:
        self.installation, self.seed, self.history = installation, seed, History()
        self.failpoint = Failpoint(lambda: installation.database.port)
        self.servers: list[Server] = []
        self.devices: dict[str, Device] = {}
        self.cids: list[bytes] = []
        self.patience = 1.0  # bounds of time are stretched by it where many tests share the machine
        self._settings, self._ports = settings, [free_port() for _ in range(MAX_DEVICES)]
        self._gates: list[Gate] = []
        self._rounds = 0

    @property
    def environment(self) -> dict[str, str]:
        origins = [f"http://127.0.0.1:{port}" for port in self._ports]
        database = f"postgres://chat@127.0.0.1:{self.failpoint.port}/accounts?sslmode=disable"
        redis = self.installation.redis
        settings = {"DATABASE_URL": database, "EXTRA_ORIGINS": ",".join(origins[1:]), **self._settings}
        return environment_of(
            self.installation.data, origins[0], **settings, **({"REDIS_URL": redis.url} if redis else {})
        )

    @property
    def redis(self) -> Redis:
        if self.installation.redis is None:
            raise RuntimeError("this fault has no Redis")
        return self.installation.redis

    async def open(self, servers: int, people: int) -> None:
        self.installation.database.start()
        if self.installation.redis is not None:
            self.installation.redis.start()
        await self.failpoint.open()
        folder = self.installation.folder
        self.servers = [Server(self.environment, folder / f"server-{number}.log") for number in range(servers)]
        await asyncio.gather(*(server.start() for server in self.servers))
        await asyncio.gather(*(self.add_person(name, pin=number) for number, name in enumerate(NAMES[:people])))
        names = NAMES[:people]
        pairs = list(zip(names, (*names[1:], names[0]), strict=True))[: people if people > 2 else 1]
        self.cids = [await self._start_conversation(*pair) for pair in pairs]

    async def close(self) -> None:
        for device in self.devices.values():
            await device.close()
        for gate in self._gates:
            await gate.close()
        await asyncio.gather(*(server.end() for server in self.servers))
        await self.failpoint.close()
        self.installation.stop()

    async def new_gate(self, pin: int | None = None) -> Gate:
        """A way to one server (`pin`), or to any that listens."""
        number = len(self._gates)
        gate = Gate(lambda: self._backends(pin), self.seed + number)
        self._gates.append(gate)
        await gate.open(self._ports[number])
        return gate

    async def add_person(self, name: str, pin: int | None = None) -> Device:
        gate = await self.new_gate(pin)
        client = await Client.sign_up(f"http://127.0.0.1:{gate.port}", name, PASSWORD)
        client.make_keys(opks=20)
        device = self._keep(Device(name, client, gate, self.history))
        await client.publish()
        device.start_reading()
        return device

    async def add_device(self, name: str, owner: str) -> Device:
        """A second browser of a person, from the key file."""
        gate, first = await self.new_gate(), self.devices[owner].client
        key_file = await asyncio.to_thread(first.export_keyfile, PASSWORD)
        client = await Client.log_in(f"http://127.0.0.1:{gate.port}", first.person.credentials)
        device = self._keep(Device(name, client, gate, self.history))
        device.start_reading()
        await client.restore(key_file, PASSWORD, opks=20)
        for cid in self.cids:
            if owner in self.history.members[cid]:
                self.history.members[cid].add(name)
        return device

    def traffic(self, rate: float = 20.0) -> Traffic:
        places = [(who, cid) for cid in self.cids for who in sorted(self.history.members[cid])]
        self._rounds += 1
        return Traffic(self.devices, places, rate=rate, seed=self.seed + self._rounds)

    async def settle(self, seconds: float = EQUAL_SECONDS) -> float:
        """Faults stop; what is stored is read, and waited for everywhere. What is not equal then is I8."""
        began = asyncio.get_running_loop().time()
        for gate in self._gates:
            gate.mend()
        await asyncio.gather(*(server.start() for server in self.servers if not server.runs))
        for cid in self.cids:
            reader = self.devices[min(self.history.present(cid))]
            self.history.audit[cid] = await reader.everything(cid)
        with contextlib.suppress(Fault):
            await until(lambda: all(self._is_level(cid) for cid in self.cids), seconds, "all devices are equal")
        for cid in self.cids:
            for who in self.history.members[cid]:
                self.history.cursors[(who, cid)] = self.cursor(who, cid)
        await asyncio.sleep(0.05)  # what was told is read
        return asyncio.get_running_loop().time() - began

    async def rows(self, cid: bytes) -> int:
        """Committed events of a conversation, by the database itself."""
        return int(
            (await self.execute("SELECT count(*) FROM conversations_event WHERE cid = %s", uuid.UUID(bytes=cid)))[0]
        )

    async def execute(self, sql: str, *values: object) -> tuple[Any, ...]:
        """One statement by an administrator's own connection; its first row."""
        return await asyncio.to_thread(self._execute, sql, values)

    def _execute(self, sql: str, values: tuple[object, ...]) -> tuple[Any, ...]:
        with psycopg.connect(self.installation.database.url, autocommit=True) as connection:
            cursor = connection.execute(sql, values)
            return (cursor.fetchone() if cursor.description else None) or ()

    def cursor(self, who: str, cid: bytes) -> int:
        exchange = self.devices[who].client.exchanges.get(cid)
        return exchange.talk.cursor if exchange else 0

    def verdict(self) -> list[Violation]:
        return check(self.history)

    def _is_level(self, cid: bytes) -> bool:
        return all(self.cursor(who, cid) == len(self.history.audit[cid]) for who in self.history.present(cid))

    def _backends(self, pin: int | None) -> list[int]:
        servers = self.servers if pin is None else [self.servers[pin % len(self.servers)]]
        return [server.port for server in servers if server.runs]

    def _keep(self, device: Device) -> Device:
        self.devices[device.name] = device
        return device

    async def _start_conversation(self, one: str, other: str) -> bytes:
        cid = await self.devices[one].client.start(self.devices[other].client.uid)
        await self.devices[other].client.start(self.devices[one].client.uid)
        self.history.members[cid] |= {one, other}
        return cid


@contextlib.asynccontextmanager
async def world(
    template: Template, *, seed: int, servers: int = 1, people: int = 2, redis: bool = False, **settings: str
) -> AsyncIterator[World]:
    """A world that has begun: everybody is signed up, connected, and knows their conversations."""
    with private_folder() as folder:
        made = World(Installation(folder, template, with_redis=redis or servers > 1), seed, settings)
        try:
            await made.open(servers, people)
            yield made
        finally:
            await made.close()


@contextlib.contextmanager
def template() -> Iterator[Template]:
    with private_folder() as folder:
        yield Template(folder)
