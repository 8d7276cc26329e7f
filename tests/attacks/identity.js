/** Attacks on who is who: substituted keys, ghost devices, names that move, forged prekeys (A01 to A06, A10 to A12, A16, A21). */

import { expect, until } from "/tests/js_chat/harness.js";
import { LABEL } from "/static/js/crypto/labels.js";
import { verify } from "/static/js/crypto/primitives.js";
import { bothReal, goesOn, hasProblem, isBlocked, settled, shows, staysUnsent, withPuppet } from "./bench.js";
import { look } from "./logs.js";
import { concat, encodeLeaf, fromBase64Url, generateEd25519, sign, signBundle, toBase64Url, unhex } from "./product.js";
import { DAY_MS, newDevice } from "./puppet.js";

const L = (1n << 252n) + 27742317777372353535851937790883648493n;

/** What the server gives for the bundles of a person. */
function serveBundles(server, uid, give) {
  const { bundles } = server;
  server.bundles = (asked, after) => (asked === uid ? give(after, bundles.call(server, asked, after)) : bundles.call(server, asked, after));
}

const answer = (list) => (after) => ({ bundles: list.slice(after).map(({ bytes }) => toBase64Url(bytes)), current: list.length });

/** Somebody else's keys under Bob's name and number. */
async function substitute(bob, more = {}) {
  const root = await generateEd25519();
  const device = await newDevice(bob.uid);
  return { root, device, bundle: await signBundle({ ...bob.fields(), rootPub: root.pub, devices: [device], ...more }, root.seed) };
}

export async function a01(world) {
  const alice = await world.person("alice");
  const bob = await world.puppet("bob");
  const { bundle } = await substitute(bob, { version: 1, prevHash: new Uint8Array(32) });
  serveBundles(world.server, bob.person.uid, answer([bundle]));
  const cid = await alice.messenger.startWith(bob.person.uid);
  const posts = world.server.postsSeen;
  await alice.messenger.send(cid, "for bob alone");
  await isBlocked(alice, cid, "BUNDLE_NOT_IN_LOG");
  expect([world.server.postsSeen, await alice.states(cid)], [posts, ["queued"]], "nothing was sent");
  expect(alice.messenger.conversation(cid).verified, false, "not verified");
}

/** The false bundle is in the log as well: then the one it speaks of sees it, and the numbers differ. */
export async function a01_logged(world) {
  const { alice, bob, cid } = await bothReal(world);
  const before = await alice.messenger.safetyNumber(cid);
  const last = bob.person.bundles.at(-1);
  const { bundle } = await substitute({ uid: unhex(bob.person.uid), fields: () => last }, { version: 2, prevHash: last.hash });
  bob.person.bundles.push(bundle);
  await world.server.append(await encodeLeaf({ name: "bob", uid: bundle.uid, version: 2, bundleHash: bundle.hash }));
  await isBlocked(bob, cid, "LOG_SELF_FORGED");
  await isBlocked(alice, cid, "ROOT_RESET");
  await staysUnsent(world, alice, cid);
  const [hers, theirs] = [await alice.messenger.safetyNumber(cid), before];
  expect([hers.mine === theirs.mine, hers.theirs === theirs.theirs], [true, false], "the numbers differ");
}

/** The person looks at the number and says that it is the same. */
export async function compare(browser, cid) {
  await browser.messenger.safetyNumber(cid);
  await browser.messenger.setVerified(cid, true);
}

async function changedRoot(world, code, wish) {
  const { alice, bob, cid } = await withPuppet(world);
  await compare(alice, cid);
  expect(alice.messenger.conversation(cid).verified, true, "verified");
  const old = bob.root.seed;
  bob.root = await generateEd25519();
  await bob.impose(await signBundle(bob.fields(), bob.root.seed, wish.signedByOld ? old : null));
  await isBlocked(alice, cid, code);
  await shows(alice, cid, code);
  expect(alice.messenger.conversation(cid).verified, false, "the mark is gone");
  await staysUnsent(world, alice, cid);
  expect((await alice.texts(cid)).slice(0, 2), ["hello", "hi"], "texts stay");
  return alice.messenger.decide(cid, "continue").then(() => until(async () => (await alice.states(cid)).at(-1) !== "queued", "sent after the decision"));
}

