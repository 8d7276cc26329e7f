"""Faults that people make: sessions that end, devices that race or leave, clocks that differ, months away."""

import asyncio
import time
import uuid

from reference import login, wish
from reference.link import LONGEST_PAUSE_SECONDS
from reference.login import DoorClosed, sign_up
from reference.web import HttpRefused, Web
from tests.faults.epochs import stored_events, winners_of
from tests.faults.people import PASSWORD, Device, hold, until
from tests.faults.registry import fault, in_page
from tests.faults.sealing import post_all, seal
from tests.faults.world import World

CLOSED_SECONDS, RUNG_SECONDS = 5.0, 10.0
LOGIN_NEEDED, GOING_AWAY = 4401, 4412
LATER_HOURS, EARLIER_HOURS = 11, -24
RACES, REFRESH_AFTER, EXTRA_EPOCHS = 8, 3, 1
AWAY_EVENTS, AT_A_TIME, FIRST_SECONDS, PAGES_SECONDS = 5000, 200, 3.0, 60.0
POSTS_PER_SECOND = 80  # less than the frames that the server takes of one socket

in_page(19, "a_clock_a_day_off_is_told")
in_page(30, "a_browser_that_was_away_for_long_reads_what_waited")


@fault(19)
async def clocks_differ(world: World) -> str:
    (server,) = world.servers
    world.history.wanted.add("CLOCK_SKEW")
    for hours in (LATER_HOURS, EARLIER_HOURS):
        async with world.traffic() as traffic:
            await traffic.goes_on(20, 30)
            await server.end()
            await server.start(FAULT_CLOCK_HOURS=str(hours))
            await traffic.goes_on(20, 30)
    everybody = {(name, "CLOCK_SKEW") for name in world.devices}
    await until(lambda: world.history.told == everybody, RUNG_SECONDS, "everybody is told that the clocks differ")
    origin = f"http://127.0.0.1:{world.devices['alice'].gate.port}"
    hold(not await _can_sign_up(origin, "erin", hours=0), "a code of the client's time was taken")
    hold(await _can_sign_up(origin, "frank", hours=EARLIER_HOURS), "a code of the server's time was refused")
    return f"{LATER_HOURS:+} h and {EARLIER_HOURS:+} h, codes by the server's time"


@fault(26, servers=2, FAULT_SOCKET_LIFE_SECONDS="4")
async def socket_of_many_hours(world: World) -> str:
    alice, bob, cid = world.devices["alice"], world.devices["bob"], world.cids[0]
    for number in range(6):
        await alice.say(cid, f"hour {number}")
        await until(lambda text=f"hour {number}": text in bob.shown(cid), RUNG_SECONDS, "bob is rung")
        await asyncio.sleep(2)
    told = bob.gate.close_codes.count(GOING_AWAY)
    hold(told >= 2, "the socket was never sent away")
    return f"sent away {told} times, rung in between"


@fault(27)
async def sessions_end(world: World) -> str:
    alice, bob, cid = world.devices["alice"], world.devices["bob"], world.cids[0]
    second = await world.add_device("bob's second", "bob")
    await alice.say(cid, "before")
    await until(lambda: "before" in second.shown(cid), 30, "the second device has the text")
    await asyncio.to_thread(bob.client.person.web.page, "/account/password/")
    fields = {"old": PASSWORD, "new": f"{PASSWORD} and more"}
    changed = await _closed_after(second, lambda: bob.client.person.web.submit("/account/password/", fields))
    world.history.absent.add(second.name)
    await until(
        lambda: LOGIN_NEEDED in bob.gate.close_codes, CLOSED_SECONDS, "the old socket of the one who changed it"
    )
    await bob.client.connect()
    await alice.say(cid, "after the change")
    await until(lambda: "after the change" in bob.shown(cid), 30, "who changed the password stays")
    logged_out = await _closed_after(bob, lambda: bob.client.person.web.submit("/logout/", {}))
    world.history.absent.add(bob.name)
    await alice.say(cid, "after the log-out")
    await asyncio.sleep(1)
    hold("after the log-out" not in bob.shown(cid), "an event after the log-out")
    hold("after the change" not in second.shown(cid), "an event after the change of the password")
    disabled = await _disabled(world)
    return f"closed {changed:.1f} s after a new password, {logged_out:.1f} s a log-out, {disabled:.1f} s a disabling"


async def _disabled(world: World) -> float:
    """Seconds until the socket of somebody is closed whom an administrator disables."""
    alice, carol, dave = world.devices["alice"], await world.add_person("carol"), await world.add_person("dave")
    cid = await world.start_conversation("alice", "dave")
    await alice.say(cid, "to dave")
    await until(lambda: "to dave" in dave.shown(cid), 30, "dave has the text")
    await world.execute("UPDATE accounts_user SET is_staff = true, is_superuser = true WHERE name = 'carol'")
    path = f"/admin/accounts/user/{uuid.UUID(bytes=dave.client.uid)}/change/"
    await asyncio.to_thread(carol.client.person.web.page, path)
    seconds = await _closed_after(dave, lambda: carol.client.person.web.submit(path, {"is_staff": ""}))
    world.history.absent.add(dave.name)
    await alice.say(cid, "to nobody")
    await asyncio.sleep(1)
    hold("to nobody" not in dave.shown(cid), "an event after the person was disabled")
    return seconds


