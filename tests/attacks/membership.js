/** Attacks on who is let in: prekeys used twice, a second chat for one pair, devices left out, old prekeys (A13, A15, A33, A37, A60). */

import { ACROSS } from "/tests/js_chat/across.js";
import { PASSPHRASE, expect, until } from "/tests/js_chat/harness.js";
import { parseRecord } from "/static/js/crypto/epoch.js";
import { begin, bytesOf, goesOn, isBlocked, plain, settled, shows, withPuppet } from "./bench.js";
import { hex } from "./product.js";
import { DAY_MS } from "./puppet.js";

export async function a13(world) {
  const alice = await world.person("alice");
  const [bob, carol] = [await world.puppet("bob"), await world.puppet("carol")];
  const chatOf = async (one) => {
    const answer = await one.client.fetch("/api/conversations/", { method: "POST", body: JSON.stringify({ uid: alice.person.uid }), signal: new AbortController().signal });
    return (await answer.json()).cid;
  };
  const [first, second] = [await chatOf(bob), await chatOf(carol)];
  await bob.join(first).start({ keepOpks: true });
  await bob.say("the first to use it");
  await until(() => alice.messenger.conversations().length === 2, "she has both chats");
  await alice.sees(first, "the first to use it");
  await carol.join(second).start({ keepOpks: true }); // the same one-time prekey again
  await carol.say("the second");
  await until(async () => (await alice.codes(second)).includes("NO_EPOCH_KEY"), "kept as missing", () => alice.codes(second));
  expect(await alice.texts(second), [], "nothing opens");
  await alice.messenger.send(second, "please once more");
  await until(async () => (await alice.states(second)).at(-1) === "sent", "under a fresh record", () => alice.problems);
  await carol.sync();
  expect(carol.heard.at(-1), "please once more", "both have the new keys");
  await carol.next();
  await carol.say("now it opens");
  await until(async () => (await alice.texts(second)).includes("now it opens"), "heard", () => alice.codes(second));
}

/** Somebody used up what he had: the chat begins without, its record says so, and the page does where it explains the beginning. */
export async function a14(world) {
  const alice = await world.person("alice");
  const bob = await world.puppet("bob");
  world.server.prekeys.get(hex(bob.device.did)).opks = [];
  const cid = await begin(alice, bob);
  const { core } = await parseRecord(bytesOf(world.events(cid)[0]));
  const his = core.members.find(({ did }) => hex(did) === hex(bob.device.did));
  expect([his.spkId > 0, his.opkId], [true, 0], "under his signed prekey alone");
  expect(alice.messenger.conversation(cid).lacksOneTime, true, "told where the beginning is explained");
  await goesOn(alice, bob, cid);
  const other = await begin(alice, await world.puppet("carol"));
  expect(alice.messenger.conversation(other).lacksOneTime, false, "carol had one");
}

export async function a15(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await bob.sync();
  await world.inject(cid, { ...world.events(cid)[0], client_id: crypto.randomUUID() });
  bob.cursor += 1;
  await goesOn(alice, bob, cid);
  expect((await alice.codes(cid)).filter((code) => code !== "STARTED"), [], "a replay is silent");
}

/** The server opens a second chat for the pair. */
export async function a15_second(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const conversation = world.server.conversations.get(cid);
  const other = { ...conversation, cid: "ab".repeat(16), seq: 0, epoch: -1, th: null, events: [], next: new Map() };
  world.server.conversations.set(other.cid, other);
  bob.join(other.cid);
  await bob.start();
  await bob.say("in another room");
  world.server.sockets.forEach((socket) => socket.push({ f: "bell", cid: other.cid, seq: other.seq }));
  await until(() => alice.messenger.conversations().length === 2, "it is there");
  await isBlocked(alice, other.cid, "SECOND_CHAT");
  expect(await alice.texts(cid), ["hello", "hi"], "never merged");
  expect(alice.messenger.conversations().map(({ cid: one, isSecond }) => [one === other.cid, isSecond]).sort(), [[false, false], [true, true]], "told apart");
  await alice.messenger.send(other.cid, "waits");
  await settled();
  expect([world.events(other.cid).some(({ did }) => did === alice.client.did), await alice.states(other.cid)], [false, ["queued"]], "nothing goes out there");
  expect([await alice.messenger.startWith(bob.person.uid), alice.messenger.conversation(cid).blocked], [cid, null], "the chat that they had goes on");
  await alice.messenger.decide(other.cid, "continue");
  await until(async () => (await alice.states(other.cid)).at(-1) === "sent", "used when she says so", () => alice.problems);
}

export async function a33(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const file = await alice.keyFile();
  const second = world.browserOf(alice.person);
  await second.load();
  alice.messenger.end(); // nobody of hers takes it in
  await second.messenger.importKeyFile({ bytes: file, passphrase: "abcd-efgh-ijkm-npqr-stuv" });
  await second.online();
  await second.sees(cid, "hello", "hi");
  await second.reload(); // the vault is closed: what is new needs a place of its own
  await second.online();
  const kept = world.server.prekeys.get(second.client.did);
  const { fetchPrekeys } = world.server;
  world.server.fetchPrekeys = (data) => {
    const answer = fetchPrekeys.call(world.server, data);
    delete answer.prekeys[second.client.did];
    return answer;
  };
  world.server.prekeys.delete(second.client.did);
  await bob.next();
  world.server.prekeys.set(second.client.did, kept);
  await bob.say("not for that browser");
  await until(async () => (await second.codes(cid)).length > 1, "it is told", () => second.codes(cid));
  const listed = () => second.messenger.conversation(cid).notReached.map(({ isThis }) => isThis);
  expect(listed(), [true], "this browser is not in this chat yet");
  expect(await second.texts(cid), ["hello", "hi"], "not readable there");
  await second.messenger.send(cid, "let me in");
  await until(async () => (await second.states(cid)).at(-1) === "sent", "asks by a record of its own", () => second.problems);
  expect(listed().includes(true), false, "now it is in");
  return second.codes(cid);
}

