/** The closed list of errors (protocol.md, section 13): what a stop holds back, whatever its code, and codes that no attack drives alone. */

import { ERROR_CLASSES } from "/static/js/crypto/errors.js";
import { Conversations } from "/static/js/chat/conversations.js";
import { Trust } from "/static/js/chat/trust.js";
import { PASSPHRASE, expect, refuses, until } from "/tests/js_chat/harness.js";
import { begin, isBlocked, settled, shows, withPuppet } from "./bench.js";
import { hex } from "./product.js";

const UNDECIDABLE = new Set(["SEQ_REWRITE", "CODE_UNTRUSTED"]);

/** The newest of its kind that the page made. @param {Function} kind @param {string} method that each of them is asked for once @returns {{made: object|null}} */
function newest(kind, method) {
  const found = { made: null };
  const real = kind.prototype[method];
  kind.prototype[method] = function watched(...args) {
    found.made = this;
    return real.apply(this, args);
  };
  return found;
}

const STOPS = [...ERROR_CLASSES].filter(([, group]) => group === "B").map(([code]) => code);

export const every_stop = (world) => everyOf(world, STOPS.slice(0, STOPS.length / 2));
export const every_other_stop = (world) => everyOf(world, STOPS.slice(STOPS.length / 2));

/** One after another in one chat: nothing is sealed or sent until the person decides, and nothing is lost. */
async function everyOf(world, codes) {
  const inside = { trust: newest(Trust, "resume"), chats: newest(Conversations, "load") };
  const { alice, bob, cid } = await withPuppet(world);
  const { mid } = await bob.say("react to this");
  const held = [];
  for (const code of codes) {
    await until(async () => (await alice.states(cid)).every((state) => state !== "queued"), "quiet");
    await settled(120);
    await oneStop(world, { alice, bob, cid, code, target: hex(mid), inside });
    held.push(code);
  }
  return held;
}

async function hears(alice, bob, cid, text) {
  await bob.say(text);
  await until(async () => (await alice.texts(cid)).includes(text), `${text}: receiving goes on`, () => alice.problems);
}

async function oneStop(world, { alice, bob, cid, code, target, inside }) {
  const trust = inside.trust.made;
  await trust.block(cid, code);
  const sealed = () => [...inside.chats.made.get(cid).chains.values()].filter(({ did }) => hex(did) === alice.client.did).map(({ next }) => next);
  const counters = sealed();
  const posts = world.events(cid).filter(({ did }) => did === alice.client.did).length;
  const text = `typed under ${code}`;
  await alice.messenger.send(cid, text);
  const { items } = await alice.messenger.messages(cid, { limit: 200 });
  await alice.messenger.react(cid, items.find(({ text: said }) => said === "react to this").id, "👍", true);
  await alice.messenger.markRead(cid, 9_999);
  if (code !== "SEQ_REWRITE") await hears(alice, bob, cid, `heard under ${code}`); // nothing is taken from a past that changed
  await settled(150);
  expect(sealed(), counters, `${code}: nothing is sealed`);
  expect(world.events(cid).filter(({ did }) => did === alice.client.did).length, posts, `${code}: nothing is sent`);
  expect([alice.messenger.conversation(cid).canWrite, alice.messenger.conversation(cid).blocked.code], [false, code], `${code}: it says so`);
  if (UNDECIDABLE.has(code)) await refuses(alice.messenger.decide(cid, "continue"), code);
  if (code === "CODE_UNTRUSTED") await trust.lift(code).then(() => alice.messenger.send(cid, "under a program that is known"));
  else await alice.messenger.decide(cid, code === "SEQ_REWRITE" ? "resend" : "continue");
  const isHeard = (test) => bob.sync().then(() => bob.contents.some(test));
  await until(() => isHeard(({ body }) => body === text), `${code}: sent after the decision`, () => alice.problems);
  await until(() => isHeard((content) => content.t === "react" && content.target === target), `${code}: the reaction, too`);
}

