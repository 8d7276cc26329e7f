/** Steps 1 to 7, 10 and 11 of a receiver, each a function named after its question (protocol.md, section 6). */

import { equal } from "../lib/bytes.js";
import { deviceOf } from "./bundle.js";
import { entryOf } from "./epoch-core.js";
import { ProtocolError, check } from "./errors.js";
import { NEXT, SUITE } from "./labels.js";
import { checkBundleAtSize, logRoot } from "./log.js";
import { checkX25519Public } from "./points.js";
import { x25519Public } from "./primitives.js";

/** 1, after the parse. Suite 1 is the only one defined, so it is every common maximum. @param {object} core @throws BAD_SUITE */
export function checkSuite(core) {
  check(core.suite === SUITE, "BAD_SUITE");
}

/** 2 @param {object} core @param {object} state ConversationState @throws WRONG_CONVERSATION */
export function checkConversation(core, { cid, uidLo, uidHi }) {
  check(equal(core.cid, cid) && equal(core.uidLo, uidLo) && equal(core.uidHi, uidHi), "WRONG_CONVERSATION");
}

/** 3 @param {object} record EpochRecord @param {object} state @throws DUPLICATE, EPOCH_ROLLBACK, EPOCH_GAP: fetch the missing ones */
export function checkOrder({ core, hash }, { epoch, records }) {
  check(core.epoch <= epoch + 1, "EPOCH_GAP");
  if (core.epoch === epoch + 1) return;
  const processed = records.some((one) => one.epoch === core.epoch && equal(one.sha256, hash));
  throw new ProtocolError(processed ? "DUPLICATE" : "EPOCH_ROLLBACK");
}

/** 4 @param {object} core @param {object} state @throws EPOCH_FORK */
export function checkTranscript(core, state) {
  check(core.kind !== NEXT || equal(core.thPrev, state.th), "EPOCH_FORK");
}

/**
 * 5. The caller has fetched the bundles that the record names: one that is not at hand is not in the log.
 * @param {object} core @param {{bundles: object[], log: object}} known every Bundle version known of both users
 * @returns {object[]} the Bundle of uid_lo, uid_hi @throws STALE_BUNDLE, BUNDLE_NOT_IN_LOG
 */
export function checkReferences(core, { bundles, log }) {
  return core.references.map((reference) => {
    const bundle = bundles.find((one) => equal(one.hash, reference.bundleHash));
    check(Boolean(bundle) && equal(bundle.uid, reference.uid) && bundle.version === reference.version, "BUNDLE_NOT_IN_LOG");
    checkBundleAtSize(log, bundle, core.logSize);
    return bundle;
  });
}

/** 6, first half. @param {object} core @param {object[]} referenced @throws DEVICE_NOT_IN_EPOCH */
export function checkMembers(core, referenced) {
  check(core.members.every((entry) => bundleDeviceOf(referenced, entry)), "DEVICE_NOT_IN_EPOCH");
  check(Boolean(entryOf(core, core.sUid, core.sDid)), "DEVICE_NOT_IN_EPOCH");
  for (const uid of [core.uidLo, core.uidHi]) check(core.members.some((entry) => equal(entry.uid, uid)), "DEVICE_NOT_IN_EPOCH");
}

/**
 * 6: an own record is known before it is posted.
 * @param {object} record @param {{uid: Uint8Array, did: Uint8Array}} device @param {object|null} pending Proposal
 * @returns {boolean} it is the pending one @throws SELF_FORGED
 */
export function checkSender({ core, hash }, device, pending) {
  if (!equal(core.sDid, device.did) || !equal(core.sUid, device.uid)) return false;
  check(Boolean(pending) && equal(pending.hash, hash), "SELF_FORGED");
  return true;
}

/**
 * 6: in a NEXT everyone's leaf is known or absent; the sender's own entry is the new one.
 * @param {object} core @param {object} state
 * @throws LEAF_MISMATCH
 */
export function checkLeafs(core, { leafs }) {
  if (core.kind !== NEXT || leafs === null) return;
  for (const entry of core.members) {
    if (equal(entry.did, core.sDid)) continue;
    const known = leafs.find((leaf) => equal(leaf.did, entry.did));
    check(known ? entry.spkId === 0 && equal(known.pub, entry.leafPub) : entry.spkId !== 0, "LEAF_MISMATCH");
  }
}

/**
 * 6, last: the private halves that my entry asks for.
 * @param {object} entry my own @param {Uint8Array|null} leafSeed @param {{spks: {id: number, seed: Uint8Array}[], opks: {id: number, seed: Uint8Array}[]}} device
 * @returns {Promise<{leafSeed: Uint8Array, opkSeed: Uint8Array|null}>} @throws PREKEY_UNKNOWN, LEAF_MISMATCH
 */
export async function ownSeeds(entry, leafSeed, { spks, opks }) {
  const seed = entry.spkId === 0 ? leafSeed : seedOf(spks, entry.spkId);
  const opkSeed = entry.opkId === 0 ? null : seedOf(opks, entry.opkId);
  check(seed !== null && equal(await x25519Public(seed), entry.leafPub), "LEAF_MISMATCH");
  return { leafSeed: seed, opkSeed };
}

/** 7; the keys inside bundles were checked when those were accepted. @param {object} core @throws BAD_KEY */
export function checkPublicKeys(core) {
  [core.ePub, core.newleafPub, ...core.members.map((entry) => entry.leafPub)].forEach(checkX25519Public);
}

/** 10; the caller has fetched the log up to log_size. @param {object} core @param {object} log @throws LOG_SPLIT_VIEW */
export async function checkLogRoot(core, log) {
  check(core.logSize <= log.size && equal(await logRoot(log, core.logSize), core.logRoot), "LOG_SPLIT_VIEW");
}

/**
 * 11
 * @param {object} core @param {{did: Uint8Array, nextCounter: number}[]} counters received without gap
 * @returns {boolean} nothing is missing
 */
export function hasAllMessages(core, counters) {
  return core.finals.every((final) => {
    const own = counters.find((one) => equal(one.did, final.did));
    return final.nextCounter <= (own?.nextCounter ?? 0);
  });
}

/** @param {object[]} referenced @param {{uid: Uint8Array, did: Uint8Array}} entry @returns {object|undefined} its Device */
export function bundleDeviceOf(referenced, { uid, did }) {
  const bundle = referenced.find((one) => equal(one.uid, uid));
  return bundle && deviceOf(bundle, did);
}

function seedOf(prekeys, id) {
  const found = prekeys.find((prekey) => prekey.id === id);
  check(Boolean(found), "PREKEY_UNKNOWN");
  return found.seed;
}
