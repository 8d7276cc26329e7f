/** Attacks inside the seal, and what leaks around it: holes, times, sizes, parsers, oracles (A49, A53 to A59). */

import { expect, until } from "/tests/js_chat/harness.js";
import { padme } from "/static/js/crypto/padding.js";
import { bothReal, bytesOf, flip, goesOn, settled, shows, withPuppet } from "./bench.js";
import { toBase64Url, utf8 } from "./product.js";

const rowsOf = async (browser, cid) => (await browser.messenger.messages(cid, { limit: 200 })).items;

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

export async function a53(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const ts = Date.now();
  const { envelope } = await bob.seal(bob.content({ body: "when?", ts }));
  await world.inject(cid, { blob: envelope, from: bob, at_ms: ts + 3 * 86_400_000 });
  await alice.sees(cid, "hello", "hi", "when?");
  const row = (await rowsOf(alice, cid)).find(({ text }) => text === "when?");
  expect([row.at, row.detail], [ts, { clockSkew: true }], "his time is shown, and the difference is flagged");
  expect((await alice.codes(cid)).at(-1), "CLOCK_SKEW", "and told");
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

const ON_ITS_OWN = new Set(["heads", "/api/keys/write-number/"]); // every so often, whatever came

function shapeOf(said) {
  const spoken = said.filter(({ f }) => !ON_ITS_OWN.has(f)).map(({ f, ...rest }) => `${f} ${Object.keys(rest).join()}`);
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
