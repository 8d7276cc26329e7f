/** The transparency log: leaves, heads, and what a client refuses of them (protocol.md, section 4). */

import { inSlices } from "../lib/breath.js";
import { concat, equal, fromUtf8, hex, u32, u32At, u64, utf8, vec } from "../lib/bytes.js";
import { contentsOf, vecEnd, vecsOf } from "../lib/vecs.js";
import { hashUid, nameIndex } from "./bundle.js";
import { ProtocolError, check, parse } from "./errors.js";
import { BUILD_DIGITS, HASH_BYTES, HEAD_AGE_MAX_MS, LABEL } from "./labels.js";
import { followKeys, keyLeafBytes, readKeyLeaf, verifyByLog } from "./log-key.js";
import { leafAt, leavesBetween, readRun, withLeaves } from "./log-leaves.js";
import { Places } from "./log-places.js";
import { sha256, sign } from "./primitives.js";
import { UNDER_TOP, appendToTree, rootOf, topsOfTree, treeOf } from "./tree.js";

const LOOKED_AT_ONCE = 256; // leaves: a few milliseconds, on a phone too
// Where the fields of a bundle's leaf begin.
const IDX_AT = LABEL.leaf.length;
const UID_HASH_AT = IDX_AT + HASH_BYTES;
const VERSION_AT = UID_HASH_AT + HASH_BYTES;
const BUNDLE_HASH_AT = VERSION_AT + 4;
const BUNDLE_LEAF_BYTES = BUNDLE_HASH_AT + HASH_BYTES;

/** @typedef {{idx: Uint8Array, uidHash: Uint8Array, version: number, bundleHash: Uint8Array}} BundleLeaf */
/** @typedef {{build: string, manifestHash: Uint8Array}} AssetLeaf */
/** @typedef {BundleLeaf|AssetLeaf|import("./log-key.js").KeyLeaf} Leaf */
/**
 * The own copy of the log. A longer one is another Log; the two share what is in both.
 * @typedef {object} Log
 * @property {number} size
 * @property {import("./log-leaves.js").Run[]} runs the leaves as they came
 * @property {Places} places of the leaves of an idx
 * @property {Uint8Array[]} manifests of all asset leaves
 * @property {import("./tree.js").Tree} tree
 */
/** @typedef {import("../lib/vecs.js").Vecs} Vecs */
/** @typedef {{logId: Uint8Array, size: number, root: Uint8Array, tsMs: number}} Head */

/**
 *     leaf = LBL "leaf" | H(LBL "idx" | name) | H(LBL "uid" | uid) | version u32 | bundle_hash
 * @param {{name: string, uid: Uint8Array, version: number, bundleHash: Uint8Array}} fields @returns {Promise<Uint8Array>}
 */
export async function encodeLeaf({ name, uid, version, bundleHash }) {
  return leafBytes({ idx: await nameIndex(name), uidHash: await hashUid(uid), version, bundleHash });
}

/**
 *     asset = LBL "asset-leaf" | vec(build) | H(manifest)
 * @param {{build: string, manifest: Uint8Array}} fields @returns {Promise<Uint8Array>}
 */
export async function encodeAssetLeaf({ build, manifest }) {
  return leafBytes({ build, manifestHash: await sha256(manifest) });
}

/** @param {Uint8Array} leaf @returns {Leaf} @throws BAD_ENCODING */
export function parseLeaf(leaf) {
  const other = OTHER_LEAVES.get(leaf[0]);
  if (other) return parse(leaf, other);
  check(isBundleLeaf({ bytes: leaf, at: 0, end: leaf.length }), "BAD_ENCODING");
  return bundleLeafIn(leaf);
}

// By the length of their labels, which come first.
const OTHER_LEAVES = new Map([[LABEL.assetLeaf[0], readAssetLeaf], [LABEL.keyLeaf[0], readKeyLeaf]]);

/** @returns {Log} */
export function emptyLog() {
  return { size: 0, runs: [], places: new Places(), manifests: [], tree: { above: [], open: [] } };
}

/**
 * Without any judgement: for leaves that were accepted before.
 * @param {Log} log @param {Uint8Array[]} leaves
 * @returns {Promise<Log>} @throws BAD_ENCODING
 */
