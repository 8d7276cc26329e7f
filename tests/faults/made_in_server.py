"""Faults of the server's own processes: killed at a chosen moment or again and again, asked twice, asked by many."""

import asyncio
import statistics
from typing import Any

from reference import link, wire
from reference.encoding import b64
from tests.faults.failpoint import AFTER_COMMIT, BEFORE_COMMIT
from tests.faults.people import Device, hold, until
from tests.faults.registry import fault
from tests.faults.sealing import SealedPost, post_all, seal
from tests.faults.world import World

KILLS, KILL_EVERY_SECONDS = 10, 3.0
NORMAL_SECONDS, BACK_TO_NORMAL_SECONDS = 2.0, 30.0
BURST, P99_SECONDS = 250, 2.0
GOING_AWAY = 4412


@fault(1)
async def killed_before_commit(world: World) -> str:
    alice, cid = await _talking(world, "F01")
    rows = await world.rows(cid)
    await _killed_while_posting(world, alice, BEFORE_COMMIT, "F01 the text", rows)
    hold(world.history.repeated == 0, "the retry was a repeat: the row was there before its commit")
    return "not stored before the retry"


@fault(2)
async def killed_before_accepted(world: World) -> str:
    alice, cid = await _talking(world, "F02")
    rows, repeated = await world.rows(cid), world.history.repeated
    await _killed_while_posting(world, alice, AFTER_COMMIT, "F02 the text", rows + 1)
    hold(world.history.repeated > repeated, "the retry was not answered as a repeat")
    return "dup=true"


@fault(3, servers=2)
async def killed_before_the_bell(world: World) -> str:
    alice, cid = await _talking(world, "F03")

    def die() -> None:
        world.servers[0].kill()
        alice.gate.cut()  # her retry would ring

    world.failpoint.arm(AFTER_COMMIT, die)
    saying = asyncio.create_task(alice.say(cid, "F03 the text"))
    await asyncio.wait_for(world.failpoint.reached.wait(), 20)
    bound = link.HEARTBEAT_SECONDS + 2
    seconds = await until(lambda: "F03 the text" in world.devices["bob"].shown(cid), bound, "bob has it without a bell")
    alice.gate.mend()
    await world.servers[0].start()
    await saying
    return f"at the peer after {seconds:.1f} s, heartbeat {link.HEARTBEAT_SECONDS:g} s"


@fault(4, servers=2, people=4)
async def killed_in_a_loop(world: World) -> str:
    async with world.traffic() as traffic:
        for _ in range(KILLS):
            await asyncio.sleep(KILL_EVERY_SECONDS)
            for server in world.servers:
                server.kill()
            await asyncio.gather(*(server.start() for server in world.servers))
        began = asyncio.get_running_loop().time()
        p95 = await _until_normal(world, traffic.goes_on)
        seconds = asyncio.get_running_loop().time() - began
    hold(seconds <= BACK_TO_NORMAL_SECONDS, f"p95 {p95:.1f} s, {seconds:.0f} s after the last kill")
    return f"{KILLS} kills of all, p95 normal after {seconds:.1f} s"


@fault(16)
async def ten_times_at_once(world: World) -> str:
    alice, cid = await _talking(world, "F16")
    rows, told = await world.rows(cid), len(world.history.accepted)
    sealed = (await seal(alice, cid, ["F16 the text"]))[0]
    over_https = [asyncio.to_thread(_post_over_https, alice, cid, sealed) for _ in range(5)]
    over_socket = [alice.client.linked().post(cid, sealed.client_id, wire.MESSAGE, sealed.blob) for _ in range(5)]
    answers: list[Any] = await asyncio.gather(*over_socket, *over_https)
    await until(lambda: len(world.history.accepted) == told + 5, 20, "five answers on the socket")
    places = {answer.seq for answer in answers[:5]} | {answer["seq"] for answer in answers[5:]}
    hashes = {b64(answer.sha256) for answer in answers[:5]} | {answer["sha256"] for answer in answers[5:]}
    world.history.ticked[sealed.text] = min(places)
    hold(len(places) == len(hashes) == 1, f"{len(places)} sequences, {len(hashes)} hashes")
    hold(await world.rows(cid) == rows + 1, "more than one row")
    await alice.client.catch_up(cid)
    return "one row, ten equal answers"


