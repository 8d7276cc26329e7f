/** Attacks on what a name stands for, and keys that are listed by somebody else (A05, A06). */

import { expect } from "/tests/js_chat/harness.js";
import { shortNumber } from "/static/js/crypto/safety-number.js";
import { goesOn, hasProblem, settled, shows, withPuppet } from "./bench.js";
import { encodeLeaf, signBundle } from "./product.js";

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

/** The name of somebody she knows: both accounts are told by how their numbers begin, and the old chat stays with whom it was. */
export async function a05_known(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const was = (await alice.messenger.safetyNumber(cid)).theirs;
  const mallory = await world.puppet("mallory");
  mallory.person.name = "bob";
  const other = await alice.messenger.startWith(mallory.person.uid);
  await alice.messenger.send(other, "for bob");
  await shows(alice, other, "NAME_REBOUND");
  const { detail } = (await alice.messenger.messages(other)).items.find(({ code }) => code === "NAME_REBOUND");
  const now = digits(await shortNumber({ uid: mallory.uid, name: "mallory", rootPub: mallory.root.pub }));
  expect([detail.user, digits(detail.was), digits(detail.now)], ["bob", was.slice(0, 10), now], "both numbers");
  expect(await alice.states(other), ["queued"], "nothing was sent");
  alice.messenger.poke();
  await settled();
  expect((await alice.codes(other)).filter((code) => code === "NAME_REBOUND").length, 1, "said once");
  await goesOn(alice, bob, cid);
}

const digits = (text) => text.replaceAll(" ", "");

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