@fault(28)
async def epochs_race(world: World) -> str:
    kept, wish.REFRESH_AFTER_MESSAGES = wish.REFRESH_AFTER_MESSAGES, REFRESH_AFTER
    try:
        await world.add_device("alice's second", "alice")
        await world.add_device("bob's second", "bob")
        cid = world.cids[0]
        for race in range(RACES):
            saying = (device.say(cid, f"{name} {race} {n}") for name, device in world.devices.items() for n in range(4))
            await asyncio.gather(*saying)
        await world.settle()
    finally:
        wish.REFRESH_AFTER_MESSAGES = kept
    conflicts = world.history.refused["EPOCH_CONFLICT"]
    hold(conflicts > 0, "no two records ever met")
    hold(not world.history.failed, f"{len(world.history.failed)} texts failed")
    winners = winners_of(await stored_events(world, cid), REFRESH_AFTER)
    most = max(extra for _epoch, extra in winners)
    hold(len(winners) >= RACES, f"{len(winners)} records that were due in {RACES} races")
    hold(most <= EXTRA_EPOCHS, f"{most} epochs more than were due after one winner")
    return f"{conflicts} conflicts, {len(winners)} winners, {most} extra epochs at most, {RACES * 16} texts"


@fault(29)
async def removed_with_a_full_outbox(world: World) -> str:
    alice, bob, cid = world.devices["alice"], world.devices["bob"], world.cids[0]
    second = await world.add_device("alice's second", "alice")
    await second.say(cid, "while it belonged")
    texts = [f"too late {number}" for number in range(5)]
    waiting = await seal(second, cid, texts)
    second.gate.cut()
    await alice.client.remove(second.client.person.keyring.device.did)
    world.history.absent.add(second.name)
    await alice.say(cid, "without it")
    second.gate.mend()
    for one in waiting:
        try:
            await asyncio.wait_for(post_all(second, cid, [one]), 60)
        except Exception as error:
            world.history.failed[one.text] = type(error).__name__
    hold(all(text in world.history.failed for text in texts), "a text of the removed device was taken")
    await bob.say(cid, "not for it")
    await until(lambda: "not for it" in alice.shown(cid), 30, "the others go on")
    hold(not {"without it", "not for it"} & set(second.shown(cid)), "the removed device reads on")
    members = bob.client.exchanges[cid].talk.state.members
    hold(second.client.person.keyring.device.did not in {did for _uid, did in members}, "it is still a member")
    return "five failed visibly, the epoch goes on without it"


@fault(30)
async def away_for_long(world: World) -> str:
    alice, bob, cid = world.devices["alice"], world.devices["bob"], world.cids[0]
    await alice.say(cid, "before")
    await until(lambda: "before" in bob.shown(cid), 20, "bob has the first text")
    bob.gate.cut()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for start in range(0, AWAY_EVENTS, AT_A_TIME):
        texts = [f"day {number}" for number in range(start, start + AT_A_TIME)]
        await post_all(alice, cid, await seal(alice, cid, texts))
        await asyncio.sleep(began + (start + AT_A_TIME) / POSTS_PER_SECOND - loop.time())
    pages, welcomed = len(world.history.pages), bob.client.linked().welcomed
    before = len(welcomed)
    bob.gate.mend()
    await until(lambda: len(welcomed) > before, LONGEST_PAUSE_SECONDS + 30, "bob is welcomed again")
    await until(lambda: len(bob.shown(cid)) > 1, FIRST_SECONDS, "bob has the first of what waited")
    first = loop.time() - welcomed[before]
    hold(first <= FIRST_SECONDS, f"the first of what waited was there {first:.1f} s after the welcome")
    await until(lambda: len(bob.shown(cid)) == AWAY_EVENTS + 1, PAGES_SECONDS, "bob has caught up")
    seconds, pages = loop.time() - welcomed[before], len(world.history.pages) - pages
    return f"first after {first:.1f} s, {AWAY_EVENTS} texts in {pages} pages after {seconds:.1f} s"


async def _closed_after(device: Device, act: object) -> float:
    """Seconds from the act to the close of the device's socket."""
    codes = len(device.gate.close_codes)
    began = asyncio.get_running_loop().time()
    await asyncio.to_thread(act)
    await until(lambda: LOGIN_NEEDED in device.gate.close_codes[codes:], CLOSED_SECONDS, f"{device.name} is closed")
    return asyncio.get_running_loop().time() - began


async def _can_sign_up(origin: str, name: str, *, hours: int) -> bool:
    """Whether a newcomer whose clock stands so many hours off gets through the second step."""

    class Clock:
        time = staticmethod(lambda: time.time() + hours * 3600)

    kept, login.time = login.time, Clock
    try:
        await asyncio.to_thread(sign_up, Web(origin), name=name, password=PASSWORD, display_name=name)
    except (DoorClosed, HttpRefused):
        return False
    finally:
        login.time = kept
    return True