export async function a37(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const names = async () => ringNames(alice);
  const opks = (await names()).filter((name) => name.startsWith("opk:")).length;
  bob.join(cid);
  bob.cursor = bob.conversation.events.length;
  const before = (await names()).includes("spk:1");
  alice.skew = (14 + 30 + 1) * DAY_MS;
  await alice.reload();
  await alice.online();
  await until(async () => !(await names()).includes("spk:1"), "the signed prekey is gone after its date", names);
  const after = await names();
  expect([before, opks > 0, after.some((name) => name.startsWith("spk:"))], [true, true, true], "a newer one is there");
}

/** @returns {Promise<string[]>} names of what the profile keeps */
async function ringNames(browser) {
  const { openDatabase } = await import("/static/js/store/database.js");
  const db = await openDatabase(`${browser.prefix}llave:${browser.person.uid}`);
  const rows = await db.withPrefix("ring", "");
  db.close();
  return rows.map(([name]) => name);
}

/** An answer that nobody typed would tell when she is awake. */
export async function a60(world) {
  const alice = await world.person("alice");
  const bob = await world.puppet("bob");
  const asked = await bob.client.fetch("/api/conversations/", { method: "POST", body: JSON.stringify({ uid: alice.person.uid }), signal: new AbortController().signal });
  const { cid } = await asked.json();
  await bob.join(cid).start();
  await bob.say("are you there?");
  await bob.say(bob.content({ t: "react", target: "0".repeat(32), e: "👍", on: true }));
  await bob.say(bob.content({ t: "void" }));
  await until(() => alice.messenger.conversations()[0]?.unread >= 1, "it arrived");
  await settled(600); // an acknowledgement would take 30 ms here, her settling record up to 600
  const messages = () => world.events(cid).filter(({ kind, uid }) => kind === "message" && uid === alice.person.uid).length;
  expect(messages(), 0, "no answer from a chat that was never opened");
  await shows(alice, cid, "STARTED"); // she opens it
  await until(() => messages() === 1, "one acknowledgement");
  await bob.sync();
  await bob.say(bob.content({ t: "void" }));
  await settled(400);
  expect(messages(), 1, "what shows nothing is not answered");
  const { mid } = await bob.say("still there?");
  await until(() => messages() === 2, "a text is acknowledged");
  await alice.messenger.markRead(cid, 99);
  for (const on of [true, false, true]) await bob.say(bob.content({ t: "react", target: hex(mid), e: "👍", on }));
  await bob.say(bob.content({ t: "edit", target: hex(mid), rev: 1, body: "still there now?" }));
  await alice.sees(cid, "are you there?", "still there now?");
  await settled(400);
  expect(messages(), 2, "nobody to whom she never wrote learns that she has read, or that she is awake");
  await alice.messenger.send(cid, "yes");
  await until(() => messages() === 3, "she writes");
  await bob.sync();
  const { mid: last } = await bob.say("good");
  await until(() => messages() === 4, "acknowledged");
  await settled(400);
  expect(messages(), 4, "and no more before she reads");
  await alice.messenger.markRead(cid, 99);
  await until(() => messages() === 5, "then one receipt");
  await bob.sync();
  const { t, seen } = bob.contents.at(-1);
  expect([t, seen], ["receipt", [hex(last)]], "of what she saw since she wrote");
}

/** What the others of both sides see of a browser that is left out. */
export const a33_listed = (world) => ACROSS.who_is_not_reached_is_listed_on_both_sides(plain(world));

/** A browser that somebody brought with the key file. */
export const a23 = (world) => ACROSS.a_new_browser_is_told_in_every_other_one_until_the_person_knows_it(plain(world));

/** Each of her other browsers is told, and what was closed meanwhile when it is opened: which, of what kind, and since when. */
export async function a23_every(world) {
  const alice = await world.person("alice");
  const newcomer = async () => {
    const one = world.browserOf(alice.person);
    await one.load();
    await one.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
    return one;
  };
  const [second, closed] = [await newcomer(), await newcomer()];
  for (const one of [alice, second, closed]) await one.messenger.newBrowsers(); // those that they find are known
  closed.messenger.end();
  const thief = await newcomer();
  const { did } = thief.client;
  world.server.kinds = { [did]: "Firefox, Linux" };
  await closed.reload();
  const told = async (one) => (await one.messenger.newBrowsers()).filter((browser) => browser.did === did).map(({ kind, addedAt }) => [kind, addedAt]);
  const { addedMs } = alice.person.bundles.at(-1).devices.find((device) => hex(device.did) === did);
  for (const one of [alice, second, closed]) {
    await until(async () => (await told(one)).length > 0, "told");
    expect(await told(one), [["Firefox, Linux", addedMs]], "what it is, and since when");
  }
  expect(await told(thief), [], "not of itself");
}
