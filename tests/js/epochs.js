/** The life of a conversation: what one device proposes, the others take in. */

import { followRecord, needsPrekey, readHistory, receiveRecord } from "/static/js/crypto/epoch.js";
import { encodeCore, othersOf, parseCore, parseRecord } from "/static/js/crypto/epoch-core.js";
import { openWrap, wrapInfo, wrapSecretOfMember } from "/static/js/crypto/epoch-keys.js";
import { MODE_EPHEMERAL, NEXT, RESTART, START } from "/static/js/crypto/labels.js";
import { appendLeaves, encodeAssetLeaf } from "/static/js/crypto/log.js";
import { randomBytes } from "/static/js/crypto/primitives.js";
import { equal, hex, utf8 } from "/static/js/lib/bytes.js";
import { holds, refuses, same } from "./claims.js";
import { contextOf, deliver, devicesOf, freshState, newDevice, newWorld, propose, publish } from "./people.js";

const keysOf = (device) => [device.keys.kMsg, device.keys.next, device.keys.ck0, device.state.th];

export async function a_start_and_a_settling_next() {
  const world = await newWorld(2, 1);
  const [first, ...others] = devicesOf(world);
  const received = await deliver(world, first, await propose(world, first, START), others);
  same(received.map((one) => one.own), [true, false, false]);
  same(received[1].usedOpkId, 5);
  others.forEach((device) => same(keysOf(device), keysOf(first)));

  const [second, third] = others;
  same(needsPrekey(second.state, NEXT, world.people.map((one) => one.bundle), second.did).map((one) => hex(one.did)), [hex(third.did)]);
  const settled = await deliver(world, second, await propose(world, second, NEXT), [first, third]);
  same(settled[1].usedOpkId, null);
  same(keysOf(third), keysOf(second));
  await deliver(world, first, await propose(world, first, NEXT), [second, third]);
  same([first.state.epoch, keysOf(first)], [2, keysOf(third)]);
}

export async function a_newcomer_joins_and_a_removed_device_stays_outside() {
  const world = await newWorld();
  const [alice, bob] = devicesOf(world);
  await deliver(world, alice, await propose(world, alice, START), [bob]);
  const laptop = await newDevice(bob.uid);
  const owner = world.people.find((person) => person.devices.includes(bob));
  owner.devices.push(laptop);
  laptop.state = freshState(world);
  world.log = await publish(owner, world.log);
  await refuses("EPOCH_GAP", async () => receiveRecord((await propose(world, alice, NEXT)).record, laptop.state, contextOf(world, laptop)));

  laptop.state = { ...laptop.state, epoch: bob.state.epoch, th: bob.state.th };
  await deliver(world, alice, await propose(world, alice, NEXT), [bob, laptop]);
  same(keysOf(laptop), keysOf(alice));

  owner.devices = [laptop];
  world.log = await publish(owner, world.log);
  const without = await propose(world, laptop, NEXT);
  await refuses("NOT_A_MEMBER", () => receiveRecord(without.record, bob.state, contextOf(world, bob)));
  const followed = await followRecord(without.record, bob.state, contextOf(world, bob));
  same([followed.state.epoch, followed.state.next, followed.epochKeys], [2, null, null]);
  await deliver(world, laptop, without, [alice]);
  same(followed.state.th, alice.state.th);
}

export async function a_newcomer_misses_nothing_of_what_it_could_not_open() {
  const world = await newWorld();
  const [alice, bob] = devicesOf(world);
  await deliver(world, alice, await propose(world, alice, START), [bob]);
  const laptop = await newDevice(bob.uid);
  const owner = world.people.find((person) => person.devices.includes(bob));
  owner.devices.push(laptop);
  laptop.state = { ...freshState(world), epoch: bob.state.epoch, th: bob.state.th };
  world.log = await publish(owner, world.log);
  alice.counters = [{ did: alice.did, nextCounter: 3 }];
  const { record } = await propose(world, alice, NEXT);
  await refuses("MESSAGES_WITHHELD", () => receiveRecord(record, bob.state, contextOf(world, bob)));
  same((await receiveRecord(record, laptop.state, contextOf(world, laptop, { withheldIsNotice: true }))).notices, []);
  const { epochKeys } = await receiveRecord(record, laptop.state, contextOf(world, laptop));
  const member = await receiveRecord(record, bob.state, contextOf(world, bob, { counters: alice.counters }));
  same([epochKeys.kMsg, member.notices], [member.epochKeys.kMsg, []]);
}

