"""Faults of a browser: by a real page among the readers of a world, where the checker judges it; beside that by the
page's own Messenger before a stand-in server (tests/js_chat), and by files of tests/browser.
"""

import asyncio
import contextlib
import json
import signal
import uuid
from collections.abc import AsyncIterator

from tests.faults.daemons import PostgreSQL
from tests.faults.pages import ChatPage
from tests.faults.people import Device, hold, until
from tests.faults.registry import fault, in_browsers, in_page
from tests.faults.world import World

SEEN_SECONDS = 30.0
LOST = ("lost of hers", "lost of his", "lost of hers, too")

in_page(
    11,
    "another_database_with_another_past_blocks",
    "a_lower_head_is_a_rewrite",
    "what_a_restored_server_lost_is_sent_again",
)
in_browsers(11, "tests/browser/test_restored.py")
in_page(
    20,
    "two_tabs_write_through_one",
    "a_tab_goes_on_when_the_one_in_charge_ends",
    "what_was_typed_while_the_tab_in_charge_died_goes_out_once",
    "what_was_stored_before_the_tab_in_charge_died_goes_out_once",
)
in_browsers(20, "tests/browser/test_tabs.py")
in_page(
    21,
    "a_crash_between_store_and_post_heals",
    "a_crash_after_the_post_heals",
    "an_older_copy_gets_new_keys_and_loses_nothing",
)
in_page(23, "a_full_disk_refuses_before_a_counter_is_used")


@fault(11, people=0)
async def restored_backup(world: World) -> str:
    alice, bob = await world.add_page("alice"), await world.add_page("bob")
    cid = await world.start_page_chat(alice, bob)
    for writer, reader, text in ((alice, bob, "before the backup"), (bob, alice, "and an answer")):
        await writer.say(cid, text)
        await reader.sees(text)
    backup = world.installation.folder / "backup"
    async with _database_stopped(world) as database:
        database.copy_to(backup)
    await _come_back(alice, bob)
    for writer, reader, text in ((alice, bob, LOST[0]), (bob, alice, LOST[1]), (alice, bob, LOST[2])):
        await writer.say(cid, text)
        await reader.sees(text)
    async with _database_stopped(world) as database:
        for page in (alice, bob):
            await page.look()
            page.forget()
        database.put_back(backup)
    kept = await world.rows(cid)
    world.history.rewind(cid, kept)
    world.history.copies |= {(alice.name, LOST[1]), (bob.name, LOST[0]), (bob.name, LOST[2])}
    await _come_back(alice, bob)
    for page in (alice, bob):
        await page.send_again()
    for page in (alice, bob):
        await page.sees("before the backup", "and an answer", *LOST)
    await alice.sees(LOST[0], LOST[2], state="sent")
    await bob.sees(LOST[1], state="sent")
    return f"both stopped at event {kept}, what was lost went out again"


@fault(20, people=1)
async def two_tabs(world: World) -> str:
    alice, bob, cid = await _talking(world)
    first, second = bob.browser.profile, await bob.open_tab()
    texts = [[f"{tab} tab {number}" for number in range(6)] for tab in ("first", "second")]
    await bob.type_at_once(first, texts[0])
    await bob.type_at_once(second, texts[1])
    await bob.sees(*texts[0], *texts[1], state="sent")
    crashing = [f"into a crash {number}" for number in range(6)]
    await bob.type_at_once(second, crashing)
    await bob.browser.crash(first)
    await bob.unlock()
    await bob.sees(*crashing, state="sent")
    for text in (*texts[0], *texts[1], *crashing):
        await _sees(alice, cid, text)
    await bob.look()
    hold(world.history.refused["COUNTER_TAKEN"] == 0, "both tabs used one counter")
    return "two tabs wrote through one, which crashed"


