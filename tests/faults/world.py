"""Everything of one fault: an installation, its servers, people with their own ways to it, and their history."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg

from reference.client import Client
from tests.browser.people import Person
from tests.faults.crowd import EQUAL_SECONDS, Crowd
from tests.faults.daemons import Redis
from tests.faults.failpoint import Failpoint
from tests.faults.gate import Gate
from tests.faults.installation import Installation, Server, Template, environment_of, private_folder
from tests.faults.pages import ChatPage
from tests.faults.people import PASSWORD, Device
from tests.services import free_port

NAMES = ("alice", "bob", "carol", "dave")
MAX_DEVICES = 6


class World(Crowd):
    """A crowd and its own installation. Made by `world(...)`."""

    def __init__(self, installation: Installation, seed: int, settings: dict[str, str]) -> None:
        super().__init__(seed)
        self.installation = installation
        self.failpoint = Failpoint(lambda: installation.database.port)
        self.servers: list[Server] = []
        self.judges_speed = True  # not where other tests share the machine: a load of theirs is no fault of the product
        self._settings, self._ports = settings, [free_port() for _ in range(MAX_DEVICES)]
        self._gates: list[Gate] = []

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
        await self.start_ring(NAMES[:people])

    async def close(self) -> None:
        await super().close()
        for gate in self._gates:
            await gate.close()
        await self.end_servers()
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
        return await self.join(Device(name, client, gate, self.history))

    async def add_device(self, name: str, owner: str) -> Device:
        """A second browser of a person, from the key file."""
        gate, first = await self.new_gate(), self.devices[owner].client
        key_file = await asyncio.to_thread(first.export_keyfile, PASSWORD)
        client = await Client.log_in(f"http://127.0.0.1:{gate.port}", first.person.credentials)
        client.wait_for_next_s = 0  # the first one's program lets nobody in by itself
        device = self.keep(Device(name, client, gate, self.history))
        device.start_reading()
        await client.restore(key_file, PASSWORD, opks=20)
        for cid in self.cids:
            if owner in self.history.members[cid]:
                self.history.members[cid].add(name)
        return device

    async def add_page(self, name: str) -> ChatPage:
        """Somebody new, in a browser."""
        page = ChatPage(name, self.history, await self.new_gate(), self.installation.folder)
        self.pages[name] = page
        await page.sign_up()
        return page

    async def start_page_chat(self, page: ChatPage, other: ChatPage | Device) -> bytes:
        """The page opens the chat, the other one has it as well."""
        cid = await page.start_chat(Person(other.name, other.name.title()))
        if isinstance(other, ChatPage):
            await other.open_chat(page.person, cid)
        else:
            await other.client.start(bytes.fromhex((await page.ask("/api/me/"))["uid"]))
        self.history.members[cid] |= {page.name, other.name}
        self.cids.append(cid)
        return cid

    async def start_servers(self) -> None:
        await asyncio.gather(*(server.start() for server in self.servers if not server.runs))

    async def end_servers(self) -> None:
        await asyncio.gather(*(server.end() for server in self.servers))

    async def settle(self, seconds: float = EQUAL_SECONDS) -> float:
        """Faults stop, then as in every crowd."""
        began = asyncio.get_running_loop().time()
        for gate in self._gates:
            gate.mend()
        await self.start_servers()
        await super().settle(seconds)
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

    def _backends(self, pin: int | None) -> list[int]:
        servers = self.servers if pin is None else [self.servers[pin % len(self.servers)]]
        return [server.port for server in servers if server.runs]


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
