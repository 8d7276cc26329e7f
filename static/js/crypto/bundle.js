/** Bundles: who owns which devices (protocol.md, section 3). */

import { compare, concat, equal, fromUtf8, hex, u32, u64, u8, utf8, vec } from "../lib/bytes.js";
import { check, parse } from "./errors.js";
import { DEVICES_MAX, HASH_BYTES, ID_BYTES, KEY_BYTES, LABEL, NAME_PATTERN, SIG_BYTES, SUITE_BIT, Z32 } from "./labels.js";
import { checkEd25519Public, checkX25519Public } from "./points.js";
import { sha256, sign, verify } from "./primitives.js";

/** @typedef {{did: Uint8Array, dsPub: Uint8Array, dkPub: Uint8Array, addedMs: number}} Device */
/**
 * @typedef {object} BundleFields
 * @property {number} suites @property {Uint8Array} uid @property {string} name @property {number} version
 * @property {Uint8Array} prevHash @property {Uint8Array} rootPub RS_pub @property {Uint8Array} historyPub HK_pub
 * @property {number} hkGen @property {number} issuedMs @property {Device[]} devices
 */
/**
 * What came with the bundle and what follows from it: `idx` and `uidHash` are its hashes in log leaves.
 * @typedef {BundleFields & {bytes: Uint8Array, core: Uint8Array, hash: Uint8Array, sig: Uint8Array, sigOld: Uint8Array,
 *   idx: Uint8Array, uidHash: Uint8Array}} Bundle
 */

/**
 *     bundle_core
 *     +--------------+--------+--------+-----------+-------------+-----------+--------+--------+
 *     | LBL "bundle" | suites | uid 16 | vec(name) | version u32 | prev_hash | RS_pub | HK_pub |
 *     +-------------++-------------+---+--+--------+-------------+-----------+--------+--------+
 *     | hk_gen u32  | issued_ms u64 | n u8 | n x ( did 16 | DS_pub | DK_pub | added_ms u64 )    |  sorted by did
 *     +-------------+---------------+------+----------------------------------------------------+
 * @param {BundleFields} fields devices in any order @returns {Uint8Array}
 */
export function encodeBundleCore(fields) {
  const devices = [...fields.devices].sort((a, b) => compare(a.did, b.did));
  return concat(
    LABEL.bundle, u8(fields.suites), fields.uid, vec(utf8(fields.name)), u32(fields.version), fields.prevHash,
    fields.rootPub, fields.historyPub, u32(fields.hkGen), u64(fields.issuedMs), u8(devices.length),
    ...devices.flatMap((device) => [device.did, device.dsPub, device.dkPub, u64(device.addedMs)]),
  );
}

/**
 *     bundle = vec(bundle_core) | sig 64 | vec(sig_old: 64 or none)
 * @param {BundleFields} fields @param {Uint8Array} rootSeed RS @param {Uint8Array|null} oldRootSeed only when RS changes and it is at hand
 * @returns {Promise<Bundle>}
 */
export async function signBundle(fields, rootSeed, oldRootSeed = null) {
  const core = encodeBundleCore(fields);
  const hash = await sha256(core);
  const sig = await sign(rootSeed, concat(LABEL.bundleSig, hash));
  const sigOld = oldRootSeed ? await sign(oldRootSeed, concat(LABEL.bundleRot, hash)) : new Uint8Array(0);
  return decodeBundle(concat(vec(core), sig, vec(sigOld)));
}

/**
 * Encoding only: for bundles that were accepted before, or as the first step of acceptance.
 * @param {Uint8Array} bytes @returns {Promise<Bundle>} @throws BAD_ENCODING
 */
export async function decodeBundle(bytes) {
  const outer = parse(bytes, (reader) => ({ core: reader.vec(), sig: reader.take(SIG_BYTES), sigOld: reader.vec() }));
  check(outer.sigOld.length === 0 || outer.sigOld.length === SIG_BYTES, "BAD_ENCODING");
  const fields = parse(outer.core, readCore);
  const [hash, idx, uidHash] = await Promise.all([sha256(outer.core), nameIndex(fields.name), hashUid(fields.uid)]);
  return { ...fields, ...outer, bytes, hash, idx, uidHash };
}

/**
 * The next bundle of a user, or the first one seen (which must be version 1), in section 3's order of checks.
 * @param {Uint8Array} bytes @param {{uid: Uint8Array, name: string, previous: Bundle|null}} known uid and name asked for
 * @returns {Promise<{bundle: Bundle, notices: string[]}>} DEVICE_ADDED, DEVICE_REMOVED, ROOT_ROTATED, ROOT_RESET
 */
