/** Messages that disappear: agreed by a record, told at both sides, ended on time, and nothing left to read them with. */

import { unlockRing } from "/static/js/chat/browser-ring.js";
import { openDatabase } from "/static/js/store/database.js";
import { parseRecord } from "/static/js/crypto/epoch.js";
import { fromBase64Url, hex } from "/static/js/lib/bytes.js";
import { PASSPHRASE, expect, refuses, same, until } from "./harness.js";
import { pause } from "./pace.js";
import { talking, twoPeople } from "./worlds.js";

const HOUR_S = 3_600;
export const HOUR = HOUR_S * 1000;
const MINUTE = 60_000;

const timerOf = (browser, cid) => browser.messenger.conversation(cid).timerS;
const changes = async (browser, cid) => (await browser.messenger.messages(cid, { limit: 200 })).items.filter(({ code }) => code === "MODE_CHANGED").map(({ detail }) => [detail.mine, detail.timerS]);

/** Everything that this browser keeps, opened. */
export async function ringOf(browser) {
  const db = await openDatabase(`${browser.prefix}llave:${browser.person.uid}`);
  const { ring, close } = await unlockRing(db, await db.get("clear", "device"), PASSPHRASE);
  const objects = new Map(await ring.withPrefix(""));
  const rows = await ring.mail(await db.allMail());
  close();
  db.close();
  return { objects, rows };
}

export async function withTimer(world, timerS = HOUR_S) {
  const people = await talking(world);
  const { alice, bob, cid } = people;
  await alice.messenger.setTimer({ cid, timerS });
  await until(async () => (await changes(bob, cid)).length === 1, "the record is there", () => bob.codes(cid));
  await alice.messenger.send(cid, "soon gone");
  await bob.sees(cid, "hello", "hi", "soon gone");
  await alice.sees(cid, "hello", "hi", "soon gone");
  await until(async () => (await alice.states(cid)).at(-1) !== "queued", "stored", () => alice.states(cid));
  return people;
}

