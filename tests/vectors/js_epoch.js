/** Vectors of epoch records: the sender's side, every receiver, every history reader. */

import { decodeBundle, deviceOf } from "/static/js/crypto/bundle.js";
import { parseRecord, sortEntries } from "/static/js/crypto/epoch-core.js";
import {
  confirmTag, deriveSecrets, epochSecret, epochSecretOfNewcomer, historyInfo, historySecretOfReader, historySecretOfSender, openWrap, wrapInfo,
  wrapSecretOfMember, wrapSecretOfSender,
} from "/static/js/crypto/epoch-keys.js";
import { buildRecord, newConversation, readHistory, receiveRecord } from "/static/js/crypto/epoch.js";
import { appendLeaves, emptyLog, logRoot } from "/static/js/crypto/log.js";
import { sha256, x25519Public } from "/static/js/crypto/primitives.js";
import { equal, hex, unhex } from "/static/js/lib/bytes.js";
import { maybe, same, unchanged } from "./js_compare.js";

const NEXT = 1;

export async function judgeEpoch(given, out) {
  const world = await worldOf(given);
  same("log_root", await logRoot(world.log, given.log_size), given.log_root);
  const { record, kMsg, next } = await buildRecord(world.core, world.own, world.randomness);
  same("secrets", [kMsg, next], [out.k_msg, out.next]);
  same("record", record, out.record);
  const parsed = await parseRecord(record);
  same("hashes", [parsed.hash, parsed.coreHash, parsed.th, parsed.confirm], [out.record_sha256, out.core_hash, out.th, out.confirm]);
  await judgeSecrets(world, given, out, parsed);
  for (const receiver of given.receivers) await judgeReceiver(world, receiver, given, out, parsed);
  for (const reader of given.history) await judgeReader(world, reader, given, out, parsed);
}

async function worldOf(given) {
  const { sender } = given;
  const [eSeed, newleafSeed, dkSeed, r] = [sender.e_seed, sender.newleaf_seed, sender.dk_seed, sender.r].map(unhex);
  const bundles = await Promise.all(given.bundles.map((bytes) => decodeBundle(unhex(bytes))));
  const references = [given.uid_lo, given.uid_hi].map((uid) => bundles.find((bundle) => equal(bundle.uid, unhex(uid))));
  const core = {
    suite: given.suite, cid: unhex(given.cid), uidLo: unhex(given.uid_lo), uidHi: unhex(given.uid_hi), epoch: given.epoch, kind: given.kind,
    mode: given.mode, timerS: given.timer_s, thPrev: unhex(given.th_prev), sUid: unhex(sender.uid), sDid: unhex(sender.did),
    ePub: await x25519Public(eSeed), newleafPub: await x25519Public(newleafSeed),
    references: references.map((bundle) => ({ uid: bundle.uid, version: bundle.version, bundleHash: bundle.hash })),
    logSize: given.log_size, logRoot: unhex(given.log_root), members: given.members.map(memberOf),
    finals: given.finals.map((one) => ({ did: unhex(one.did), nextCounter: one.next_counter })),
  };
  const own = { dkSeed, bundles, nextPrev: given.kind === NEXT ? unhex(given.salt) : null };
  const log = await appendLeaves(emptyLog(), given.log_leaves.map(unhex));
  return { core, own, bundles, log, randomness: { eSeed, newleafSeed, r }, senderDkPub: await x25519Public(dkSeed) };
}

function memberOf(one) {
  return {
    uid: unhex(one.uid), did: unhex(one.did), leafPub: unhex(one.leaf_pub), spkId: one.spk_id, opkId: one.opk_id, opkPub: maybe(one.opk_pub), join: one.join,
  };
}