export async function appendLeaves(log, leaves) {
  const run = vecsOf(leaves);
  const { longer } = await grown(log, [run], await othersAmong([run]));
  return longer;
}

/** What lets a log go on without hashing all of it again, beside its leaves. @param {Log} log @returns {Uint8Array[]} */
export function topsOf({ tree }) {
  return topsOfTree(tree);
}

/** A log that was accepted before. @param {Uint8Array[]} kept bytes of its runs @param {Uint8Array[]} tops as topsOf gave them @returns {Promise<Log>} @throws BAD_ENCODING */
export async function restoreLog(kept, tops) {
  const log = emptyLog();
  await inSlices(kept, 1, async ([bytes]) => {
    const run = readRun(bytes);
    log.runs.push({ first: log.places.size, ...run });
    log.manifests.push(...manifestsAmong(await othersAmong([run])));
    await eachLeaf([run], (leaf) => log.places.add(isBundleLeaf(leaf) ? leaf.bytes : null, leaf.at + IDX_AT));
  });
  const { size } = log.places;
  const behind = leavesBetween(log.runs, Math.min(size, UNDER_TOP * tops.length), size);
  return { ...log, size, tree: await appendToTree(await treeOf(tops), [behind]) };
}

// With the first fault that `judge` finds in a step from the leaf of an idx before.
async function grown(log, leaves, others, judge = () => null) {
  const places = log.places.from(log.size);
  const runs = withLeaves(log.runs, leaves);
  let fault = null;
  await eachLeaf(leaves, (leaf) => {
    const isBundle = isBundleLeaf(leaf);
    const before = places.add(isBundle ? leaf.bytes : null, leaf.at + IDX_AT);
    if (isBundle) fault ??= judge(leaf, before < 0 ? null : leafAt(runs, before));
  });
  const manifests = log.manifests.concat(manifestsAmong(others));
  return { longer: { size: places.size, runs, places, manifests, tree: await appendToTree(log.tree, leaves) }, fault };
}

// What is read as a whole: all that are no leaves of bundles, few. Of those the length and the label say that they are well formed.
async function othersAmong(leaves) {
  const others = [];
  await eachLeaf(leaves, (leaf) => {
    if (!isBundleLeaf(leaf)) others.push({ nth: leaf.nth, leaf: parseLeaf(leaf.bytes.subarray(leaf.at, leaf.end)) });
  });
  return others;
}

// One after another; `leaf` is the same object each time, for fifty thousand cost more than what is looked at in them.
async function eachLeaf(leaves, look) {
  const leaf = { bytes: null, at: 0, end: 0, nth: 0 };
  for (const run of leaves) {
    leaf.bytes = run.bytes;
    await inSlices(run.starts, LOOKED_AT_ONCE, (slice, start) => slice.forEach((at, i) => {
      [leaf.at, leaf.end] = [at, vecEnd(run, start + i)];
      look(leaf);
      leaf.nth += 1;
    }));
  }
}

function manifestsAmong(others) {
  return others.flatMap(({ leaf }) => leaf.manifestHash ?? []);
}

/** @param {Log} log @param {number} [size] of an earlier state @returns {Promise<Uint8Array>} */
export function logRoot({ tree, runs, size: present }, size = present) {
  return rootOf(tree, size, (from, to) => leavesBetween(runs, from, to));
}

/** @param {Log} log @returns {Promise<Uint8Array[]>} as they came */
export async function leavesOf({ runs }) {
  const leaves = [];
  await inSlices(runs, 1, ([run]) => contentsOf(run).forEach((leaf) => leaves.push(leaf)));
  return leaves;
}

/** log_id = H(LBL("log") || LG_pub) @param {Uint8Array} lgPub @returns {Promise<Uint8Array>} */
export function logId(lgPub) {
  return sha256(LABEL.log, lgPub);
}

/**
 *     head = LBL "sth" | log_id | size u64 | root | ts_ms u64
 * @param {Head} head @returns {Uint8Array}
 */
export function encodeHead({ logId: id, size, root, tsMs }) {
  return concat(LABEL.sth, id, u64(size), root, u64(tsMs));
}