@fault(17)
async def another_blob(world: World) -> str:
    alice, cid = await _talking(world, "F17")
    sealed = (await seal(alice, cid, ["F17 the text"]))[0]
    first = await alice.client.linked().post(cid, sealed.client_id, wire.MESSAGE, sealed.blob)
    world.history.ticked[sealed.text] = first.seq
    changed = sealed.blob[:-1] + bytes([sealed.blob[-1] ^ 1])
    again = await alice.client.linked().post(cid, sealed.client_id, wire.MESSAGE, changed)
    await alice.client.catch_up(cid)
    hold(again.dup and (again.seq, again.sha256) == (first.seq, first.sha256), "the second bytes were taken")
    return "the first bytes stay"


@fault(18)
async def many_at_once(world: World) -> str:
    alice, cid = await _talking(world, "F18")
    bob = world.devices["bob"]
    hers = await seal(alice, cid, [f"F18 alice {number}" for number in range(BURST)])
    his = await seal(bob, cid, [f"F18 bob {number}" for number in range(BURST)])
    her_seconds, his_seconds = await asyncio.gather(post_all(alice, cid, hers), post_all(bob, cid, his))
    seconds = sorted([*her_seconds, *his_seconds])
    p99 = seconds[len(seconds) * 99 // 100]
    if world.judges_speed:
        hold(p99 < P99_SECONDS, f"p99 {p99:.2f} s")
    return f"p99 {p99:.2f} s, median {statistics.median(seconds):.2f} s"


@fault(25, servers=2, people=4)
async def rolling_restart(world: World) -> str:
    async with world.traffic() as traffic:
        await traffic.goes_on(20, 30)
        for server in world.servers:
            await server.end()
            await server.start()
            await traffic.goes_on(20, 30)
    told = [code for device in world.devices.values() for code in device.gate.close_codes]
    hold(not world.history.failed, f"{len(world.history.failed)} posts failed visibly")
    hold(GOING_AWAY in told, "no socket was told that its server goes away")
    return f"{told.count(GOING_AWAY)} sockets told {GOING_AWAY}"


async def _talking(world: World, number: str) -> tuple[Device, bytes]:
    """Alice and the first conversation, in which both have keys."""
    alice, bob, cid = world.devices["alice"], world.devices["bob"], world.cids[0]
    await alice.say(cid, f"{number} before")
    await until(lambda: f"{number} before" in bob.shown(cid), 20, "bob has the first text")
    await bob.say(cid, f"{number} hello")
    await until(lambda: f"{number} hello" in alice.shown(cid), 20, "alice has the answer")
    return alice, cid


async def _killed_while_posting(world: World, alice: Device, where: str, text: str, rows: int) -> None:
    cid, (server, *_) = world.cids[0], world.servers
    world.failpoint.arm(where, server.kill)
    saying = asyncio.create_task(alice.say(cid, text))
    await asyncio.wait_for(world.failpoint.reached.wait(), 20)
    hold(await world.rows(cid) == rows, f"{await world.rows(cid)} rows are committed, {rows} should be")
    await server.start()
    await asyncio.wait_for(saying, 60)
    hold(text in world.history.ticked, "the text failed")


async def _until_normal(world: World, goes_on: Any) -> float:
    """Waits for twenty texts in a row of which nearly all were quick; their p95."""
    while True:
        done = len(world.history.sent_seconds)
        await goes_on(20, BACK_TO_NORMAL_SECONDS)
        latest = sorted(world.history.sent_seconds[done:])
        if (p95 := latest[len(latest) * 95 // 100]) <= NORMAL_SECONDS:
            return p95


def _post_over_https(device: Device, cid: bytes, sealed: SealedPost) -> dict[str, Any]:
    path = f"/api/conversations/{cid.hex()}/events/"
    words = {"f": "post", "cid": cid.hex(), "client_id": sealed.client_id, "kind": wire.MESSAGE}
    return device.client.person.web.post(path, **words, blob=b64(sealed.blob))