export const a02 = (world) => changedRoot(world, "ROOT_RESET", {});
export const a02_rotated = (world) => changedRoot(world, "ROOT_ROTATED", { signedByOld: true });

/** The number was on the screen when the root changed: what was compared is not what would be marked. */
export async function a22(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await alice.messenger.safetyNumber(cid);
  bob.root = await generateEd25519();
  await bob.impose(await signBundle(bob.fields(), bob.root.seed));
  await isBlocked(alice, cid, "ROOT_RESET");
  await alice.messenger.setVerified(cid, true).catch(() => {});
  expect(alice.messenger.conversation(cid).verified, false, "the new root was never compared");
}

export async function a03(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const ghost = await newDevice(bob.uid);
  const forged = await signBundle(bob.fields({ devices: [...bob.devices, ghost] }), (await generateEd25519()).seed);
  await bob.servePrekeys(ghost);
  await bob.impose(forged);
  await hasProblem(alice, "BAD_SIG");
  const posts = world.server.postsSeen;
  await alice.messenger.send(cid, "not for a ghost");
  await settled();
  expect(world.server.postsSeen, posts, "nothing is sent while the bundle is refused");
}

/** With the stolen root the ghost is a device like any other: then both are told before it reads a word. */
export async function a03_stolen(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const ghost = await newDevice(bob.uid);
  bob.devices.push(ghost);
  await bob.publish();
  await shows(alice, cid, "DEVICE_ADDED");
  await alice.messenger.send(cid, "after the line");
  await until(async () => (await alice.states(cid)).at(-1) !== "queued", "sent");
  const { items } = await alice.messenger.messages(cid);
  const places = [items.findIndex(({ code }) => code === "DEVICE_ADDED"), items.findIndex(({ text }) => text === "after the line")];
  expect(places[0] >= 0 && places[0] < places[1], true, "the line stands before the message");
  await bob.sync();
  expect(bob.isMember(ghost.did), true, "only from then on it is in");
}

export async function a04(world) {
  const { alice, bob, cid } = await withPuppet(world, { devices: 2 });
  bob.devices.pop();
  const first = bob.person.bundles[0];
  serveBundles(world.server, bob.person.uid, answer([first]));
  await bob.publish();
  await isBlocked(alice, cid, "BUNDLE_NOT_IN_LOG");
  await staysUnsent(world, alice, cid);
}

/** A record that names the version before the removal. */
export async function a04_record(world) {
  const { alice, bob, cid } = await withPuppet(world, { devices: 2 });
  const old = bob.bundles();
  bob.devices.pop();
  await bob.publish();
  await shows(alice, cid, "DEVICE_REMOVED");
  await bob.sync();
  const { record } = await bob.propose(1, { bundles: old });
  await world.inject(cid, { kind: "record", blob: record, from: bob });
  await isBlocked(alice, cid, "STALE_BUNDLE");
}

export async function a05(world) {
  const alice = await world.person("alice");
  const mallory = await world.puppet("mallory");
  mallory.person.name = "bob"; // in the server's words only
  const cid = await alice.messenger.startWith(mallory.person.uid);
  const posts = world.server.postsSeen;
  await alice.messenger.send(cid, "for bob");
  await hasProblem(alice, "NAME_REBOUND");
  expect([world.server.postsSeen, await alice.states(cid)], [posts, ["queued"]], "nothing was sent");
}

