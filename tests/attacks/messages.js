/** Attacks on single messages: what the server or the peer does to an envelope on its way (A39 to A47). */

import { expect, until } from "/tests/js_chat/harness.js";
import { COUNTER_LIMIT, HEADER_BYTES } from "/static/js/crypto/labels.js";
import { messageKeys, openEnvelope, sealEnvelope } from "/static/js/crypto/envelope.js";
import { keyAt, startChain } from "/static/js/crypto/chain.js";
import { pad } from "/static/js/crypto/padding.js";
import { gcmSeal } from "/static/js/crypto/primitives.js";
import { begin, bothReal, bytesOf, flip, goesOn, isBlocked, settled, shows, withPuppet } from "./bench.js";
import { concat, equal, hex, randomBytes, u32, unhex, utf8 } from "./product.js";

const EPOCH_AT = 3 + 16; // in a header
const UID_AT = EPOCH_AT + 4 + 8;
const COUNTER_AT = UID_AT + 32;

const codesOf = async (browser, cid) => (await browser.codes(cid)).filter((code) => code !== "STARTED");

/** The envelope with other bytes from `place` on. */
function put(envelope, place, bytes) {
  const copy = envelope.slice();
  copy.set(bytes, place);
  return copy;
}

export async function a16_envelope(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const { envelope } = await bob.seal(bob.content({ body: "weaker" }));
  await world.inject(cid, { blob: put(envelope, 1, [2]), from: bob });
  await shows(alice, cid, "BAD_SUITE");
  await alice.sees(cid, "hello", "hi");
}

const REFUSAL_MS = 10;
const FEW_MACS = 500; // two thousand keys ahead are four thousand

/** How many MACs are made while `work` goes on. */
async function macs(work) {
  const { sign } = SubtleCrypto.prototype;
  let count = 0;
  SubtleCrypto.prototype.sign = function counted(how, ...more) {
    count += (how.name ?? how) === "HMAC";
    return sign.call(this, how, ...more);
  };
  try {
    await work();
  } finally {
    SubtleCrypto.prototype.sign = sign;
  }
  return count;
}

/** How long the client's own check takes: the best of a few, for the machine has other work. */
async function refusalMs(bomb, bob) {
  const context = { cid: unhex(bob.cid), sender: { uid: bob.uid, did: bob.device.did }, epoch: bob.keys, chain: null, seenMid: null, nowMs: Date.now() };
  const times = [];
  for (let i = 0; i < 5; i += 1) {
    const began = performance.now();
    const code = await openEnvelope(bomb, context).then(() => null, (error) => error.code);
    times.push(performance.now() - began);
    expect(code, "COUNTER_TOO_FAR", "refused");
  }
  return Math.min(...times);
}

export async function a34(world) {
  const { alice, bob, cid } = await withPuppet(world);
  for (const counter of [2 ** 32 - 1, COUNTER_LIMIT, COUNTER_LIMIT - 1, 2_002]) {
    const { envelope } = await bob.seal(bob.content({ body: "bomb" }));
    const bomb = put(envelope, COUNTER_AT, u32(counter));
    const before = (await alice.codes(cid)).length;
    const made = await macs(async () => {
      await world.inject(cid, { blob: bomb, from: bob });
      await until(async () => (await alice.codes(cid)).length > before, "refused");
    });
    expect((await alice.codes(cid)).at(-1), "COUNTER_TOO_FAR", `counter ${counter}`);
    expect(made < FEW_MACS, true, `nothing was derived: ${made} MACs`);
    expect((await refusalMs(bomb, bob)) < REFUSAL_MS, true, "the check itself");
  }
  await alice.sees(cid, "hello", "hi");
}

export async function a39(world) {
  const { alice, bob, cid } = await bothReal(world);
  const file = await alice.keyFile();
  const copy = world.events(cid).findLast((event) => event.kind === "message" && event.uid === bob.person.uid);
  const news = alice.messages.length;
  for (let i = 0; i < 3; i += 1) await world.inject(cid, { ...copy, client_id: crypto.randomUUID() });
  await bob.messenger.send(cid, "after");
  await alice.sees(cid, "hello", "hi", "after");
  expect(await codesOf(alice, cid), [], "nothing is said about it");
  expect(alice.messages.slice(news).filter(({ message, isNew }) => isNew && message.text !== "after").length, 0, "no news");
  const fresh = world.browserOf(alice.person);
  await fresh.load();
  await fresh.messenger.importKeyFile({ bytes: file, passphrase: "abcd-efgh-ijkm-npqr-stuv" });
  await fresh.sees(cid, "hello", "hi", "after");
}

