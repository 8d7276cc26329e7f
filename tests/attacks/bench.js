/** The bench of the pure client: the real Messenger in this page, the contract in memory, and a server or a peer that lies. */

import { FakeServer } from "/tests/js_chat/fake-server.js";
import { Browser, expect, until } from "/tests/js_chat/harness.js";
import { pause } from "/tests/js_chat/pace.js";
import { ticked } from "/tests/js_chat/worlds.js";
import { encodeCore, encodeRecord, parseRecord } from "/static/js/crypto/epoch.js";
import { concat, fromBase64Url, sha256, toBase64Url } from "./product.js";
import { Puppet } from "./puppet.js";

const MODULES = ["sound", "identity", "names", "logs", "signatures", "records", "membership", "messages", "actions", "contents", "keyfiles", "renewal", "storage", "attachments", "errors"];

/** @param {string} name of a scenario @returns {Promise<object>} whatever it gives back, and the page's own faults */
export async function run(name) {
  const modules = await Promise.all(MODULES.map((module) => import(`./${module}.js`)));
  const scenario = modules.map((module) => module[name]).find(Boolean);
  globalThis.faults.length = 0;
  const server = await FakeServer.make();
  const world = new World(server);
  try {
    const given = await scenario(world);
    const seen = (what) => [...new Set(world.browsers.flatMap((browser) => [...browser[what]]))];
    return { given: given ?? null, lines: seen("lines"), stops: seen("stops"), faults: [...globalThis.faults], unexpected: world.unexpected() };
  } catch (error) {
    const problems = world.browsers.map(({ person, problems: list }) => [person.name, list.map(({ code, cause }) => `${code} ${cause ?? ""}`)]);
    throw new Error(`${error.stack ?? error}\n${JSON.stringify({ problems, faults: globalThis.faults })}`);
  } finally {
    world.browsers.forEach(({ messenger }) => messenger?.end());
  }
}

class World {
  browsers = [];

  constructor(server) {
    this.server = server;
  }

  browserOf(person) {
    this.browsers.push(new Browser(this.server, person));
    return this.browsers.at(-1);
  }

  async person(name) {
    return this.browserOf(this.server.addPerson(name)).setUp();
  }

  puppet(name, wish) {
    return Puppet.make(this.server, name, wish);
  }

  /** Faults of the page itself: never right, whatever the other side did. */
  unexpected() {
    return this.browsers.flatMap(({ problems }) => problems.filter(({ code }) => code === "UNEXPECTED").map(({ cause }) => String(cause)));
  }

  events(cid) {
    return this.server.conversations.get(cid).events;
  }

  /** Whatever the server likes, as the next event. */
  async inject(cid, { kind = "message", blob, from, ...more }) {
    const conversation = this.server.conversations.get(cid);
    const base = from ? { uid: from.person.uid, did: from.client.did } : {};
    const bytes = blob instanceof Uint8Array ? blob : fromBase64Url(blob);
    const sha = toBase64Url(await sha256(bytes));
    conversation.seq += 1;
    const event = { client_id: crypto.randomUUID(), at_ms: Date.now(), ...base, ...more, seq: conversation.seq, kind, sha256: sha, blob: toBase64Url(bytes) };
    conversation.events.push(event);
    this.server.ring(conversation, null);
    return event;
  }
}

/** As the scenarios of tests/js_chat take it. */
export const plain = (world) => ({ server: world.server, browserOf: (person) => world.browserOf(person) });

/** Alice in a real client, Bob with all his keys on the table; she wrote "hello", he "hi", every leaf is settled. */
export async function withPuppet(world, { devices = 1 } = {}) {
  const alice = await world.person("alice");
  const bob = await world.puppet("bob", { devices });
  return { alice, bob, cid: await begin(alice, bob) };
}

export async function begin(alice, bob, words = ["hello", "hi"]) {
  const cid = await alice.messenger.startWith(bob.person.uid);
  await alice.messenger.send(cid, words[0]);
  await until(() => bob.server.conversations.get(cid).events.length >= 2, "her first message is stored", () => alice.problems);
  await bob.join(cid).next();
  await bob.say(words[1]);
  const { events } = bob.server.conversations.get(cid);
  const said = events.length;
  await alice.sees(cid, ...words);
  await until(() => events.slice(said).some(({ did }) => did === alice.client.did), "she says that she has it", () => alice.problems);
  return cid;
}

/** Both in real clients, "hello" and "hi" said, every record and tick settled. */
export async function bothReal(world) {
  const [alice, bob] = [await world.person("alice"), await world.person("bob")];
  const cid = await alice.messenger.startWith(bob.person.uid);
  await alice.messenger.send(cid, "hello");
  await until(() => bob.messenger.conversations().length === 1, "bob has the chat");
  await bob.sees(cid, "hello");
  await bob.messenger.send(cid, "hi");
  await alice.sees(cid, "hello", "hi");
  await ticked(cid, alice, bob);
  return { alice, bob, cid };
}

/** The chat goes on after whatever happened. */
export async function goesOn(alice, bob, cid, earlier = ["hello", "hi"]) {
  await bob.say("still here");
  await alice.sees(cid, ...earlier, "still here");
}

/** A line or a missing message with this code appears. */
export function shows(browser, cid, code) {
  return until(async () => (await browser.codes(cid)).includes(code), `${browser.person.name} is shown ${code}`, () => browser.codes(cid));
}

export function isBlocked(browser, cid, code) {
  return until(() => browser.messenger.conversation(cid).blocked?.code === code, `${browser.person.name} is blocked by ${code}`, () => browser.messenger.conversation(cid));
}

export function hasProblem(browser, code) {
  return until(() => browser.problems.some((one) => one.code === code), `${browser.person.name} is told ${code}`, () => browser.problems);
}

/** What is written now waits: nothing reaches the server. */
export async function staysUnsent(world, browser, cid, text = "waits") {
  const before = world.server.postsSeen;
  await browser.messenger.send(cid, text);
  await settled();
  expect(world.server.postsSeen, before, "posts");
  expect((await browser.states(cid)).at(-1), "queued", "state of what was written");
}

/** Two turns of the longest short timer of the bench: whatever was going to happen by itself has happened. */
export function settled(ms = 250) {
  return pause(ms);
}

/** The record with other fields in its core; wraps and confirm stay. */
export async function editCore(record, change) {
  const { core, wraps, hwraps, confirm } = await parseRecord(record);
  return encodeRecord({ core: encodeCore({ ...core, ...change(core) }), wraps: concat(...wraps), hwraps: concat(...hwraps), confirm });
}

export async function editRecord(record, change) {
  const parsed = await parseRecord(record);
  const parts = { core: encodeCore(parsed.core), wraps: concat(...parsed.wraps), hwraps: concat(...parsed.hwraps), confirm: parsed.confirm };
  return encodeRecord({ ...parts, ...(await change(parts, parsed)) });
}

export function flip(bytes, place, mask = 1) {
  const copy = bytes.slice();
  copy.set([copy.at(place) ^ mask], place < 0 ? copy.length + place : place);
  return copy;
}

export const bytesOf = (event) => fromBase64Url(event.blob);