/** A running chat is with a number and a root: another name at it changes nothing, another number in the log is seen. */
export async function a05_running(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const mallory = await world.puppet("mallory");
  const taken = await signBundle(mallory.fields({ name: "bob", version: 2, prevHash: bob.person.bundles.at(-1).hash }), mallory.root.seed);
  await world.server.append(await encodeLeaf({ name: "bob", uid: mallory.uid, version: 2, bundleHash: taken.hash }));
  await hasProblem(alice, "NAME_REBOUND");
  expect(alice.messenger.conversation(cid).peer.uid, bob.person.uid, "the same person");
  await goesOn(alice, bob, cid);
}

/** Mallory lists Bob's device keys as her own: she has none of his signatures over her own number. */
export async function a06(world) {
  const alice = await world.person("alice");
  const bob = await world.puppet("bob");
  const mallory = await world.puppet("mallory");
  mallory.devices = bob.devices.map((device) => ({ ...device, uid: mallory.uid }));
  await mallory.impose(await signBundle(mallory.fields(), mallory.root.seed)); // prekeys stay Bob's
  const cid = await alice.messenger.startWith(mallory.person.uid);
  const posts = world.server.postsSeen;
  await alice.messenger.send(cid, "for mallory");
  await hasProblem(alice, "DEVICE_NOT_IN_EPOCH");
  expect([world.server.postsSeen, await alice.states(cid)], [posts, ["queued"]], "nothing was sent");
}

/** The same record in the chat of another pair. */
export async function a06_moved(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const mallory = await world.puppet("mallory");
  const other = await alice.messenger.startWith(mallory.person.uid);
  const start = world.events(cid)[0];
  await world.inject(other, { kind: "record", blob: start.blob, from: mallory });
  await shows(alice, other, "WRONG_CONVERSATION");
  await goesOn(alice, bob, cid);
}

const malleable = {
  "S + L": (sig) => concat(sig.slice(0, 32), littleEndian(bigOf(sig.slice(32)) + L)),
  "small R": (sig) => concat(Uint8Array.of(1), new Uint8Array(31), sig.slice(32)),
  "R as another encoding": (sig) => concat(Uint8Array.of(0xee), new Uint8Array(30).fill(0xff), Uint8Array.of(0x7f), sig.slice(32)),
};

const bigOf = (bytes) => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
const littleEndian = (value) => Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));

export async function a10(world) {
  for (const [name, change] of Object.entries(malleable)) {
    const alice = await world.person(`alice-${Object.keys(malleable).indexOf(name)}`);
    const bob = await world.puppet(`bob-${Object.keys(malleable).indexOf(name)}`);
    const honest = bob.person.bundles[0];
    const sigAt = honest.bytes.length - 4 - 64;
    const bent = concat(honest.bytes.slice(0, sigAt), change(honest.sig), honest.bytes.slice(-4));
    serveBundles(world.server, bob.person.uid, answer([{ bytes: bent }]));
    const cid = await alice.messenger.startWith(bob.person.uid);
    await alice.messenger.send(cid, name);
    await hasProblem(alice, "BAD_SIG");
    expect(await alice.states(cid), ["queued"], name);
  }
}

/** A signature that was made for one thing is no other thing's. */
export async function a11(world) {
  const alice = await world.person("alice");
  const bob = await world.puppet("bob");
  const honest = bob.person.bundles[0];
  const asRotation = await sign(bob.root.seed, concat(LABEL.bundleRot, honest.hash));
  const bytes = concat(honest.bytes.slice(0, -68), asRotation, honest.bytes.slice(-4));
  serveBundles(world.server, bob.person.uid, answer([{ bytes }]));
  const cid = await alice.messenger.startWith(bob.person.uid);
  await alice.messenger.send(cid, "to whom?");
  await hasProblem(alice, "BAD_SIG");
  expect(await alice.states(cid), ["queued"], "nothing was sent");
}