export async function a40(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const [no, yes] = [await bob.seal(bob.content({ body: "first: no" })), await bob.seal(bob.content({ body: "then: yes" }))];
  await world.inject(cid, { blob: yes.envelope, from: bob });
  await world.inject(cid, { blob: no.envelope, from: bob });
  await until(async () => (await alice.texts(cid)).length === 4, "both came", () => alice.texts(cid));
  expect(await alice.texts(cid), ["hello", "hi", "first: no", "then: yes"], "order of the sender");
  expect(await codesOf(alice, cid), ["ORDER_CHANGED"], "the gap is closed, the change of order is said");
  await alice.reload();
  expect(await alice.texts(cid), ["hello", "hi", "first: no", "then: yes"], "as it is kept");
}

export async function a40_many(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const sealed = [];
  for (const body of ["0", "1", "2", "3", "4"]) sealed.push(await bob.seal(bob.content({ body })));
  for (const i of [3, 1, 4, 2]) await world.inject(cid, { blob: sealed[i].envelope, from: bob });
  await alice.sees(cid, "hello", "hi", "1", "2", "3", "4");
  const { items } = await alice.messenger.messages(cid);
  expect(items.filter(({ code }) => code).map(({ code, detail }) => [code, detail.count ?? null]).slice(1), [["COUNTER_GAP", 1], ["ORDER_CHANGED", 1], ["ORDER_CHANGED", 1]], "what is said");
  expect(items.at(2).code ?? items.at(2).text, "hi", "before the gap");
  await world.inject(cid, { blob: sealed[0].envelope, from: bob });
  await alice.sees(cid, "hello", "hi", "0", "1", "2", "3", "4");
  expect((await codesOf(alice, cid)), ["ORDER_CHANGED", "ORDER_CHANGED"], "nothing is missing; two in a row are one line");
  const shown = alice.messages.filter(({ message }) => ["0", "1"].includes(message.text));
  expect(shown[0].message.order > shown[1].message.order, true, "the interface is told the order");
}

/** An answer never stands above what it acknowledges; who claims to have heard what was not yet written gains nothing. */
export async function a40_ack(world) {
  const { alice, bob, cid } = await withPuppet(world, { devices: 2 });
  const [, second] = bob.devices;
  const chain = startChain(bob.keys, second);
  const salt = randomBytes(32);
  const seal = (body, ack) => sealEnvelope(utf8(JSON.stringify(bob.content({ body, ack }))), { cid: unhex(cid), epoch: bob.keys, chain, salt });
  const question = await seal("question", {});
  const answer = await bob.seal(bob.content({ body: "answer", ack: { [hex(second.did)]: 1 } }));
  await world.inject(cid, { blob: answer.envelope, from: bob });
  await shows(alice, cid, "COUNTER_GAP");
  await world.inject(cid, { blob: question.envelope, from: bob, did: hex(second.did) });
  await alice.sees(cid, "hello", "hi", "question", "answer");
  expect(await codesOf(alice, cid), ["ORDER_CHANGED"], "what is said");
}

export async function a40_lie(world) {
  const { alice, bob, cid } = await withPuppet(world, { devices: 2 });
  const [, second] = bob.devices;
  const claim = await bob.seal(bob.content({ body: "claim", ack: { [hex(second.did)]: 1, [alice.client.did]: 9 } }));
  await world.inject(cid, { blob: claim.envelope, from: bob });
  await shows(alice, cid, "COUNTER_GAP");
  const content = utf8(JSON.stringify(bob.content({ body: "later", ack: { [hex(bob.device.did)]: claim.counter + 1 } })));
  const later = await sealEnvelope(content, { cid: unhex(cid), epoch: bob.keys, chain: startChain(bob.keys, second), salt: randomBytes(32) });
  await world.inject(cid, { blob: later.envelope, from: bob, did: hex(second.did) });
  await alice.sees(cid, "hello", "hi", "claim", "later");
  await alice.messenger.send(cid, "mine");
  await until(async () => !(await alice.states(cid)).includes("queued"), "stored by the server", () => alice.states(cid));
  expect(await alice.texts(cid), ["hello", "hi", "claim", "later", "mine"], "nothing of hers was written before the claim");
  expect(await codesOf(alice, cid), [], "no line stays");
}