async function judgeSecrets({ core, own, bundles, randomness, senderDkPub }, given, out, parsed) {
  const others = sortEntries(core.members).filter((member) => !equal(member.did, core.sDid));
  const seeds = { dkSeed: own.dkSeed, eSeed: randomness.eSeed };
  for (const [i, member] of others.entries()) {
    const { dkPub } = deviceOf(bundles.find((bundle) => equal(bundle.uid, member.uid)), member.did);
    const z = await wrapSecretOfSender(seeds, { ...member, dkPub });
    const info = wrapInfo({ ...member, coreHash: parsed.coreHash, dkPub, senderDkPub, ePub: core.ePub });
    same("wrap", { did: member.did, join: member.join, z, info, wrap: parsed.wraps[i] }, out.wraps[i]);
  }
  same("number of wraps", others.length, out.wraps.length);
  const s = await epochSecret(randomness.r, unhex(given.salt), parsed.th);
  const { kConf } = await deriveSecrets(s, parsed.th);
  same("s, k_conf", [s, kConf], [out.s, out.k_conf]);
  same("confirm", await confirmTag(kConf, parsed.th, parsed.hwrapsHash), out.confirm);
  for (const [i, wanted] of out.hwraps.entries()) {
    const { uid, historyPub: hkPub } = bundles.find((bundle) => equal(bundle.uid, unhex(wanted.uid)));
    const z = await historySecretOfSender(seeds, hkPub);
    const info = historyInfo({ th: parsed.th, uid, hkPub, senderDkPub, ePub: core.ePub });
    same("hwrap", { uid, z, info, hwrap: parsed.hwraps[i] }, wanted);
  }
}

async function judgeReceiver(world, receiver, given, out, parsed) {
  const { core, senderDkPub } = world;
  const [did, dkSeed, leafSeed] = [receiver.did, receiver.dk_seed, receiver.leaf_seed].map(unhex);
  const wanted = out.wraps.find((wrap) => wrap.did === receiver.did);
  const z = await wrapSecretOfMember({ leafSeed, dkSeed, opkSeed: maybe(receiver.opk_seed) }, { senderDkPub, ePub: core.ePub });
  same("receiver's z", z, wanted.z);
  const x = await openWrap(z, unhex(wanted.info), unhex(wanted.wrap));
  const s = wanted.join ? await epochSecretOfNewcomer(x, parsed.th) : await epochSecret(x, unhex(given.salt), parsed.th);
  same("receiver's s", s, out.s);

  const entry = core.members.find((member) => equal(member.did, did));
  const { state, context } = liveState(world, given, receiver, entry);
  const received = await unchanged(state, () => receiveRecord(parsed.bytes, state, context));
  const { epochKeys } = received;
  same("receiver's keys", [epochKeys.kMsg, epochKeys.next, epochKeys.th], [out.k_msg, out.next, out.th]);
  same("chains", epochKeys.members.map((one) => ({ ...one, ck0: epochKeys.ck0[hex(one.did)] })), out.chains);
  same("new state", [received.state.epoch, received.state.th, received.state.next], [given.epoch, out.th, out.next]);
}

// A receiver that stands right before this record.
function liveState({ core, bundles, log }, given, receiver, entry) {
  const [uid, did, dkSeed, leafSeed] = [receiver.uid, receiver.did, receiver.dk_seed, receiver.leaf_seed].map(unhex);
  const next = maybe(receiver.next_prev);
  const leafs = core.members.filter((one) => one.spkId === 0 && !equal(one.did, core.sDid)).map((one) => ({ did: one.did, pub: one.leafPub }));
  const state = {
    ...newConversation(core), epoch: given.epoch - 1, th: core.thPrev, next, leafs: next && given.kind === NEXT ? leafs : null,
    leafSeed: entry.spkId === 0 ? leafSeed : null,
  };
  const spks = entry.spkId === 0 ? [] : [{ id: entry.spkId, seed: leafSeed }];
  const opks = entry.opkId === 0 ? [] : [{ id: entry.opkId, seed: unhex(receiver.opk_seed) }];
  return { state, context: { device: { uid, did, dkSeed, spks, opks }, bundles, log, counters: core.finals } };
}

async function judgeReader({ core, bundles, log, senderDkPub }, reader, given, out, parsed) {
  const [uid, hkSeed] = [reader.uid, reader.hk_seed].map(unhex);
  const wanted = out.hwraps.find((one) => one.uid === reader.uid);
  same("reader's z", await historySecretOfReader(hkSeed, { senderDkPub, ePub: core.ePub }), wanted.z);
  const state = { ...newConversation(core), epoch: given.epoch - 1, th: core.thPrev };
  const device = { uid, did: (await sha256(uid)).slice(0, 16) };
  const read = await unchanged(state, () => readHistory(parsed.bytes, state, { device, bundles, log, historySeeds: [hkSeed] }));
  same("reader's k_msg", read.epochKeys.kMsg, out.k_msg);
}