/** The server chooses the nonce so that the answer might pass as something else. */
export async function a11_nonce(world) {
  const alice = await world.person("alice");
  const device = alice.person.bundles[0].devices[0];
  const wish = alice.person.bundles[0].hash;
  const signatures = [];
  const { keys } = world.server;
  world.server.keys = (client, method, parts, data, q) => {
    if (parts[0] === "nonce") return { nonce: toBase64Url((client.nonce = wish)) };
    if (parts[0] === "session") signatures.push(fromBase64Url(data.sig));
    return keys.call(world.server, client, method, parts, data, q);
  };
  await alice.reload();
  await alice.online();
  expect(signatures.length >= 1, true, "a proof was made");
  for (const label of [LABEL.bundleSig, LABEL.bundleRot]) {
    const passes = await verify(device.dsPub, signatures[0], concat(label, wish)).then(() => true, () => false);
    expect(passes, false, "no signature of a bundle");
  }
  world.server.keys = (client, method, parts, data, q) =>
    parts[0] === "nonce" ? { nonce: toBase64Url(concat(LABEL.bundleSig, wish)) } : keys.call(world.server, client, method, parts, data, q);
  const before = signatures.length;
  await alice.reload();
  await settled();
  expect(signatures.length, before, "a nonce of another length is not signed");
}

async function leftOut(world, spoil) {
  const alice = await world.person("alice");
  const bob = await world.puppet("bob", { devices: 2 });
  await spoil(bob, bob.devices[1]);
  const cid = await alice.messenger.startWith(bob.person.uid);
  await alice.messenger.send(cid, "to one browser");
  await until(async () => (await alice.states(cid))[0] === "sent", "sent", () => alice.problems);
  await bob.join(cid).sync();
  expect([bob.heard, bob.isMember(bob.devices[1].did)], [["to one browser"], false], "the other is left out");
  return alice.codes(cid);
}

export const a12 = (world) => leftOut(world, async (bob, device) => bob.servePrekeys(device, { signer: (await generateEd25519()).seed }));
export const a12_expired = (world) => leftOut(world, (bob, device) => bob.servePrekeys(device, { notAfterMs: Date.now() - DAY_MS }));
export const a12_low_order = (world) => leftOut(world, (bob, device) => bob.servePrekeys(device, { spkPub: new Uint8Array(32) }));

export async function a16_bundle(world) {
  const alice = await world.person("alice");
  const bob = await world.puppet("bob");
  const stripped = await signBundle(bob.fields({ suites: 2, version: 1, prevHash: new Uint8Array(32) }), bob.root.seed);
  serveBundles(world.server, bob.person.uid, answer([stripped]));
  const cid = await alice.messenger.startWith(bob.person.uid);
  await alice.messenger.send(cid, "under which suite?");
  await hasProblem(alice, "BAD_SUITE");
  expect(await alice.states(cid), ["queued"], "nothing was sent");
}

export async function a21(world) {
  const { alice, bob, cid } = await bothReal(world);
  const [hers, his] = [await alice.messenger.safetyNumber(cid), await bob.messenger.safetyNumber(cid)];
  expect([hers.digits, hers.digits.length, hers.mine], [his.digits, 60, his.theirs], "the same sixty at both sides");
  await bob.messenger.send(cid, `Our number is ${"12345 ".repeat(12)}`);
  await settled(100);
  world.server.people.forEach((person) => Object.assign(person, { safety: "0".repeat(60), digits: "0".repeat(60) }));
  look(world);
  expect((await alice.messenger.safetyNumber(cid)).digits, hers.digits, "no word of the server or of a message is in it");
  const fresh = world.browserOf(bob.person);
  bob.messenger.end();
  await fresh.load();
  await fresh.messenger.resetKeys({ name: "bob" });
  await fresh.makeKeys();
  await isBlocked(alice, cid, "ROOT_RESET");
  const after = await alice.messenger.safetyNumber(cid);
  const same = [...after.theirs].filter((digit, i) => digit === hers.theirs[i]).length;
  expect([after.mine, after.theirs === hers.theirs, same < 20], [hers.mine, false, true], "another root, other digits");
}