export async function a41(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const lost = await bob.seal(bob.content({ body: "the lost one" }));
  const kept = await bob.seal(bob.content({ body: "the next one" }));
  await world.inject(cid, { blob: kept.envelope, from: bob });
  await alice.sees(cid, "hello", "hi", "the next one");
  const missing = (await alice.messenger.messages(cid)).items.find(({ kind }) => kind === "missing");
  expect([missing?.code, missing?.detail], ["COUNTER_GAP", { count: 1 }], "placeholder");
  await world.inject(cid, { blob: lost.envelope, from: bob });
  await alice.sees(cid, "hello", "hi", "the lost one", "the next one");
}

export async function a41_withheld(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const lost = await bob.seal(bob.content({ body: "the lost one" }));
  const kept = await bob.seal(bob.content({ body: "the next one" }));
  await world.inject(cid, { blob: kept.envelope, from: bob });
  await shows(alice, cid, "COUNTER_GAP");
  await shows(alice, cid, "MESSAGES_WITHHELD");
  expect(await codesOf(alice, cid), ["MESSAGES_WITHHELD"], "in the place of the gap");
  await world.inject(cid, { blob: lost.envelope, from: bob });
  await alice.sees(cid, "hello", "hi", "the lost one", "the next one");
  expect(await codesOf(alice, cid), ["ORDER_CHANGED"], "nothing is held back any more");
}

export async function a42(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const withheld = await bob.seal(bob.content({ body: "the tail" }));
  expect(withheld.counter, 1, "after hi");
  await bob.next({ finals: [{ did: bob.device.did, nextCounter: 2 }] });
  await shows(alice, cid, "MESSAGES_WITHHELD");
  await goesOn(alice, bob, cid);
  await alice.messenger.send(cid, "did you get this?");
  await until(async () => (await alice.states(cid)).at(-1) === "sent", "stored by the server");
  await settled();
  expect((await alice.states(cid)).at(-1), "sent", "no second tick without the peer's word");
}

export async function a43(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await alice.messenger.send(cid, "mine");
  await until(async () => (await alice.states(cid)).at(-1) === "sent", "stored", () => alice.problems);
  const own = world.events(cid).findLast(({ uid, kind }) => kind === "message" && uid === alice.person.uid);
  const inBobsName = concat(bytesOf(own).slice(0, UID_AT), bob.uid, bob.device.did, u32(1), bytesOf(own).slice(COUNTER_AT + 4));
  await world.inject(cid, { blob: inBobsName, from: bob });
  await shows(alice, cid, "BAD_COMMIT");
  await world.inject(cid, { blob: own.blob, from: bob });
  await shows(alice, cid, "SENDER_MISMATCH");
  await world.inject(cid, { ...own, client_id: crypto.randomUUID() });
  await bob.sync().catch(() => {}); // he refuses them as well
  await bob.post("message", (await bob.seal(bob.content({ body: "his own" }))).envelope);
  await until(async () => (await alice.texts(cid)).includes("his own"), "the next one", () => alice.texts(cid));
  expect(await alice.texts(cid), ["hello", "hi", "mine", "his own"], "shown once, as hers");
}

export async function a44(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const carol = await world.puppet("carol");
  const other = await begin(alice, carol, ["dear carol", "dear alice"]);
  const { envelope } = await bob.seal(bob.content({ body: "for one chat only" }));
  await world.inject(other, { blob: envelope, from: bob });
  await shows(alice, other, "WRONG_CONVERSATION");
  await alice.sees(other, "dear carol", "dear alice");
  await alice.sees(cid, "hello", "hi");
}

export async function a45(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const { envelope } = await bob.seal(bob.content({ body: "from the boss" }));
  await world.inject(cid, { blob: envelope, from: bob, uid: alice.person.uid });
  await shows(alice, cid, "SENDER_MISMATCH");
  await world.inject(cid, { blob: envelope, from: bob, did: alice.client.did, uid: alice.person.uid });
  await settled(100);
  await alice.sees(cid, "hello", "hi");
  await world.inject(cid, { blob: envelope, from: bob });
  await alice.sees(cid, "hello", "hi", "from the boss");
}

