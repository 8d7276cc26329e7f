/** What bin/bench crypto measures, inside the page: the product's own modules, the server's contract in memory. */

import { encodeContent } from "/static/js/crypto/content.js";
import { openEnvelopes, sealEnvelope } from "/static/js/crypto/envelope.js";
import { appendLeaves, emptyLog, encodeHead, logId, logRoot, signHead } from "/static/js/crypto/log.js";
import { makeKeyfile } from "/static/js/crypto/keyfile.js";
import { HASH_BYTES, ITERATIONS_MIN, KEYFILE_ACCOUNT, LABEL, START } from "/static/js/crypto/labels.js";
import { startChain } from "/static/js/crypto/chain.js";
import { sha256Each } from "/static/js/crypto/digests.js";
import { generateEd25519, randomBytes, sha256 } from "/static/js/crypto/primitives.js";
import { LogReplay } from "/static/js/chat/log-replay.js";
import { newCard, ringOf, unlockRing } from "/static/js/chat/browser-ring.js";
import { ownChain } from "/static/js/chat/message-in.js";
import { newUuid } from "/static/js/chat/uuid.js";
import { breathe } from "/static/js/lib/breath.js";
import { concat, fromBase64Url, hex, toBase64Url, u32, u64, unhex, vec } from "/static/js/lib/bytes.js";
import { openDatabase } from "/static/js/store/database.js";
import { readCard } from "/static/js/store/vault.js";
import { createApi } from "/static/js/transport/api.js";
import { FakeServer } from "/tests/js_chat/fake-server.js";
import { Browser, PASSPHRASE, until } from "/tests/js_chat/harness.js";
import { watched } from "/bench/watched.js";
import { deliver, devicesOf, newWorld, propose } from "/tests/js/people.js";

const PAGE_LEAVES = 2000; // of /api/keys/log/
const PAGE_MESSAGES = 60; // that a chat shows when it is opened
const SPEEDS = 5;
const SPEED_MS = 125; // for each half of one
const BODY = "x".repeat(900); // with its fields 1 KiB after padding
const clock = { now: () => Date.now(), elapsed: () => performance.now() };

async function sealed(count) {
  const world = await newWorld();
  const [alice, bob] = devicesOf(world);
  await deliver(world, alice, await propose(world, alice, START), [bob]);
  let chain = startChain(alice.keys, alice);
  const items = [];
  for (let i = 0; i < count; i += 1) {
    const content = encodeContent(textOf(i));
    const { envelope, chain: after } = await sealEnvelope(content, { cid: world.cid, epoch: alice.keys, chain, salt: randomBytes(32) });
    chain = after;
    items.push({ envelope, sender: { uid: alice.uid, did: alice.did }, seenMid: null });
  }
  return { items, known: { cid: world.cid, epochs: new Map([[0, bob.keys]]), chains: new Map(), nowMs: Date.now() } };
}

function textOf(i) {
  return { v: 1, t: "text", id: newUuid(), ts: Date.now(), ack: {}, body: `${i} ${BODY}` };
}

/** Sealing and opening one after another. @param {number} count @returns {Promise<{sealMs: number, openMs: number}>} for one */
export async function messages(count) {
  const sealing = await watched(() => sealed(count));
  const { items, known } = sealing.value;
  let { chains } = known;
  const opening = await watched(async () => {
    for (const item of items) ({ chains } = await openEnvelopes([item], { ...known, chains }));
  });
  return { sealMs: sealing.ms / count, openMs: opening.ms / count };
}

/** @returns {Promise<number>} ms of making a key file; to open it takes as long in another browser, but Firefox remembers here what it derived */
export async function keyFile() {
  const payload = new Uint8Array(400);
  const given = { kind: KEYFILE_ACCOUNT, passphrase: PASSPHRASE, iterations: ITERATIONS_MIN, salt: randomBytes(32), payload };
  return (await watched(() => makeKeyfile(given))).ms;
}

/** A log of so many people, as the server's answers. @param {number} count @returns {Promise<string[]>} base64url, as the command can hand it on */
export async function makeLog(count) {
  const leaves = Array.from({ length: count }, () => concat(LABEL.leaf, randomBytes(32), randomBytes(32), u32(1), randomBytes(32)));
  const key = await generateEd25519();
  const head = { logId: await logId(key.pub), size: count, root: await logRoot(await appendLeaves(emptyLog(), leaves)), tsMs: Date.now() };
  const parts = [encodeHead(head), await signHead(head, key.seed), key.pub];
  const pages = [];
  for (let i = 0; i < count + PAGE_LEAVES; i += PAGE_LEAVES) pages.push(concat(u64(count), ...[...parts, ...leaves.slice(i, i + PAGE_LEAVES)].map(vec)));
  return pages.map(toBase64Url);
}