export async function acceptBundle(bytes, { uid, name, previous }) {
  const bundle = await decodeBundle(bytes);
  check((bundle.suites & SUITE_BIT) === SUITE_BIT, "BAD_SUITE");
  checkKeys(bundle);
  await verify(bundle.rootPub, bundle.sig, concat(LABEL.bundleSig, bundle.hash));
  check(equal(bundle.uid, uid) && bundle.name === name, "NAME_REBOUND");
  check(bundle.version === (previous?.version ?? 0) + 1, "BUNDLE_CHAIN_BROKEN");
  check(equal(bundle.prevHash, previous?.hash ?? Z32), "BUNDLE_CHAIN_BROKEN");
  await checkOldSignature(bundle, previous);
  return { bundle, notices: noticesOf(bundle, previous) };
}

/**
 * Several versions in a row, each accepted after the one before.
 * @param {Uint8Array[]} chain ascending @param {{uid: Uint8Array, name: string, previous: Bundle|null}} known
 * @returns {Promise<{bundles: Bundle[], notices: string[]}>} notices without repetition
 */
export async function acceptBundleChain(chain, { uid, name, previous }) {
  const bundles = [];
  const notices = new Set();
  let last = previous;
  for (const bytes of chain) {
    const accepted = await acceptBundle(bytes, { uid, name, previous: last });
    last = accepted.bundle;
    bundles.push(last);
    accepted.notices.forEach((notice) => notices.add(notice));
  }
  return { bundles, notices: [...notices] };
}

/** @param {Bundle} bundle @param {Uint8Array} did @returns {Device|undefined} */
export function deviceOf(bundle, did) {
  return bundle.devices.find((device) => equal(device.did, did));
}

/** H(LBL("idx") || name), a user's place in the log. @param {string} name @returns {Promise<Uint8Array>} */
export function nameIndex(name) {
  return sha256(LABEL.idx, utf8(name));
}

/** H(LBL("uid") || uid) @param {Uint8Array} uid @returns {Promise<Uint8Array>} */
export function hashUid(uid) {
  return sha256(LABEL.uid, uid);
}

function readCore(reader) {
  reader.expect(LABEL.bundle);
  const fields = {
    suites: reader.u8(), uid: reader.take(ID_BYTES), name: fromUtf8(reader.vec()), version: reader.u32(),
    prevHash: reader.take(HASH_BYTES), rootPub: reader.take(KEY_BYTES), historyPub: reader.take(KEY_BYTES),
    hkGen: reader.u32(), issuedMs: reader.u64(), devices: readDevices(reader),
  };
  check(NAME_PATTERN.test(fields.name) && fields.version >= 1 && fields.hkGen >= 1, "BAD_ENCODING");
  return fields;
}

function readDevices(reader) {
  const count = reader.u8();
  check(count >= 1 && count <= DEVICES_MAX, "BAD_ENCODING");
  const devices = Array.from({ length: count }, () => ({
    did: reader.take(ID_BYTES), dsPub: reader.take(KEY_BYTES), dkPub: reader.take(KEY_BYTES), addedMs: reader.u64(),
  }));
  check(devices.every((device, i) => i === 0 || compare(devices[i - 1].did, device.did) < 0), "BAD_ENCODING");
  return devices;
}

function checkKeys({ rootPub, historyPub, devices }) {
  const signing = [rootPub, ...devices.map((device) => device.dsPub)];
  const agreeing = [historyPub, ...devices.map((device) => device.dkPub)];
  signing.forEach(checkEd25519Public);
  agreeing.forEach(checkX25519Public);
  const distinct = new Set([...signing, ...agreeing].map(hex));
  check(distinct.size === signing.length + agreeing.length, "BAD_KEY", "one key twice");
}

async function checkOldSignature(bundle, previous) {
  if (bundle.sigOld.length === 0) return;
  check(previous !== null && !equal(previous.rootPub, bundle.rootPub), "BAD_SIG");
  await verify(previous.rootPub, bundle.sigOld, concat(LABEL.bundleRot, bundle.hash));
}

function noticesOf(bundle, previous) {
  if (!previous) return [];
  if (!equal(bundle.rootPub, previous.rootPub)) return [bundle.sigOld.length ? "ROOT_ROTATED" : "ROOT_RESET"];
  const notices = [];
  if (bundle.devices.some((device) => !deviceOf(previous, device.did))) notices.push("DEVICE_ADDED");
  if (previous.devices.some((device) => !deviceOf(bundle, device.did))) notices.push("DEVICE_REMOVED");
  return notices;
}