/** Which refusal each place of an envelope gives, as section 7 orders its checks. */
function refusalAt(place) {
  const ranges = [
    [1, "BAD_VERSION"], [2, "BAD_SUITE"], [3, "BAD_VERSION"], [EPOCH_AT, "WRONG_CONVERSATION"], [EPOCH_AT + 4, "NO_EPOCH_KEY"], [UID_AT, "EPOCH_FORK"],
    [COUNTER_AT, "SENDER_MISMATCH"], [COUNTER_AT + 3, "COUNTER_TOO_FAR"], [COUNTER_AT + 4, null], [HEADER_BYTES + 32, "BAD_COMMIT"],
  ];
  return (ranges.find(([end]) => place < end) ?? [0, "BAD_TAG"])[1];
}

export async function a46(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const [first, good] = [await bob.seal(bob.content({ body: "" })), await bob.seal(bob.content({ body: "whole" }))];
  await world.inject(cid, { blob: first.envelope, from: bob });
  // A flipped byte of the TH in the header is a fork and blocks; it has its own place at the end.
  const places = Array.from({ length: good.envelope.length }, (_, i) => i).filter((place) => !["EPOCH_FORK", null].includes(refusalAt(place)));
  const wanted = places.map(refusalAt);
  for (const place of places) await world.inject(cid, { blob: flip(good.envelope, place, 0x80), from: bob });
  for (const cut of [0, 1, 98, 402, good.envelope.length - 1]) {
    await world.inject(cid, { blob: good.envelope.slice(0, cut), from: bob });
    wanted.push(cut ? "BAD_ENCODING" : "SEQ_GAP"); // no bytes at all: the server took them away
  }
  await world.inject(cid, { blob: concat(good.envelope, new Uint8Array(16)), from: bob });
  wanted.push("BAD_TAG");
  await until(async () => (await codesOf(alice, cid)).length >= Math.min(wanted.length, 190), "all are refused", async () => (await codesOf(alice, cid)).length);
  await world.inject(cid, { blob: good.envelope, from: bob });
  await until(async () => (await alice.texts(cid)).includes("whole"), "the true one is shown", () => alice.texts(cid));
  const codes = await allCodes(alice, cid);
  const bad = wanted.map((code, i) => [places[i], code, codes[i]]).filter(([, code, got]) => code !== got);
  expect([codes.length, bad.slice(0, 5)], [wanted.length, []], "one named refusal for every place");
  expect(alice.messenger.conversation(cid).blocked, null, "nothing is blocked by noise");
  await world.inject(cid, { blob: flip(good.envelope, UID_AT - 1), from: bob });
  await isBlocked(alice, cid, "EPOCH_FORK");
}

async function allCodes(browser, cid) {
  const codes = [];
  let before;
  for (;;) {
    const { items, more } = await browser.messenger.messages(cid, { before, limit: 200 });
    codes.unshift(...items.filter(({ kind }) => kind === "missing").map(({ code }) => code));
    if (!more) return codes;
    before = items.find(({ seq }) => seq !== null).seq;
  }
}

/** A ciphertext that is valid under its key although it commits to another one: what a salamander needs. */
export async function a47(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const { envelope, counter } = await bob.seal(bob.content({ body: "seen by one only" }));
  const { msk } = await keyAt(startChain(bob.keys, bob.device), counter, 0);
  const header = envelope.slice(0, HEADER_BYTES);
  const { key, nonce, commit } = await messageKeys(msk, header, header.slice(-32));
  expect(equal(commit, envelope.slice(HEADER_BYTES, HEADER_BYTES + 32)), true, "the right keys");
  const other = randomBytes(32);
  const sealed = await gcmSeal(key, nonce, pad(utf8(JSON.stringify(bob.content({ body: "salamander" })))), concat(header, other));
  await world.inject(cid, { blob: concat(header, other, sealed), from: bob });
  await shows(alice, cid, "BAD_COMMIT");
  await alice.sees(cid, "hello", "hi");
  await world.inject(cid, { blob: envelope, from: bob });
  await alice.sees(cid, "hello", "hi", "seen by one only");
}

export async function a36(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const before = new Map(bob.chains);
  const one = await bob.seal(bob.content({ body: "of the browser" }));
  bob.chains = before; // the copied profile goes on from the same place
  const two = await bob.seal(bob.content({ body: "of its clone" }));
  expect([one.counter, equal(one.envelope.slice(67, 99), two.envelope.slice(67, 99))], [two.counter, false], "one counter, two salts");
  await world.inject(cid, { blob: one.envelope, from: bob });
  await world.inject(cid, { blob: two.envelope, from: bob });
  await shows(alice, cid, "COUNTER_REUSE");
  expect(await alice.texts(cid), ["hello", "hi", "of the browser"], "texts");
}

