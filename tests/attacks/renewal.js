/** Attacks on time and renewal: new keys that are never taken, timers kept running (A28 in a chat with a timer, A38, A54). */

import { unlockRing } from "/static/js/chat/browser-ring.js";
import { openDatabase } from "/static/js/store/database.js";
import { ENDED_EPOCHS } from "/tests/js_chat/ended-epochs.js";
import { PASSPHRASE, expect, until } from "/tests/js_chat/harness.js";
import { talking as talkingIn, ticked } from "/tests/js_chat/worlds.js";
import { plain, settled, shows, withPuppet } from "./bench.js";

const HOUR_MS = 3_600_000;
const WAYS = { refuses: () => [500, "UNAVAILABLE"], conflicts: () => [409, "EPOCH_CONFLICT"] };

/** What the browser keeps of a chat, as it is after so many messages. */
async function remember(browser, cid, fields) {
  browser.messenger.end();
  const db = await openDatabase(`${browser.prefix}llave:${browser.person.uid}`);
  const { ring, close } = await unlockRing(db, await db.get("clear", "device"), PASSPHRASE);
  await ring.commit({ ring: [{ name: `conv:${cid}`, value: { ...(await ring.get(`conv:${cid}`)), ...fields } }] });
  close();
  db.close();
  await browser.reload();
  await browser.online();
}

const talking = (world) => talkingIn(plain(world));
const warnings = async (browser, cid) => (await browser.codes(cid)).filter((code) => code === "KEYS_NOT_RENEWED").length;

const messagesOf = (world, cid, { client }) => world.events(cid).filter(({ kind, did }) => kind === "message" && did === client.did).length;

async function starved(world, way) {
  const people = await talking(world);
  const { alice, bob, cid } = people;
  await ticked(cid, alice, bob);
  await settled();
  const honest = world.server.judgeRecord;
  world.server.judgeRecord = WAYS[way];
  await remember(alice, cid, { ownSent: 299 });
  await alice.messenger.send(cid, "the 300th");
  await bob.sees(cid, "hello", "hi", "the 300th");
  expect(await warnings(alice, cid), 0, "not yet");
  return { ...people, heal: () => (world.server.judgeRecord = honest) };
}

async function a38Way(world, way) {
  const { alice, bob, cid, heal } = await starved(world, way);
  await alice.messenger.send(cid, "the 301st");
  await until(async () => (await warnings(alice, cid)) === 1, "warned", () => alice.codes(cid));
  await alice.messenger.send(cid, "the 302nd");
  await bob.sees(cid, "hello", "hi", "the 300th", "the 301st", "the 302nd");
  expect(await warnings(alice, cid), 1, "said once");
  await remember(alice, cid, { ownSent: 999 });
  await alice.messenger.send(cid, "the last one");
  await until(async () => (await bob.texts(cid)).includes("the last one"), "the 1000th");
  const sent = () => messagesOf(world, cid, alice);
  const posts = sent();
  await alice.messenger.send(cid, "one too many");
  await until(() => alice.messenger.conversation(cid).blocked?.code === "KEYS_NOT_RENEWED", "blocked", () => alice.codes(cid));
  expect([sent(), (await alice.states(cid)).at(-1)], [posts, "queued"], "kept, not sent");
  await alice.messenger.decide(cid, "continue");
  await until(() => alice.messenger.conversation(cid).blocked?.code === "KEYS_NOT_RENEWED", "as long as nothing changes");
  heal();
  await alice.messenger.decide(cid, "continue");
  await until(async () => (await bob.texts(cid)).includes("one too many"), "under new keys", () => alice.codes(cid));
  expect(bob.messenger.conversation(cid).blocked, null, "an ordinary renewal");
}

export const a38 = (world) => a38Way(world, "refuses");
export const a38_conflict = (world) => a38Way(world, "conflicts");

export async function a38_time(world) {
  const { alice, bob, cid } = await talking(world);
  await ticked(cid, alice, bob);
  await settled();
  world.server.judgeRecord = WAYS.refuses;
  await remember(alice, cid, { recordAt: Date.now() - 71 * HOUR_MS });
  await alice.messenger.send(cid, "after 71 hours");
  await bob.sees(cid, "hello", "hi", "after 71 hours");
  expect(await warnings(alice, cid), 0, "not yet");
  await remember(alice, cid, { recordAt: Date.now() - 73 * HOUR_MS });
  await alice.messenger.send(cid, "after 73 hours");
  await until(async () => (await warnings(alice, cid)) === 1, "warned", () => alice.codes(cid));
}

/** A change of members is never put off: the removed browser would read on. */
export async function a38_removed(world) {
  const { alice, cid } = await starved(world, "refuses");
  const second = world.browserOf(alice.person);
  await second.load();
  await second.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
  const sent = () => messagesOf(world, cid, alice);
  const posts = sent();
  await until(async () => (await alice.messenger.browsers()).length === 2, "she knows of it");
  await alice.messenger.send(cid, "waits for the right keys");
  await settled();
  expect([sent(), (await alice.states(cid)).at(-1)], [posts, "queued"], "not under keys of other members");
}

/** The thief's clock: set back for ever, so that the text stays. The peer's clock and the server's times do not matter. */
export async function a54(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await bob.next({ mode: 1, timerS: 3_600 });
  await bob.say("for an hour");
  await until(async () => (await alice.texts(cid)).includes("for an hour"), "heard", () => alice.codes(cid));
  alice.skew = -400 * 24 * HOUR_MS;
  alice.elapsed = 0.9 * HOUR_MS;
  await settled(1_500);
  expect((await alice.texts(cid)).includes("for an hour"), true, "its time has not come");
  alice.elapsed = 1.1 * HOUR_MS;
  await until(async () => !(await alice.texts(cid)).includes("for an hour"), "gone");
}

/** The server brings it again, to her and to a new browser of hers. */
export async function a54_again(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await bob.next({ mode: 1, timerS: 3_600 });
  await bob.say("for an hour");
  await until(async () => (await alice.texts(cid)).includes("for an hour"), "heard");
  const event = world.events(cid).findLast(({ kind, did }) => kind === "message" && did === bob.client.did);
  alice.skew = 1.1 * HOUR_MS;
  await until(async () => !(await alice.texts(cid)).includes("for an hour"), "gone");
  await world.inject(cid, { ...event, client_id: crypto.randomUUID() });
  await bob.say("later");
  await until(async () => (await alice.texts(cid)).includes("later"), "goes on", () => alice.codes(cid));
  expect((await alice.texts(cid)).includes("for an hour"), false, "not shown again");
  const second = world.browserOf(alice.person);
  await second.load();
  await second.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
  expect(await second.texts(cid), ["hello", "hi"], "no key file opens it");
}

/** What a server that was set back makes her send again keeps its end. */
export const a54_moved = (world) => ENDED_EPOCHS.what_a_resend_moves_ends_though_its_epoch_is_long_over(plain(world));

/** A restart by a known device takes the timer off: both things are said, and nothing is sent before she decides. */
export async function a28_timer(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await bob.next({ mode: 1, timerS: 3_600 });
  await shows(alice, cid, "MODE_CHANGED");
  await bob.restart({ mode: 0 });
  await until(() => alice.messenger.conversation(cid).blocked?.code === "RESTART_SUSPECT", "blocked");
  expect((await alice.codes(cid)).filter((code) => code === "MODE_CHANGED").length, 2, "said");
}
