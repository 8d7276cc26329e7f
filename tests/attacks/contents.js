/** Attacks inside the seal, and what leaks around it: forged actions, times, receipts, sizes, parsers, oracles (A48 to A59). */

import { expect, until } from "/tests/js_chat/harness.js";
import { padme } from "/static/js/crypto/padding.js";
import { bothReal, bytesOf, flip, goesOn, settled, shows, withPuppet } from "./bench.js";
import { hex, toBase64Url, utf8 } from "./product.js";

const rowsOf = async (browser, cid) => (await browser.messenger.messages(cid, { limit: 200 })).items;

async function midOf(world, cid, uid) {
  const { messageId } = await import("/static/js/crypto/envelope.js");
  return hex(await messageId(bytesOf(world.events(cid).findLast((event) => event.kind === "message" && event.uid === uid))));
}

async function unchangedBy(world, content) {
  const { alice, bob, cid } = await withPuppet(world);
  const target = await midOf(world, cid, alice.person.uid);
  const before = (await rowsOf(alice, cid)).filter(({ kind }) => kind === "text");
  await bob.say(bob.content({ ...content, target }));
  await bob.say("after");
  await alice.sees(cid, "hello", "hi", "after");
  const texts = (await rowsOf(alice, cid)).filter(({ kind }) => kind === "text");
  expect(texts.slice(0, before.length).map(({ text, mine }) => [text, mine]), before.map(({ text, mine }) => [text, mine]), "the original is as it was");
  return (await rowsOf(alice, cid)).map(({ kind, code }) => code ?? kind);
}

export const a48 = (world) => unchangedBy(world, { t: "edit", rev: 1, body: "I owe you" });
export const a49 = (world) => unchangedBy(world, { t: "delete" });

/** A row that is missing at the server is a gap, never a delete. */
export async function a49_server(world) {
  const { alice, bob, cid } = await bothReal(world);
  const events = world.events(cid);
  const place = events.findLastIndex(({ kind, uid }) => kind === "message" && uid === bob.person.uid);
  events.splice(place, 1, { ...events[place], blob: "", sha256: toBase64Url(new Uint8Array(32)) });
  alice.messenger.poke();
  await bob.messenger.send(cid, "after the hole");
  await until(async () => (await alice.texts(cid)).includes("after the hole"), "goes on");
  expect(await alice.texts(cid), ["hello", "hi", "after the hole"], "what she has stays");
}

export async function a50(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await bob.say(bob.content({ t: "react", target: "ab".repeat(16), e: "👍", on: true }));
  await bob.say(bob.content({ body: "as you said", re: "cd".repeat(16) }));
  await alice.sees(cid, "hello", "hi", "as you said");
  await goesOn(alice, bob, cid, ["hello", "hi", "as you said"]);
}

export async function a52(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await alice.messenger.send(cid, "read?");
  await until(async () => (await alice.states(cid)).at(-1) === "sent", "stored");
  const conversation = world.server.conversations.get(cid);
  world.server.sockets.forEach((socket) => {
    socket.push({ f: "ack", cid, upto: conversation.seq });
    socket.push({ f: "delivered", cid, seq: conversation.seq });
    socket.push({ f: "accepted", cid, client_id: crypto.randomUUID(), seq: conversation.seq, sha256: "", dup: true, delivered: true, read: true });
  });
  await settled(100);
  expect((await alice.states(cid)).at(-1), "sent", "the server's word is no receipt");
  await bob.sync();
  await bob.say(bob.content({ t: "void", ack: { [bob.client.did]: 9 } }));
  await settled(100);
  expect((await alice.states(cid)).at(-1), "sent", "another device's count is none either");
  await bob.say(bob.content({ t: "void", ack: { [alice.client.did]: 1 } }));
  await until(async () => (await alice.states(cid)).at(-1) === "delivered", "the peer's sealed word is", () => alice.codes(cid));
}

export async function a53(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const ts = Date.now();
  const { envelope } = await bob.seal(bob.content({ body: "when?", ts }));
  await world.inject(cid, { blob: envelope, from: bob, at_ms: ts + 3 * 86_400_000 });
  await alice.sees(cid, "hello", "hi", "when?");
  const row = (await rowsOf(alice, cid)).at(-1);
  expect([row.at, row.detail], [ts, { clockSkew: true }], "his time is shown, and the difference is flagged");
  expect(alice.messenger.conversation(cid).blocked, null, "nothing hangs on it");
}

