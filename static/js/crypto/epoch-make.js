/** Making an epoch record: START, NEXT, RESTART (protocol.md, section 6). */

import { concat, equal, hex } from "../lib/bytes.js";
import { deviceOf } from "./bundle.js";
import { encodeCore, encodeRecord, historyUidsOf, othersOf, parseCore, parseRecord, sortEntries, transcriptHash } from "./epoch-core.js";
import {
  confirmTag, deriveSecrets, epochSecret, historyInfo, historySecretOfSender, joinSecret, sealWrap, wrapInfo, wrapSecretOfSender,
} from "./epoch-keys.js";
import { adopt } from "./epoch-state.js";
import { check } from "./errors.js";
import { NEXT, SUITE, START, Z32 } from "./labels.js";
import { logRoot } from "./log.js";
import { generateX25519, randomBytes, sha256, wipe, x25519Public } from "./primitives.js";

/** @typedef {{eSeed: Uint8Array, newleafSeed: Uint8Array, r: Uint8Array}} RecordRandomness E, L', r */
/**
 * An own record, stored before it is posted. When the server took it, `state` becomes the conversation's state;
 * when another record won, all of this is dropped.
 * @typedef {object} Proposal
 * @property {Uint8Array} record @property {Uint8Array} hash H(record) @property {Uint8Array} th
 * @property {object} state ConversationState after the record @property {object} epochKeys EpochKeys
 */

/** @returns {Promise<RecordRandomness>} fresh, for one record */
export async function newRecordRandomness() {
  const [e, leaf] = await Promise.all([generateX25519(), generateX25519()]);
  return { eSeed: e.seed, newleafSeed: leaf.seed, r: randomBytes(32) };
}

/**
 * The record that this device would send now.
 * @param {object} state ConversationState
 * @param {{kind: number, mode: number, timerS: number, finals: {did: Uint8Array, nextCounter: number}[]}} wish
 *   finals: of the epoch that ends, own counter included; ignored unless NEXT
 * @param {{device: {uid: Uint8Array, did: Uint8Array, dkSeed: Uint8Array}, bundles: object[], log: object,
 *   prekeys: Object<string, {spk: {id: number, pub: Uint8Array}, opk: {id: number, pub: Uint8Array}|null}>}} context
 *   bundles: the current Bundle of both users, uid_lo first, or the one of a conversation with oneself;
 *   prekeys: accepted ones by hex of did, of the devices that `needsPrekey` named
 * @param {RecordRandomness} randomness E and r are wiped
 * @returns {Promise<Proposal>}
 */
export async function proposeRecord(state, wish, context, randomness) {
  const { device, bundles, log } = context;
  const core = {
    suite: SUITE, cid: state.cid, uidLo: state.uidLo, uidHi: state.uidHi, epoch: wish.kind === START ? 0 : state.epoch + 1,
    kind: wish.kind, mode: wish.mode, timerS: wish.timerS, thPrev: wish.kind === START ? Z32 : state.th,
    sUid: device.uid, sDid: device.did, ePub: await x25519Public(randomness.eSeed), newleafPub: await x25519Public(randomness.newleafSeed),
    references: [bundles[0], bundles.at(-1)].map((bundle) => ({ uid: bundle.uid, version: bundle.version, bundleHash: bundle.hash })),
    logSize: log.size, logRoot: await logRoot(log), finals: wish.kind === NEXT ? wish.finals.filter((one) => one.nextCounter >= 1) : [],
  };
  const members = chooseMembers(state, core, context);
  const nextPrev = wish.kind === NEXT ? state.next : null;
  const made = await buildRecord({ ...core, members }, { dkSeed: device.dkSeed, bundles, nextPrev }, randomness);
  const record = await parseRecord(made.record);
  const { state: after, epochKeys } = await adopt(state, record, made, device, randomness.newleafSeed);
  wipe(randomness.eSeed, randomness.r);
  return { record: made.record, hash: record.hash, th: record.th, state: after, epochKeys };
}

/**
 * Devices of the bundles that can only be reached by a prekey.
 * @param {object} state ConversationState @param {number} kind @param {object[]} bundles current @param {Uint8Array} did of this device
 * @returns {{uid: Uint8Array, did: Uint8Array}[]}
 */
export function needsPrekey(state, kind, bundles, did) {
  return devicesOf(bundles).filter((one) => !equal(one.did, did) && !knownLeaf(state, kind, one.did)).map(({ uid, did: their }) => ({ uid, did: their }));
}