/** Only a log makes heads; here for tests. @param {Head} head @param {Uint8Array} lgSeed @returns {Promise<Uint8Array>} head_sig */
export function signHead(head, lgSeed) {
  return sign(lgSeed, encodeHead(head));
}

/** @param {Uint8Array} bytes @returns {Head} @throws BAD_ENCODING */
export function parseHead(bytes) {
  return parse(bytes, (reader) => {
    reader.expect(LABEL.sth);
    return { logId: reader.take(HASH_BYTES), size: reader.u64(), root: reader.take(HASH_BYTES), tsMs: reader.u64() };
  });
}

/** @param {Head} head @param {number} nowMs @returns {boolean} too old to go by */
export function isHeadOld({ tsMs }, nowMs) {
  return nowMs - tsMs > HEAD_AGE_MAX_MS;
}

/**
 * A head with the leaves from the own size up to its size, in section 4's order of checks.
 * @param {{head: Uint8Array, sig: Uint8Array, leaves: Vecs[]}} fetched
 * @param {{log: Log, lgPub: Uint8Array, pinnedSize?: number, nowMs: number, myName: string, myBundleHashes: Uint8Array[]}} own
 *   what is known and pinned; pinnedSize: where lgPub was in force, by default at the size of log
 * @returns {Promise<{log: Log, head: Head, lgPub: Uint8Array}>} lgPub: to be pinned from now on
 */
export async function acceptHead({ head: bytes, sig, leaves }, { log, lgPub: pinned, pinnedSize = log.size, nowMs, myName, myBundleHashes }) {
  const head = parseHead(bytes);
  const size = log.size + leaves.reduce((count, { starts }) => count + starts.length, 0);
  const others = await othersAmong(leaves);
  const keyLeaves = others.filter(({ leaf }) => leaf.newPub).map(({ nth, leaf }) => ({ place: log.size + nth, leaf }));
  const lgPub = await followKeys(keyLeaves, size, { lgPub: pinned, size: pinnedSize });
  await checkHeadSignature(head, bytes, sig, lgPub);
  check(head.size >= log.size, "LOG_ROLLBACK");
  check(head.size === size, "LOG_SPLIT_VIEW", "leaves and size differ");
  const myIdx = await nameIndex(myName);
  const { longer, fault } = await grown(log, leaves, others, (leaf, before) => faultOf(leaf, before, { myIdx, myBundleHashes }));
  try {
    check(equal(await logRoot(longer), head.root), "LOG_SPLIT_VIEW");
    await checkKeyLeaves(longer, keyLeaves);
    if (fault) throw fault;
    check(!isHeadOld(head, nowMs), "LOG_STALE");
  } catch (error) {
    longer.places.cutTo(log.size);
    throw error;
  }
  return { log: longer, head, lgPub };
}

/**
 * @param {Log} log @param {Uint8Array} idx @param {number} [size] of an earlier state
 * @returns {BundleLeaf|undefined} the last leaf of idx
 */
export function lastLeaf(log, idx, size = log.size) {
  const [place] = placesOf(log, idx, size);
  return place === undefined ? undefined : bundleLeafIn(leafAt(log.runs, place));
}

/** @param {Uint8Array|null} manifestHash of a program @returns {string|null} what its release is called; null: not known */
export function buildOf(manifestHash) {
  return manifestHash && hex(manifestHash).slice(0, BUILD_DIGITS);
}

/** @param {Log} log @param {Uint8Array} manifestHash @returns {boolean} whether a release with this manifest is in it */
export function isReleased(log, manifestHash) {
  return log.manifests.some((one) => equal(one, manifestHash));
}

/**
 * A bundle is usable only if it equals the last leaf of its idx.
 * @param {Log} log @param {object} bundle a Bundle
 * @throws BUNDLE_NOT_IN_LOG
 */
export function checkBundleInLog(log, bundle) {
  check(isLeafOf(lastLeaf(log, bundle.idx), bundle), "BUNDLE_NOT_IN_LOG");
}

/**
 * A bundle that a record refers to: in the log of that size, and the last one there.
 * @param {Log} log @param {object} bundle a Bundle @param {number} size @throws BUNDLE_NOT_IN_LOG, STALE_BUNDLE
 */
