"""Faults of what the servers stand on: Redis that restarts, vanishes or is full; PostgreSQL that restarts, crashes,
has no space, changes its tables.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from reference import link
from tests.faults.people import Fault, hold, until
from tests.faults.registry import fault
from tests.faults.volume import small_volume
from tests.faults.world import World

REDIS_AWAY_SECONDS = 60.0
BELLS_BACK_SECONDS = 5.0
QUICK_SECONDS = 1.0
VOLUME_MIB = 160
MIGRATION = (
    "ALTER TABLE conversations_event ADD COLUMN fault_note text NULL",
    "CREATE INDEX CONCURRENTLY fault_index ON conversations_event (at, did)",
    "UPDATE conversations_event SET fault_note = '' WHERE mod(id, 2) = 0",
    "UPDATE conversations_event SET fault_note = '' WHERE fault_note IS NULL",
)


@fault(5, servers=2, people=4)
async def redis_restarts(world: World) -> str:
    async with world.traffic() as traffic:
        await traffic.goes_on(20, 30)
        world.redis.stop()
        await traffic.goes_on(20, 30)
        await asyncio.to_thread(world.redis.start)
    seconds = await _until_bells_ring(world)
    hold(seconds <= BELLS_BACK_SECONDS, f"bells are back after {seconds:.1f} s")
    return f"bells back after {seconds:.1f} s"


@fault(6, servers=2, people=4)
async def redis_is_down(world: World) -> str:
    async with _without_failures(world):
        async with world.traffic() as traffic:
            await traffic.goes_on(20, 60)
            world.redis.stop()
            await traffic.goes_on(20, 60)
            await asyncio.sleep(REDIS_AWAY_SECONDS)
        await world.settle()
    return _slowest(world)


@fault(7, servers=2, people=4)
async def redis_is_full(world: World) -> str:
    async with _without_failures(world):
        async with world.traffic() as traffic:
            await traffic.goes_on(20, 60)
            world.redis.say("FLUSHALL")
            world.redis.say("CONFIG", "SET", "maxmemory", "1")
            await traffic.goes_on(200, 120)
        await world.settle()
    return _slowest(world)


@fault(8, servers=2, people=4, FAULT_LAYER_CAPACITY="1")
async def layer_of_capacity_one(world: World) -> str:
    async with _without_failures(world), world.traffic() as traffic:
        await traffic.goes_on(300, 120)
    await world.settle()
    return _slowest(world)


@fault(9, people=4)
async def postgresql_restarts(world: World) -> str:
    async with world.traffic() as traffic:
        for _ in range(3):
            await traffic.goes_on(20, 60)
            await asyncio.to_thread(world.installation.database.restart_fast)
        await traffic.goes_on(40, 60)
    hold(world.history.refused["UNAVAILABLE"] > 0, "no post was answered with 503")
    hold(not world.history.failed, f"{len(world.history.failed)} texts failed")
    return f"{world.history.refused['UNAVAILABLE']} times 503, all retried"


@fault(10, people=4)
async def postgresql_crashes(world: World) -> str:
    async with world.traffic() as traffic:
        for _ in range(3):
            await traffic.goes_on(40, 60)
            world.installation.database.crash()
            await asyncio.to_thread(world.installation.database.start)
        await traffic.goes_on(40, 60)
    return f"{len(world.history.accepted)} accepted, 3 crashes"


@fault(12, people=4)
async def disk_is_full(world: World) -> str:
    database = world.installation.database
    async with contextlib.AsyncExitStack() as after:
        fill = await after.enter_async_context(small_volume(world, VOLUME_MIB))
        async with world.traffic() as traffic:
            await traffic.goes_on(20, 60)
            fill.all()
            await until(lambda: world.history.refused["UNAVAILABLE"] >= 5, 120, "posts are refused loudly")
            told = await world.devices["bob"].everything(world.cids[0])
            hold(len(told) > 0, "reads do not work")
            fill.nothing()
            if not database.runs:
                await asyncio.to_thread(database.start)
            await traffic.goes_on(40, 90)
        await world.settle()
        hold(not world.history.failed, f"{len(world.history.failed)} texts failed")
    return f"{world.history.refused['UNAVAILABLE']} times 503, reads worked, outboxes drained"


@fault(24, people=4)
async def tables_change(world: World) -> str:
    async with _without_failures(world), world.traffic() as traffic:
        for statement in MIGRATION:
            await traffic.goes_on(20, 60)
            await world.execute(statement)
        await traffic.goes_on(40, 60)
    errors = sum(world.history.refused.values()) - world.history.refused["STALE_EPOCH"]
    errors -= world.history.refused["EPOCH_CONFLICT"]
    hold(errors <= 0.001 * len(world.history.accepted), f"{errors} errors in {len(world.history.accepted)}")
    return f"{errors} errors in {len(world.history.accepted)} posts"


@contextlib.asynccontextmanager
async def _without_failures(world: World) -> AsyncIterator[None]:
    yield
    hold(not world.history.failed, f"{len(world.history.failed)} texts failed")
    hold(world.history.refused["UNAVAILABLE"] == 0, "posts were refused with 503")


def _slowest(world: World) -> str:
    slowest = max(world.history.shown_seconds)
    hold(slowest <= link.HEARTBEAT_SECONDS + 2, f"a text took {slowest:.1f} s to its reader")
    return f"the slowest text took {slowest:.1f} s"


async def _until_bells_ring(world: World) -> float:
    """From now until a text is at the other server's client at once, not by the heartbeat."""
    alice, bob, cid = world.devices["alice"], world.devices["bob"], world.cids[0]
    began = asyncio.get_running_loop().time()
    for number in range(60):
        text = f"ring {number}"
        await alice.say(cid, text)
        with contextlib.suppress(Fault):
            await until(lambda text=text: text in bob.shown(cid), QUICK_SECONDS, "rung")
            return asyncio.get_running_loop().time() - began
    raise Fault("no bell rings any more")