export async function a_restart_by_a_member_is_suspect() {
  const world = await newWorld();
  const [alice, bob] = devicesOf(world);
  await deliver(world, alice, await propose(world, alice, START), [bob]);
  const received = await deliver(world, bob, await propose(world, bob, RESTART, { mode: MODE_EPHEMERAL, timerS: 60 }), [alice]);
  same(received[1].notices, ["RESTART_SUSPECT", "MODE_CHANGED"]);
  same(alice.state.leafs.map((leaf) => hex(leaf.did)), [hex(bob.did)]);
  same([alice.state.leafSeed, alice.state.mode, keysOf(alice)], [null, 1, keysOf(bob)]);
  await deliver(world, alice, await propose(world, alice, NEXT, { mode: MODE_EPHEMERAL, timerS: 60 }), [bob]);
  same(keysOf(alice), keysOf(bob));
}

export async function a_losing_proposal_is_dropped_and_made_anew() {
  const world = await newWorld();
  const [alice, bob] = devicesOf(world);
  await deliver(world, alice, await propose(world, alice, START), [bob]);
  const [lost, won] = [await propose(world, alice, NEXT), await propose(world, bob, NEXT)];
  await deliver(world, bob, won, [alice]);
  await refuses("EPOCH_ROLLBACK", () => receiveRecord(lost.record, bob.state, contextOf(world, bob)));
  await refuses("DUPLICATE", () => receiveRecord(won.record, alice.state, contextOf(world, alice)));
  await deliver(world, alice, await propose(world, alice, NEXT), [bob]);
  same([bob.state.epoch, keysOf(bob)], [2, keysOf(alice)]);
}

export async function a_record_in_my_name_is_not_taken() {
  const world = await newWorld();
  const [alice, bob] = devicesOf(world);
  const mine = await propose(world, alice, START);
  await refuses("SELF_FORGED", () => receiveRecord(mine.record, alice.state, contextOf(world, alice)));
  const other = await propose(world, alice, START);
  await refuses("SELF_FORGED", () => receiveRecord(mine.record, alice.state, contextOf(world, alice, { pending: other })));
  await deliver(world, alice, mine, [bob]);
}

export async function a_device_stands_once_in_a_record_whoever_it_is_said_to_belong_to() {
  const world = await newWorld();
  const [alice, bob] = devicesOf(world);
  const { core } = await parseRecord((await propose(world, alice, START)).record);
  same(parseCore(encodeCore(core)).members.length, 2);
  const twice = core.members.map((entry) => ({ ...entry, did: alice.did }));
  same(twice.map(({ uid }) => hex(uid)), [hex(alice.uid), hex(bob.uid)]);
  await refuses("BAD_ENCODING", () => parseCore(encodeCore({ ...core, members: twice })));
}

export async function copies_of_both_devices_read_on_until_each_side_made_a_record() {
  const world = await newWorld();
  const [alice, bob] = devicesOf(world);
  await deliver(world, alice, await propose(world, alice, START), [bob]);
  for (const [sender, other] of [[bob, alice], [alice, bob]]) await deliver(world, sender, await propose(world, sender, NEXT), [other]);
  const [hers, his] = [alice, bob].map((device) => structuredClone(device));

  const first = await propose(world, alice, NEXT);
  const read = await receiveRecord(first.record, his.state, contextOf(world, his));
  await deliver(world, alice, first, [bob]);
  same([read.epochKeys.kMsg, read.state.next], [alice.keys.kMsg, alice.state.next]);

  const second = await propose(world, bob, NEXT);
  const all = { ...hers, state: { ...read.state, leafSeed: hers.state.leafSeed } }; // what both copies know together
  await refuses("LEAF_MISMATCH", () => receiveRecord(second.record, all.state, contextOf(world, all)));
  await refuses("BAD_TAG", () => openedBy(all, bob, second.record));
  same((await openedBy(alice, bob, second.record)).length, 32);
  await deliver(world, bob, second, [alice]);
  same(keysOf(alice), keysOf(bob));
}