export function checkBundleAtSize(log, bundle, size) {
  if (isLeafOf(lastLeaf(log, bundle.idx, size), bundle)) return;
  throw new ProtocolError(wasInLog(log, bundle, size) ? "STALE_BUNDLE" : "BUNDLE_NOT_IN_LOG");
}

/** @param {Log} log @param {object} bundle a Bundle @param {number} [size] of an earlier state @returns {boolean} it is one of the leaves, the last one or not */
export function wasInLog(log, bundle, size = log.size) {
  return placesOf(log, bundle.idx, size).some((place) => isLeafOf(bundleLeafIn(leafAt(log.runs, place)), bundle));
}

/**
 * The log of a key file must be the beginning of this one.
 * @param {Log} log @param {{size: number, root: Uint8Array}} earlier
 * @throws LOG_SPLIT_VIEW
 */
export async function checkPrefix(log, { size, root }) {
  check(size <= log.size && equal(await logRoot(log, size), root), "LOG_SPLIT_VIEW");
}

// The one form that parseLeaf takes.
function leafBytes(leaf) {
  if (leaf.newPub) return keyLeafBytes(leaf);
  if (!leaf.idx) return concat(LABEL.assetLeaf, vec(utf8(leaf.build)), leaf.manifestHash);
  return concat(LABEL.leaf, leaf.idx, leaf.uidHash, u32(leaf.version), leaf.bundleHash);
}

function isBundleLeaf({ bytes, at, end }) {
  return end - at === BUNDLE_LEAF_BYTES && holdsAt(bytes, at, LABEL.leaf);
}

// Public bytes.
function holdsAt(bytes, at, part) {
  for (let i = 0; i < part.length; i += 1) if (bytes[at + i] !== part[i]) return false;
  return true;
}

// Its fields, in the bytes of the leaf.
function bundleLeafIn(leaf) {
  return {
    idx: leaf.subarray(IDX_AT, UID_HASH_AT), uidHash: leaf.subarray(UID_HASH_AT, VERSION_AT), version: u32At(leaf, VERSION_AT),
    bundleHash: leaf.subarray(BUNDLE_HASH_AT),
  };
}

// Newest first.
function placesOf(log, idx, size) {
  return log.places.of(idx, Math.min(size, log.size));
}

function readAssetLeaf(reader) {
  reader.expect(LABEL.assetLeaf);
  return { build: fromUtf8(reader.vec()), manifestHash: reader.take(HASH_BYTES) };
}

async function checkHeadSignature(head, bytes, sig, lgPub) {
  check(equal(head.logId, await logId(lgPub)), "LOG_BAD_HEAD");
  await verifyByLog(lgPub, sig, bytes);
}

// The old key vouched for what stands before its last word, at that place.
async function checkKeyLeaves(longer, keyLeaves) {
  for (const { place, leaf } of keyLeaves) {
    check(leaf.size === place && equal(await logRoot(longer, leaf.size), leaf.root), "LOG_SPLIT_VIEW");
  }
}

// A leaf, where it stands, against the one of its idx before it.
function faultOf(leaf, before, own) {
  try {
    checkStep(leaf, before, own);
    return null;
  } catch (error) {
    return error;
  }
}

// Nearly all are first leaves of other names: fifty thousand of them, and nothing is taken out of those.
function checkStep({ bytes, at, end }, before, { myIdx, myBundleHashes }) {
  const honest = !holdsAt(bytes, at + IDX_AT, myIdx) || myBundleHashes.some((hash) => holdsAt(bytes, at + BUNDLE_HASH_AT, hash));
  check(honest, "LOG_SELF_FORGED");
  check(u32At(bytes, at + VERSION_AT) === (before ? u32At(before, VERSION_AT) : 0) + 1, "BUNDLE_CHAIN_BROKEN");
  check(!before || equal(bundleLeafIn(before).uidHash, bundleLeafIn(bytes.subarray(at, end)).uidHash), "NAME_REBOUND");
}

function isLeafOf(leaf, bundle) {
  if (!leaf || leaf.version !== bundle.version) return false;
  return equal(leaf.bundleHash, bundle.hash) && equal(leaf.uidHash, bundle.uidHash);
}