/**
 * The record of exactly these fields. `member.join` marks a newcomer of a NEXT, `member.opkPub` is the key behind opk_id.
 * @param {object} core Core with members [{uid, did, leafPub, spkId, opkId, opkPub, join}], the sender's own among them
 * @param {{dkSeed: Uint8Array, bundles: object[], nextPrev: Uint8Array|null}} own nextPrev: next_{e-1}, only for NEXT
 * @param {RecordRandomness} randomness
 * @returns {Promise<{record: Uint8Array, kMsg: Uint8Array, next: Uint8Array}>}
 */
export async function buildRecord(core, { dkSeed, bundles, nextPrev }, randomness) {
  const members = sortEntries(core.members);
  const coreBytes = encodeCore(core);
  parseCore(coreBytes); // what would be refused is not sent
  const coreHash = await sha256(coreBytes);
  const sender = { dkSeed, eSeed: randomness.eSeed, ePub: core.ePub, senderDkPub: await x25519Public(dkSeed) };
  const others = othersOf({ ...core, members }).map((member) => ({ ...member, dkPub: dkOf(bundles, member), coreHash }));
  const wraps = concat(...(await Promise.all(others.map((member) => wrapFor(member, sender, nextPrev, randomness.r)))));
  const th = await transcriptHash(core.thPrev, coreHash, wraps);
  const s = await epochSecret(randomness.r, core.kind === NEXT ? nextPrev : Z32, th);
  const { kMsg, next, kConf } = await deriveSecrets(s, th);
  const hwraps = concat(...(await Promise.all(historyUidsOf(core).map((uid) => historyWrapFor(uid, { bundles, th, kMsg }, sender)))));
  const confirm = await confirmTag(kConf, th, await sha256(hwraps));
  wipe(s, kConf);
  return { record: encodeRecord({ core: coreBytes, wraps, hwraps, confirm }), kMsg, next };
}

async function wrapFor(member, sender, nextPrev, r) {
  const z = await wrapSecretOfSender(sender, member);
  const x = member.join ? await joinSecret(nextPrev, r) : r;
  return sealWrap(z, wrapInfo({ ...member, senderDkPub: sender.senderDkPub, ePub: sender.ePub }), x);
}

async function historyWrapFor(uid, { bundles, th, kMsg }, sender) {
  const hkPub = bundles.find((bundle) => equal(bundle.uid, uid)).historyPub;
  const z = await historySecretOfSender(sender, hkPub);
  return sealWrap(z, historyInfo({ th, uid, hkPub, senderDkPub: sender.senderDkPub, ePub: sender.ePub }), kMsg);
}

function chooseMembers(state, core, { device, bundles, prekeys }) {
  const own = { uid: device.uid, did: device.did, leafPub: core.newleafPub, spkId: 0, opkId: 0, opkPub: null, join: false };
  const others = devicesOf(bundles).filter((one) => !equal(one.did, device.did)).map((one) => memberOf(state, core.kind, one, prekeys));
  const members = [own, ...others.filter(Boolean)];
  const hasBoth = [core.uidLo, core.uidHi].every((uid) => members.some((member) => equal(member.uid, uid)));
  check(hasBoth, "DEVICE_NOT_IN_EPOCH", "no device of the other user can be reached");
  return members;
}

// The newleaf of its last record, else its prekeys; a device with neither is not reachable.
function memberOf(state, kind, { uid, did }, prekeys) {
  const join = kind === NEXT && !state.members.some((member) => equal(member.did, did));
  const leaf = knownLeaf(state, kind, did);
  if (leaf) return { uid, did, leafPub: leaf.pub, spkId: 0, opkId: 0, opkPub: null, join };
  const keys = prekeys[hex(did)];
  if (!keys) return null;
  return { uid, did, leafPub: keys.spk.pub, spkId: keys.spk.id, opkId: keys.opk?.id ?? 0, opkPub: keys.opk?.pub ?? null, join };
}

function knownLeaf(state, kind, did) {
  return kind === NEXT ? (state.leafs ?? []).find((leaf) => equal(leaf.did, did)) : undefined;
}

function devicesOf(bundles) {
  return bundles.flatMap((bundle) => bundle.devices.map(({ did }) => ({ uid: bundle.uid, did })));
}

function dkOf(bundles, { uid, did }) {
  const bundle = bundles.find((one) => equal(one.uid, uid));
  return deviceOf(bundle, did).dkPub;
}