export async function a55(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const content = bob.content({ body: "once" });
  await bob.say(content);
  await bob.next();
  await bob.say(content);
  await goesOn(alice, bob, cid, ["hello", "hi", "once"]);
}

export async function a56(world) {
  const { alice, cid } = await withPuppet(world);
  const first = world.events(cid).length;
  const lengths = [1, 2, 60, 120, 180, 300, 1_000, 5_000, 15_999];
  for (const length of lengths) await alice.messenger.send(cid, "x".repeat(length));
  await until(() => world.events(cid).length >= first + lengths.length, "all are stored");
  const sizes = world.events(cid).filter(({ kind }) => kind === "message").map((event) => bytesOf(event).length - 99 - 32 - 16);
  expect(sizes.filter((size) => size < 256 || padme(size) !== size), [], "padded sizes only");
  expect(new Set(sizes.slice(-9, -6)).size, 1, "short texts look alike");
}

// The heartbeat comes on its own.
function shapeOf(said) {
  const spoken = said.filter(({ f }) => f !== "heads").map(({ f, ...rest }) => `${f} ${Object.keys(rest).join()}`);
  return spoken.sort().join("; ");
}

/** What her browser says to the server after something that it could not open. */
export async function a58(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await settled();
  const said = [];
  const { takeFrame, route } = world.server;
  world.server.takeFrame = (socket, frame) => {
    if (socket.client === alice.client) said.push(frame);
    return takeFrame.call(world.server, socket, frame);
  };
  world.server.route = (client, path, options) => {
    if (client === alice.client) said.push({ f: path, body: options.body });
    return route.call(world.server, client, path, options);
  };
  const good = await bob.seal(bob.content({ t: "void" }));
  const frames = [];
  for (const place of [200, 110, 40, 402]) {
    said.length = 0;
    await world.inject(cid, { blob: flip(good.envelope, place), from: bob });
    await until(() => said.some(({ f }) => f === "ack"), "taken note of");
    await settled(100);
    frames.push(shapeOf(said));
  }
  said.length = 0;
  await world.inject(cid, { blob: good.envelope, from: bob });
  await until(() => said.some(({ f }) => f === "ack"), "taken note of");
  await settled(100);
  frames.push(shapeOf(said));
  expect(new Set(frames).size, 1, `good and bad look alike from outside: ${frames.join(" | ")}`);
}

const common = '"v":1,"t":"text","id":"00000000-0000-4000-8000-000000000001","ts":1700000001000,"ack":{}';

/** What no two parsers may read in two ways. */
export const ODD = [
  `{${common},"body":"a","body":"b"}`, `{${common},"body":"\\ud800"}`, `{${common},"body":NaN}`, `{${common},"body":"a","x":1}`,
  `{${common.replace("1700000001000", "1.5")},"body":"a"}`, `{${common.replace("1700000001000", "1e3")},"body":"a"}`,
  `{${common},"body":"a","__proto__":{"polluted":true}}`, `{${common},"body":"a","constructor":1}`, `[{${common},"body":"a"}]`,
  `{${common.replace('"ack":{}', '"ack":{"a":{"b":{"c":{"d":{"e":{"f":1}}}}}}')},"body":"a"}`, `{${common},"body":"a"} `.replace(/ $/, "x"), "{", "",
  `{${common.replace('"v":1', '"v":2')},"body":"a"}`, `{${common.replace('"v":1', '"v":true')},"body":"a"}`, `\ufeff{${common},"body":"a"}`,
];

export async function a59(world) {
  const { alice, bob, cid } = await withPuppet(world);
  for (const text of ODD) await bob.say(utf8(text));
  await bob.say(Uint8Array.from([...new TextEncoder().encode(`{${common},"body":"`), 0xff, 0x22, 0x7d]));
  await goesOn(alice, bob, cid);
  const codes = (await alice.codes(cid)).filter((code) => !["STARTED", "COUNTER_GAP"].includes(code)); // their counters were never marked as seen
  expect(codes, Array(ODD.length + 1).fill("BAD_CONTENT"), "all are refused as content, kept as missing");
  expect([{}.polluted, Object.prototype.polluted], [undefined, undefined], "no prototype was touched");
  await shows(alice, cid, "BAD_CONTENT");
  return ODD;
}