export const TIMERS = {
  async a_timer_is_agreed_and_told_at_both_sides(world) {
    const { alice, bob, cid } = await talking(world);
    for (const timerS of [1, 59, 28 * 86_400 + 1, 3600.5]) await refuses(alice.messenger.setTimer({ cid, timerS }), "BAD_REQUEST");
    expect(timerOf(alice, cid), 0, "none");
    await alice.messenger.setTimer({ cid, timerS: HOUR_S });
    expect(timerOf(alice, cid), HOUR_S, "chosen");
    await until(async () => (await changes(alice, cid)).length && (await changes(bob, cid)).length, "told", () => bob.codes(cid));
    expect([await changes(alice, cid), await changes(bob, cid)], [[[true, HOUR_S]], [[false, HOUR_S]]], "who and how long");
    expect([timerOf(alice, cid), timerOf(bob, cid)], [HOUR_S, HOUR_S], "in force");
    await bob.messenger.setTimer({ cid, timerS: 0 });
    await until(async () => (await changes(alice, cid)).length === 2, "ended by the other", () => alice.codes(cid));
    expect([(await changes(alice, cid))[1], timerOf(alice, cid)], [[false, 0], 0], "off");
    await alice.messenger.send(cid, "stays");
    await bob.sees(cid, "hello", "hi", "stays");
    const records = world.server.conversations.get(cid).events.filter(({ kind }) => kind === "record");
    const cores = await Promise.all(records.map(async ({ blob }) => (await parseRecord(fromBase64Url(blob))).core));
    expect(cores.filter(({ mode }) => mode === 1).every(({ timerS }) => timerS === HOUR_S), true, "in the records");
    expect(alice.messenger.conversation(cid).blocked ?? bob.messenger.conversation(cid).blocked, null, "no block");
  },

  async a_chat_can_begin_with_a_timer(world) {
    const { alice, bob, cid } = await twoPeople(world);
    await alice.messenger.setTimer({ cid, timerS: 86_400 });
    await alice.messenger.send(cid, "first");
    await until(() => bob.messenger.conversations().length === 1, "bob has the chat");
    await bob.sees(cid, "first");
    expect([await changes(bob, cid), timerOf(bob, cid)], [[[false, 86_400]], 86_400], "told at the first");
    await bob.messenger.send(cid, "second");
    await alice.sees(cid, "first", "second");
  },

  async texts_with_a_timer_end_at_both_sides(world) {
    const { alice, bob, cid } = await withTimer(world);
    await bob.messenger.markRead(cid, 99);
    for (const browser of [alice, bob]) browser.skew = HOUR - MINUTE;
    await pause(1_500); // more than a look at the clock
    await bob.sees(cid, "hello", "hi", "soon gone");
    for (const browser of [alice, bob]) browser.skew = HOUR + MINUTE;
    await alice.sees(cid, "hello", "hi");
    await bob.sees(cid, "hello", "hi");
    await until(() => [alice, bob].every(({ messenger }) => messenger.conversation(cid).lastText === ""), "not in the list either");
    for (const browser of [alice, bob]) {
      const { objects, rows } = await ringOf(browser);
      expect(rows.some(({ text }) => text === "soon gone"), false, "not on the disk");
      expect([...objects.keys()].filter((name) => name.startsWith("dying:")), [], "and no trace of when");
    }
    await alice.messenger.send(cid, "another");
    await bob.sees(cid, "hello", "hi", "another");
  },

  async a_clock_that_is_turned_neither_keeps_nor_spares(world) {
    const { alice, bob, cid } = await withTimer(world);
    alice.skew = -30 * 24 * HOUR; // set back: the clock that only goes forward ends it
    alice.elapsed = HOUR + MINUTE;
    await alice.sees(cid, "hello", "hi");
    bob.skew = 30 * 24 * HOUR; // set forward: the wall clock caps it
    await bob.sees(cid, "hello", "hi");
  },

  async what_ended_while_locked_is_gone_at_the_next_unlock(world) {
    const { alice, bob, cid } = await withTimer(world);
    await bob.messenger.lock();
    alice.messenger.end();
    alice.skew = bob.skew = 2 * HOUR;
    await bob.messenger.unlock({ passphrase: PASSPHRASE });
    expect(await bob.texts(cid), ["hello", "hi"], "before anything is shown");
    await alice.load();
    await alice.messenger.unlock({ passphrase: PASSPHRASE });
    expect(await alice.texts(cid), ["hello", "hi"], "there, too");
  },

  async nothing_of_a_timer_epoch_is_left_to_read_with(world) {
    const { alice, bob, cid } = await withTimer(world);
    const { objects } = await ringOf(bob);
    const chat = objects.get(`conv:${cid}`);
    expect([chat.keys.kMsg, chat.keys.next, Object.keys(chat.keys.ck0)], [null, null, []], "the key of the epoch was dropped");
    expect(chat.chains.size, 2, "chain heads of all members");
    expect([...objects.keys()].some((name) => name === `epoch:${cid}:${String(chat.crypto.epoch).padStart(10, "0")}`), false, "not kept for later");
    const heads = [...chat.chains.values()].map(({ ck }) => hex(ck));
    await bob.messenger.setTimer({ cid, timerS: 2 * HOUR_S });
    await until(async () => (await changes(alice, cid)).length === 2, "the next record", () => alice.codes(cid));
    const after = JSON.stringify([...(await ringOf(alice)).objects], (_key, one) => (one instanceof Uint8Array ? hex(one) : one instanceof Map ? [...one] : one));
    expect(heads.some((head) => after.includes(head)), false, "the heads died with it");
    const second = world.browserOf(alice.person);
    await second.load();
    await second.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
    expect(await second.texts(cid), ["hello", "hi"], "a key file opens none of it");
    expect((await second.codes(cid)).includes("NO_EPOCH_KEY"), false, "and nothing pretends that it could");
    await second.messenger.send(cid, "now I am in");
    await bob.sees(cid, "hello", "hi", "soon gone", "now I am in");
  },

  async a_message_without_its_bytes_is_a_gap_where_nothing_ends(world) {
    const { alice, bob, cid } = await withTimer(world);
    bob.client.goOffline();
    const { events } = world.server.conversations.get(cid);
    await alice.messenger.send(cid, "ended before bob came");
    await until(async () => (await alice.states(cid)).at(-1) === "sent", "stored");
    events.findLast(({ kind }) => kind === "message").blob = "";
    bob.client.goOnline();
    bob.messenger.poke();
    await alice.messenger.send(cid, "after it");
    await bob.sees(cid, "hello", "hi", "soon gone", "after it");
    expect((await bob.codes(cid)).includes("COUNTER_GAP"), true, "the number is missed");
    expect(bob.messenger.conversation(cid).blocked, null, "no block");
    await alice.messenger.setTimer({ cid, timerS: 0 });
    await until(async () => (await changes(bob, cid)).length === 2, "off");
    bob.client.goOffline();
    await alice.messenger.send(cid, "taken out");
    await until(async () => same((await alice.states(cid)).filter((state) => state === "queued"), []), "stored");
    events.findLast(({ kind }) => kind === "message").blob = "";
    bob.client.goOnline();
    bob.messenger.poke();
    await until(async () => (await bob.codes(cid)).includes("SEQ_GAP"), "said", () => bob.codes(cid));
  },
};
