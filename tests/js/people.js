/** Alice, Bob and their devices, with bundles in a log: what the stories of this folder start from. */

import { signBundle } from "/static/js/crypto/bundle.js";
import { newConversation, newRecordRandomness, proposeRecord, receiveRecord } from "/static/js/crypto/epoch.js";
import { appendLeaves, emptyLog, encodeLeaf } from "/static/js/crypto/log.js";
import { generateEd25519, generateX25519, randomBytes } from "/static/js/crypto/primitives.js";
import { compare, hex } from "/static/js/lib/bytes.js";

export async function newDevice(uid) {
  const [ds, dk, spk, opk] = [await generateEd25519(), await generateX25519(), await generateX25519(), await generateX25519()];
  const did = randomBytes(16);
  return {
    uid, did, dkSeed: dk.seed, dsPub: ds.pub, dkPub: dk.pub, spks: [{ id: 1, seed: spk.seed }], opks: [{ id: 5, seed: opk.seed }],
    prekeys: { spk: { id: 1, pub: spk.pub }, opk: { id: 5, pub: opk.pub } }, state: null, counters: [],
  };
}

export async function newPerson(name, devices = 1) {
  const uid = randomBytes(16);
  const [root, history] = [await generateEd25519(), await generateX25519()];
  const person = { uid, name, root, history, devices: [], bundle: null, versions: [] };
  for (let i = 0; i < devices; i += 1) person.devices.push(await newDevice(uid));
  return person;
}

/** Signs the next bundle of a person and appends its leaf. @returns {Promise<object>} the log */
export async function publish(person, log) {
  const fields = {
    suites: 1, uid: person.uid, name: person.name, version: person.versions.length + 1, prevHash: person.bundle?.hash ?? new Uint8Array(32),
    rootPub: person.root.pub, historyPub: person.history.pub, hkGen: 1, issuedMs: 1_700_000_000_000,
    devices: person.devices.map(({ did, dsPub, dkPub }) => ({ did, dsPub, dkPub, addedMs: 1_700_000_000_000 })),
  };
  person.bundle = await signBundle(fields, person.root.seed);
  person.versions.push(person.bundle);
  const { uid, name, bundle } = person;
  return appendLeaves(log, [await encodeLeaf({ name, uid, version: bundle.version, bundleHash: bundle.hash })]);
}

export async function newWorld(aliceDevices = 1, bobDevices = 1) {
  const people = [await newPerson("alice", aliceDevices), await newPerson("bob", bobDevices)].sort((a, b) => compare(a.uid, b.uid));
  let log = emptyLog();
  for (const person of people) log = await publish(person, log);
  const world = { people, log, cid: randomBytes(16) };
  for (const device of devicesOf(world)) device.state = freshState(world);
  return world;
}

export function freshState({ cid, people }) {
  return newConversation({ cid, uidLo: people[0].uid, uidHi: people[1].uid });
}

export function devicesOf({ people }) {
  return people.flatMap((person) => person.devices);
}

export function contextOf(world, device, more = {}) {
  const bundles = world.people.flatMap((person) => person.versions);
  return { device, bundles, log: world.log, counters: device.counters, ...more };
}

export async function propose(world, device, kind, more = {}) {
  const prekeys = Object.fromEntries(devicesOf(world).map((one) => [hex(one.did), one.prekeys]));
  const context = { device, bundles: world.people.map((person) => person.bundle), log: world.log, prekeys };
  const wish = { kind, mode: 0, timerS: 0, finals: device.counters, ...more };
  return proposeRecord(device.state, wish, context, await newRecordRandomness());
}

/** Gives a proposal to its maker and to others. @returns {Promise<object[]>} what each received */
export async function deliver(world, sender, proposal, others) {
  const received = [await receiveRecord(proposal.record, sender.state, contextOf(world, sender, { pending: proposal }))];
  for (const device of others) received.push(await receiveRecord(proposal.record, device.state, contextOf(world, device)));
  [sender, ...others].forEach((device, i) => {
    device.state = received[i].state;
    device.keys = received[i].epochKeys;
    device.counters = [];
  });
  return received;
}
