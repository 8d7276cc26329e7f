/** Attacks on who is who: substituted keys, ghost devices, names that move (A01 to A06, A21, A22). */

import { expect, until } from "/tests/js_chat/harness.js";
import { bothReal, hasProblem, isBlocked, settled, shows, staysUnsent, withPuppet } from "./bench.js";
import { look } from "./logs.js";
import { encodeLeaf, generateEd25519, signBundle, toBase64Url, unhex } from "./product.js";
import { newDevice } from "./puppet.js";

/** What the server gives for the bundles of a person. */
export function serveBundles(server, uid, give) {
  const { bundles } = server;
  server.bundles = (asked, after) => (asked === uid ? give(after, bundles.call(server, asked, after)) : bundles.call(server, asked, after));
}

export const answer = (list) => (after) => ({ bundles: list.slice(after).map(({ bytes }) => toBase64Url(bytes)), current: list.length });

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
  await isBlocked(alice, cid, "STALE_BUNDLE");
  await staysUnsent(world, alice, cid);
}

/** She meets him only now: the server shows his first bundle, the log has his second. */
export async function a04_first(world) {
  const alice = await world.person("alice");
  const bob = await world.puppet("bob", { devices: 2 });
  const honest = world.server.bundles;
  serveBundles(world.server, bob.person.uid, answer([bob.person.bundles[0]]));
  bob.devices.pop();
  await bob.publish();
  const cid = await alice.messenger.startWith(bob.person.uid);
  await alice.messenger.send(cid, "not for the browser that is gone");
  await isBlocked(alice, cid, "STALE_BUNDLE");
  expect([world.events(cid).length, await alice.states(cid)], [0, ["queued"]], "nothing was sent");
  world.server.bundles = honest;
  await alice.messenger.decide(cid, "continue");
  await until(async () => (await alice.states(cid))[0] === "sent", "sent to the browsers that he has", () => alice.problems);
  await bob.join(cid).sync();
  expect(bob.heard, ["not for the browser that is gone"], "heard");
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
