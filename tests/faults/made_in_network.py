"""Faults of the way between a client and the servers."""

import asyncio

from reference import link, wire
from tests.faults.gate import Weather
from tests.faults.people import Device, hold, until
from tests.faults.registry import fault, in_page
from tests.faults.world import World

CUT_SECONDS = (30.0, 45.0)
FLAPS = 10
MOST_TRIES = 25  # in the longer cut: with full jitter and a cap of 30 s about eight
CLIENT_NOTICES_SECONDS, SERVER_FREES_SECONDS = 35.0, 60.0
LONG_LATENCY_SECONDS = 2.0
SLOW_EVENTS, PULLS_UNREAD, MOST_KIB = 400, 400, 50 * 1024

in_page(13, "an_offline_queue_is_sent_once")
in_page(14, "a_post_that_nobody_heard_is_sent_again")


@fault(13, people=4)
async def network_cut(world: World) -> str:
    alice = world.devices["alice"]
    async with world.traffic():
        for seconds in CUT_SECONDS:
            tries = len(alice.gate.refused)
            alice.gate.cut()
            await asyncio.sleep(seconds)
            tries = len(alice.gate.refused) - tries
            alice.gate.mend()
            await _online(alice)
        for _ in range(FLAPS):
            alice.gate.cut()
            await asyncio.sleep(0.5)
            alice.gate.mend()
            await asyncio.sleep(0.5)
    hold(0 < tries <= MOST_TRIES, f"{tries} tries in {CUT_SECONDS[-1]:g} s")
    return f"{tries} tries in {CUT_SECONDS[-1]:g} s"


@fault(14)
async def half_open(world: World) -> str:
    alice, cid = world.devices["alice"], world.cids[0]
    await alice.say(cid, "before")
    loop, gate = asyncio.get_running_loop(), alice.gate
    began, freed, opened = loop.time(), len(gate.freed), len(gate.opened)
    gate.weather.deaf = True
    saying = asyncio.create_task(alice.say(cid, "into the void"))
    noticed = await until(lambda: len(gate.opened) > opened, CLIENT_NOTICES_SECONDS, "the client notices")
    await until(lambda: len(gate.freed) > freed, SERVER_FREES_SECONDS, "the server frees the socket")
    freed_after = gate.freed[freed] - began
    gate.mend()
    await saying
    hold(freed_after <= SERVER_FREES_SECONDS, f"the server freed the socket after {freed_after:.0f} s")
    return f"client after {noticed:.0f} s, server after {freed_after:.0f} s"


@fault(15, people=4)
async def bad_weather(world: World) -> str:
    for device in world.devices.values():
        device.gate.weather = Weather(slowest_seconds=LONG_LATENCY_SECONDS, bells_lost=0.05, bells_late=0.3)
    async with world.traffic(rate=8) as traffic:
        await traffic.goes_on(80, 300)
    for device in world.devices.values():
        device.gate.mend()
    return f"{len(world.history.typed)} texts, up to {LONG_LATENCY_SECONDS:g} s each way"


@fault(22)
async def slow_consumer(world: World) -> str:
    alice, bob, cid, (server, *_) = world.devices["alice"], world.devices["bob"], world.cids[0], world.servers
    for number in range(SLOW_EVENTS // 4):
        await alice.say(cid, f"first {number} {'x' * 4000}")
    before, codes = server.memory_kib(), len(bob.gate.freed)
    bob.gate.stall()
    await _ask_without_reading(bob, cid)
    most = 0
    for number in range(SLOW_EVENTS):
        await alice.say(cid, f"then {number}")
        most = max(most, server.memory_kib())
    hold(most - before < MOST_KIB, f"{(most - before) // 1024} MiB more for one slow reader")
    bob.gate.mend()
    await world.settle()
    cut = "cut off" if len(bob.gate.freed) > codes else "kept"
    return f"{(most - before) // 1024} MiB more, the reader was {cut}"


async def _ask_without_reading(device: Device, cid: bytes) -> None:
    """Pages of everything, again and again, that nobody takes."""
    socket = device.client.linked().socket
    for _ in range(PULLS_UNREAD):
        if socket is not None:
            await socket.send(wire.pull(cid, 0, link.PAGE))


async def _online(device: Device) -> None:
    await until(lambda: device.client.linked().socket is not None, 60, f"{device.name} is online again")