@fault(21, people=1)
async def tab_is_killed(world: World) -> str:
    alice, bob, cid = await _talking(world)
    await _killed_before_the_post(world, alice, bob, cid)
    older = world.installation.folder / "older profile"
    await bob.browser.quit()
    bob.browser.copy_to(older)
    await bob.browser.start()
    await bob.come_in()
    await bob.say(cid, "after the copy")
    await _sees(alice, cid, "after the copy")
    await bob.browser.quit()
    bob.browser.put_back(older)
    await bob.browser.start()
    await bob.come_in()
    await bob.renew()
    await bob.say(cid, "and on")
    await _sees(alice, cid, "and on")
    await bob.sees("after the copy", state="sent")
    return "what was sealed went out once after the tab's end, an older profile got new keys"


@fault(23, people=1)
async def storage_is_full(world: World) -> str:
    alice, bob, cid = await _talking(world)
    rows = await world.rows(cid)
    await bob.browser.fill()
    bob.type(cid, "no room")
    await bob.write("no room")
    await bob.is_told("This browser has no room left, so nothing was sent.")
    await alice.say(cid, "while it is full")
    await bob.sees_nothing_of("no room")
    hold(await world.rows(cid) == rows + 1, "something was posted")
    await bob.browser.give_room()
    await bob.press_enter()
    await bob.sees("no room", state="sent")
    await _sees(alice, cid, "no room")
    await bob.say(cid, "room again")
    await _sees(alice, cid, "room again")
    await bob.sees("while it is full")
    spent = "SELECT bool_and(sent = last + 1) FROM (SELECT count(*) AS sent, max(counter) AS last FROM "
    spent += "conversations_event WHERE cid = %s AND kind = 'message' GROUP BY epoch, did) AS chains"
    hold((await world.execute(spent, uuid.UUID(bytes=cid)))[0], "a counter was used for what was refused")
    return "refused with words, no counter used, sent when there was room"


async def _talking(world: World) -> tuple[Device, ChatPage, bytes]:
    """Alice, a page of bob, and their chat, in which both have keys and nobody owes anything."""
    alice, bob = world.devices["alice"], await world.add_page("bob")
    cid = await world.start_page_chat(bob, alice)
    await bob.say(cid, "before")
    await _sees(alice, cid, "before")
    await alice.say(cid, "hello")
    await bob.sees("hello")
    head = world.history.ticked["hello"]
    await until(lambda: alice.cursor(cid) > head, SEEN_SECONDS, "bob's page has acknowledged the answer")
    return alice, bob, cid


async def _killed_before_the_post(world: World, alice: Device, bob: ChatPage, cid: bytes) -> None:
    rows = await world.rows(cid)
    await bob.hold_posts()
    bob.type(cid, "into the crash")
    await bob.write("into the crash")
    held = await bob.held()
    hold(await world.rows(cid) == rows, "the held post was stored")
    await bob.browser.crash(bob.browser.profile)
    await bob.browser.add_tab()
    await bob.come_in()
    await bob.sees("into the crash", state="sent")
    await _sees(alice, cid, "into the crash")
    place = dict((text, seq) for seq, text in world.history.shown[alice.name, cid])["into the crash"]
    stored = (await alice.everything(cid))[place - 1]
    hold(stored.client_id == json.loads(held)["client_id"], "other bytes went out than were sealed before the end")


@contextlib.asynccontextmanager
async def _database_stopped(world: World) -> AsyncIterator[PostgreSQL]:
    """The servers and their database stop, and start again with another incarnation, as after a restored backup."""
    database = world.installation.database
    await world.end_servers()
    await asyncio.to_thread(database.stop, signal.SIGINT)
    yield database
    await asyncio.to_thread(database.start)
    await asyncio.to_thread(world.installation.manage, "renew_incarnation", environment=world.environment)
    await world.start_servers()


async def _come_back(*pages: ChatPage) -> None:
    for page in pages:
        await page.come_back()


async def _sees(device: Device, cid: bytes, text: str) -> None:
    await until(lambda: text in device.shown(cid), SEEN_SECONDS, f"{device.name} has {text}")