/** A member that the keys leave out from now on. */
export async function not_a_member(world) {
  const alice = await world.person("alice");
  const second = world.browserOf(alice.person);
  const bob = await world.puppet("bob");
  const cid = await begin(alice, bob);
  await second.load();
  await second.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
  await second.online();
  await alice.messenger.send(cid, "with both");
  await until(async () => (await second.texts(cid)).includes("with both"), "it is in", () => second.codes(cid));
  await until(() => world.events(cid).some(({ kind, did }) => kind === "record" && did === second.client.did), "it put its own keys in", () => second.problems);
  await bob.sync();
  const { fetchPrekeys } = world.server;
  world.server.fetchPrekeys = (data) => ({ prekeys: Object.fromEntries(data.dids.map((did) => [did, { spk: null, opk: null }])), fetchPrekeys });
  bob.state = { ...bob.state, leafs: bob.state.leafs.filter(({ did }) => hex(did) !== second.client.did) };
  world.server.prekeys.delete(second.client.did);
  await bob.next();
  await shows(second, cid, "NOT_A_MEMBER");
  expect(second.messenger.conversation(cid).notReached.some(({ isThis }) => isThis), true, "and that it is not reached");
}

/** An older copy of a page: what it may run is not in the log. */
export async function unknown_program(world) {
  const { alice, cid } = await withPuppet(world);
  alice.manifestHash = new Uint8Array(32).fill(7);
  await alice.reload();
  await isBlocked(alice, cid, "CODE_UNTRUSTED");
}

/** Events are announced and never given. */
export async function announced_only(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const { page } = world.server;
  world.server.page = ({ cid: of }, after) => ({ f: "events", cid: of, from: after + 1, to: after, items: [] });
  await bob.say("held back");
  await shows(alice, cid, "SEQ_GAP");
  await settled(300);
  expect((await alice.codes(cid)).filter((code) => code === "SEQ_GAP").length, 1, "once while it is so");
  world.server.page = page;
  await until(async () => (await alice.texts(cid)).includes("held back"), "it comes", () => alice.problems);
}

/** A far number of a record, made by the server. */
export async function far_epoch(world) {
  const { alice, cid } = await withPuppet(world);
  const record = world.events(cid).findLast(({ kind }) => kind === "record");
  const blob = Uint8Array.from(atob(record.blob.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  blob.set([255, 255, 255, 255], 4 + blob[4] + 1 + 1 + 48);
  await world.inject(cid, { kind: "record", blob, uid: record.uid, did: record.did });
  await shows(alice, cid, "EPOCH_GAP");
}

/** The clock of a sender is a day off. */
export async function wrong_clock(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await bob.say(bob.content({ body: "tomorrow", ts: Date.now() + 86_400_000 }));
  await shows(alice, cid, "CLOCK_SKEW");
}

/** The database is gone; the mark that it was there is not. */
export async function storage_gone(world) {
  const alice = await world.person("alice");
  alice.messenger.end();
  await settled(50);
  await new Promise((resolve) => {
    indexedDB.deleteDatabase(`${alice.prefix}llave:${alice.person.uid}`).onsuccess = resolve;
  });
  await alice.load();
  expect(alice.phases.at(-1), { phase: "import", code: "STORAGE_LOST" }, "told, and asked for the key file");
}

/** Another database answers, whose newest event is not the one that was delivered. */
export async function rewritten(world) {
  const { alice, cid } = await withPuppet(world);
  const last = world.events(cid).at(-1);
  await alice.reload();
  Object.assign(last, { sha256: "A".repeat(43) });
  world.server.incarnation = "another";
  alice.client.goOffline();
  await until(() => alice.messenger.connection !== "online", "offline");
  alice.client.goOnline();
  alice.messenger.poke();
  await isBlocked(alice, cid, "SEQ_REWRITE");
}