/** The whole log, judged and kept. Then what an unlocking browser does: from the disk, and nothing new. @param {string[]} pages as makeLog gave them */
export async function replayLog(pages) {
  const me = { uid: hex(randomBytes(16)), name: "alice" };
  const headers = { "content-type": "application/octet-stream" };
  const answers = pages.map((text) => new Response(fromBase64Url(text), { headers })); // what makes them is no work of the page
  const fetch = async (path) => arrived(answers[Math.ceil(Number(new URL(path, "http://x").searchParams.get("from")) / PAGE_LEAVES)]);
  const db = await openDatabase(`bench-log-${me.uid}`);
  const { ring } = await ringOf(db, newCard(me, randomBytes(16), "prove"), PASSPHRASE);
  const parts = { api: createApi({ fetch, csrf: "x" }), ring, clock, me, ownHashes: async () => [] };
  const first = await watched(() => new LogReplay(parts).catchUp());
  const again = new LogReplay(parts);
  const load = await watched(() => again.load());
  const tail = await watched(() => again.catchUp());
  await db.remove();
  return { first: times(first), load: times(load), tail: times(tail) };
}

/** As many hashes as a replay needs, each of a node of the tree, in the page alone. @param {number} count */
export async function hashes(count) {
  const bytes = new Uint8Array(2 * HASH_BYTES * PAGE_LEAVES);
  const starts = Array.from({ length: PAGE_LEAVES }, (_, i) => 2 * HASH_BYTES * i);
  return times(await watched(async () => {
    for (let i = 0; i < count; i += PAGE_LEAVES) await sha256Each(Uint8Array.of(1), { bytes, starts, gap: 0 });
  }));
}

/**
 * How fast the page runs, by the index after which DevTools calibrates its throttling: texts that grow by a letter, and arrays that are
 * copied, in tens a second. Median of some.
 * @returns {number}
 */
export function speed() {
  const [here, there] = [[], []];
  for (let i = 0; i < 100_000; i += 1) here[i] = there[i] = i;
  const copy = (nth) => {
    const [from, into] = nth % 2 ? [here, there] : [there, here];
    for (let i = 0; i < from.length; i += 1) into[i] = from[i];
  };
  const once = () => (tensASecond(grow) + tensASecond(copy)) / 2;
  once(); // until the engine knows them
  return Array.from({ length: SPEEDS }, once).toSorted((a, b) => a - b)[Math.floor(SPEEDS / 2)];
}

function grow() {
  let text = "";
  for (let i = 0; i < 10_000; i += 1) text += "a";
  if (text.length !== 10_000) throw new Error("not the whole text");
}

function tensASecond(work) {
  const began = performance.now();
  let done = 0;
  for (; done % 10 !== 0 || performance.now() - began < SPEED_MS; done += 1) work(done);
  return (100 * done) / (performance.now() - began);
}

// In a task of its own.
async function arrived(answer) {
  await breathe();
  return answer;
}

/** A new browser of a person with so many messages: it reads them, opens their chat and exports it. @param {number} count */
export async function readHistory(count) {
  const server = await FakeServer.make();
  const alice = await new Browser(server, server.addPerson("alice")).setUp();
  const bob = await new Browser(server, server.addPerson("bob")).setUp();
  const cid = await alice.messenger.startWith(bob.person.uid);
  await alice.messenger.send(cid, "hello");
  await until(async () => (await alice.states(cid)).at(-1) === "delivered", "quiet");
  const file = await alice.keyFile();
  [alice, bob].forEach(({ messenger }) => messenger.end());
  await fill(server.conversations.get(cid), { uid: alice.person.uid, did: alice.client.did, chat: await chatOf(alice, cid) }, count);
  const fresh = new Browser(server, alice.person);
  const { fetch } = fresh.client;
  fresh.client.fetch = async (...asked) => {
    const answer = await fetch(...asked);
    await breathe(); // an answer comes in a task of its own
    return answer;
  };
  await fresh.load();
  const marks = {};
  const onStep = (step) => {
    marks[step] = performance.now();
  };
  const read = await watched(() => fresh.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE, onStep }));
  const opened = await watched(() => fresh.messenger.messages(cid, { limit: PAGE_MESSAGES }));
  const exported = await watched(() => fresh.messenger.exportConversation({ cid }));
  fresh.messenger.end();
  const last = opened.value.items.filter(({ kind }) => kind === "text").at(-1).text;
  if (!last.startsWith(`${count - 1} `)) throw new Error("not everything was read");
  return { read: { ms: read.began + read.ms - marks.history, frozenMs: read.frozenMs }, opened: times(opened), exported: times(exported) };
}

// Out of the keyring of a browser that rests.
async function chatOf({ prefix, person }, cid) {
  const db = await openDatabase(`${prefix}llave:${person.uid}`);
  const { ring } = await unlockRing(db, await readCard(db), PASSPHRASE);
  const chat = await ring.get(`conv:${cid}`);
  db.close();
  return chat;
}

// As if alice had written all of it, without waiting for her screen.
async function fill(conversation, { uid, did, chat }, count) {
  const cid = unhex(conversation.cid);
  let chain = ownChain(chat, did) ?? startChain(chat.keys, { uid: unhex(uid), did: unhex(did) });
  for (let i = 0; i < count; i += 1) {
    const { envelope, chain: after } = await sealEnvelope(encodeContent(textOf(i)), { cid, epoch: chat.keys, chain, salt: randomBytes(32) });
    chain = after;
    conversation.seq += 1;
    conversation.events.push({
      seq: conversation.seq, kind: "message", uid, did, client_id: newUuid(), sha256: toBase64Url(await sha256(envelope)), blob: toBase64Url(envelope), at_ms: Date.now(),
    });
  }
}

function times({ ms, frozenMs }) {
  return { ms, frozenMs };
}