// The wrap alone, whatever a receiver would check before.
async function openedBy({ did, dkSeed, dkPub, state }, { dkPub: senderDkPub }, record) {
  const { core, coreHash, wraps } = await parseRecord(record);
  const place = othersOf(core).findIndex((entry) => equal(entry.did, did));
  const sender = { senderDkPub, ePub: core.ePub };
  const z = await wrapSecretOfMember({ leafSeed: state.leafSeed, dkSeed, opkSeed: null }, sender);
  return openWrap(z, wrapInfo({ ...othersOf(core)[place], ...sender, join: false, coreHash, dkPub }), wraps[place]);
}

export async function withheld_messages_are_refused_then_told() {
  const world = await newWorld();
  const [alice, bob] = devicesOf(world);
  await deliver(world, alice, await propose(world, alice, START), [bob]);
  alice.counters = [{ did: alice.did, nextCounter: 3 }];
  const { record } = await propose(world, alice, NEXT);
  await refuses("MESSAGES_WITHHELD", () => receiveRecord(record, bob.state, contextOf(world, bob)));
  const received = await receiveRecord(record, bob.state, contextOf(world, bob, { withheldIsNotice: true }));
  same(received.notices, ["MESSAGES_WITHHELD"]);
}

export async function history_opens_with_the_history_key_alone() {
  const world = await newWorld();
  const [alice, bob] = devicesOf(world);
  const records = [];
  for (const [sender, other, kind] of [[alice, bob, START], [bob, alice, NEXT]]) {
    const proposal = await propose(world, sender, kind);
    records.push(proposal.record);
    await deliver(world, sender, proposal, [other]);
  }
  const reader = world.people[0];
  const device = { uid: reader.uid, did: randomBytes(16) };
  let state = freshState(world);
  for (const record of records) {
    const read = await readHistory(record, state, { ...contextOf(world, device), counters: [], historySeeds: [randomBytes(32), reader.history.seed] });
    state = read.state;
    holds(read.epochKeys.next === null, "nothing of the live state");
    if (state.epoch === 1) same(read.epochKeys.kMsg, alice.keys.kMsg);
  }
  await refuses("NOT_A_MEMBER", () => readHistory(records[0], freshState(world), { ...contextOf(world, device), historySeeds: [randomBytes(32)] }));
}

export async function another_view_of_the_log_is_seen_by_whoever_reads_history_or_is_outside() {
  const world = await newWorld();
  const [alice, bob] = devicesOf(world);
  const before = world.log;
  const [shown, other] = await Promise.all(["shown", "other"].map((word) => encodeAssetLeaf({ build: word, manifest: utf8(word) })));
  world.log = await appendLeaves(before, [shown]);
  const proposal = await propose(world, alice, START);
  await deliver(world, alice, proposal, [bob]);
  const device = { uid: alice.uid, did: randomBytes(16) };
  const reader = { ...contextOf(world, device), historySeeds: [world.people[0].history.seed] };
  for (const read of [readHistory, followRecord]) {
    for (const log of [before, await appendLeaves(before, [other])]) await refuses("LOG_SPLIT_VIEW", () => read(proposal.record, freshState(world), { ...reader, log }));
    same((await read(proposal.record, freshState(world), reader)).state.epoch, 0);
  }
}

export async function an_ephemeral_epoch_has_no_history() {
  const world = await newWorld();
  const [alice, bob] = devicesOf(world);
  const proposal = await propose(world, alice, START, { mode: MODE_EPHEMERAL, timerS: 60 });
  await deliver(world, alice, proposal, [bob]);
  const device = { uid: alice.uid, did: randomBytes(16) };
  await refuses("NOT_A_MEMBER", () => readHistory(proposal.record, freshState(world), { ...contextOf(world, device), historySeeds: [world.people[0].history.seed] }));
}
