/** The transparency log: leaves, heads, and what a client refuses of them (protocol.md, section 4). */

import { inSlices } from "../lib/breath.js";
import { concat, equal, fromUtf8, hex, u32, u64, utf8, vec } from "../lib/bytes.js";
import { hashUid, nameIndex } from "./bundle.js";
import { ProtocolError, check, parse } from "./errors.js";
import { BUILD_DIGITS, HASH_BYTES, HEAD_AGE_MAX_MS, LABEL } from "./labels.js";
import { followKeys, keyLeafBytes, readKeyLeaf, verifyByLog } from "./log-key.js";
import { sha256, sign } from "./primitives.js";
import { TOP, appendToLevels, levelsUnder, rootOf } from "./tree.js";

const PARSED_AT_ONCE = 500; // leaves: a few milliseconds, on a phone too

/** @typedef {{idx: Uint8Array, uidHash: Uint8Array, version: number, bundleHash: Uint8Array}} BundleLeaf */
/** @typedef {{build: string, manifestHash: Uint8Array}} AssetLeaf */
/** @typedef {BundleLeaf|AssetLeaf|import("./log-key.js").KeyLeaf} Leaf */
/**
 * The own copy of the log; plain data, so it can be stored as it is.
 * @typedef {object} Log
 * @property {number} size
 * @property {Leaf[]} leaves
 * @property {Map<string, number[]>} places hex of idx -> positions in leaves, ascending
 * @property {Uint8Array[][]} levels of the tree
 */
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
  return parse(leaf, OTHER_LEAVES.get(leaf[0]) ?? readBundleLeaf);
}

// By the length of their labels, which come first.
const OTHER_LEAVES = new Map([[LABEL.assetLeaf[0], readAssetLeaf], [LABEL.keyLeaf[0], readKeyLeaf]]);

/** @returns {Log} */
export function emptyLog() {
  return { size: 0, leaves: [], places: new Map(), levels: [[]] };
}

/**
 * Without any judgement: for leaves that were accepted before.
 * @param {Log} log @param {Uint8Array[]} leaves
 * @returns {Promise<Log>} @throws BAD_ENCODING
 */
export async function appendLeaves(log, leaves) {
  return (await grown(log, leaves, await parseLeaves(leaves))).log;
}

/** What lets a log go on without hashing all of it again, beside its leaves. @param {Log} log @returns {Uint8Array[]} */
export function topsOf(log) {
  return log.levels[TOP] ?? [];
}

/** A log that was accepted before. @param {Uint8Array[]} leaves @param {Uint8Array[]} tops as topsOf gave them @returns {Promise<Log>} @throws BAD_ENCODING */
export async function restoreLog(leaves, tops) {
  const parsed = await parseLeaves(leaves);
  const first = tops.length << TOP;
  const { places } = await placed(emptyLog(), parsed);
  return { size: leaves.length, leaves: parsed, places, levels: await appendToLevels(levelsUnder(tops), leaves.slice(first)) };
}

// With the first fault that `judge` finds in a step from the leaf of an idx before.
async function grown(log, leaves, parsed, judge) {
  const { places, fault } = await placed(log, parsed, judge);
  const levels = await appendToLevels(log.levels, leaves);
  return { log: { size: log.size + leaves.length, leaves: log.leaves.concat(parsed), places, levels }, fault };
}

async function placed(log, parsed, judge = () => null) {
  const places = new Map(log.places);
  let fault = null;
  const leafAt = (place) => (place < log.size ? log.leaves[place] : parsed[place - log.size]);
  await inSlices(parsed, PARSED_AT_ONCE, (slice, start) => slice.forEach((leaf, i) => {
    if (!leaf.idx) return;
    const key = hex(leaf.idx);
    const before = places.get(key);
    fault ??= judge(leaf, before && leafAt(before.at(-1)));
    places.set(key, before ? [...before, log.size + start + i] : [log.size + start + i]);
  }));
  return { places, fault };
}

async function parseLeaves(leaves) {
  const parsed = [];
  await inSlices(leaves, PARSED_AT_ONCE, (slice) => slice.forEach((leaf) => parsed.push(parseLeaf(leaf))));
  return parsed;
}

/** @param {Log} log @param {number} [size] of an earlier state @returns {Promise<Uint8Array>} */
export function logRoot(log, size = log.size) {
  return rootOf(log.levels, size, (i) => leafBytes(log.leaves[i]));
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

/**
 * A head with the leaves from the own size up to its size, in section 4's order of checks.
 * @param {{head: Uint8Array, sig: Uint8Array, leaves: Uint8Array[]}} fetched
 * @param {{log: Log, lgPub: Uint8Array, pinnedSize?: number, nowMs: number, myName: string, myBundleHashes: Uint8Array[]}} own
 *   what is known and pinned; pinnedSize: where lgPub was in force, by default at the size of log
 * @returns {Promise<{log: Log, head: Head, lgPub: Uint8Array}>} lgPub: to be pinned from now on
 */
export async function acceptHead({ head: bytes, sig, leaves }, { log, lgPub: pinned, pinnedSize = log.size, nowMs, myName, myBundleHashes }) {
  const head = parseHead(bytes);
  const added = await parseLeaves(leaves);
  const lgPub = await followKeys(added, log.size, { lgPub: pinned, size: pinnedSize });
  await checkHeadSignature(head, bytes, sig, lgPub);
  check(head.size >= log.size, "LOG_ROLLBACK");
  check(head.size === log.size + leaves.length, "LOG_SPLIT_VIEW", "leaves and size differ");
  const myIdx = await nameIndex(myName);
  const { log: longer, fault } = await grown(log, leaves, added, (leaf, before) => faultOf(leaf, before, { myIdx, myBundleHashes }));
  check(equal(await logRoot(longer), head.root), "LOG_SPLIT_VIEW");
  await checkKeyLeaves(longer, added);
  if (fault) throw fault;
  check(nowMs - head.tsMs <= HEAD_AGE_MAX_MS, "LOG_STALE");
  return { log: longer, head, lgPub };
}

/**
 * @param {Log} log @param {Uint8Array} idx @param {number} [size] of an earlier state
 * @returns {BundleLeaf|undefined} the last leaf of idx
 */
export function lastLeaf(log, idx, size = log.size) {
  const place = (log.places.get(hex(idx)) ?? []).findLast((position) => position < size);
  return place === undefined ? undefined : log.leaves[place];
}

/** @param {Uint8Array|null} manifestHash of a program @returns {string|null} what its release is called; null: not known */
export function buildOf(manifestHash) {
  return manifestHash && hex(manifestHash).slice(0, BUILD_DIGITS);
}

/** @param {Log} log @param {Uint8Array} manifestHash @returns {boolean} whether a release with this manifest is in it */
export function isReleased(log, manifestHash) {
  return log.leaves.some((leaf) => leaf.manifestHash && equal(leaf.manifestHash, manifestHash));
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
  const places = log.places.get(hex(bundle.idx)) ?? [];
  return places.some((position) => position < size && isLeafOf(log.leaves[position], bundle));
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

function readBundleLeaf(reader) {
  reader.expect(LABEL.leaf);
  return { idx: reader.take(HASH_BYTES), uidHash: reader.take(HASH_BYTES), version: reader.u32(), bundleHash: reader.take(HASH_BYTES) };
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
async function checkKeyLeaves(grown, added) {
  const start = grown.size - added.length;
  for (const [i, leaf] of added.entries()) {
    if (leaf.newPub) check(leaf.size === start + i && equal(await logRoot(grown, leaf.size), leaf.root), "LOG_SPLIT_VIEW");
  }
}

// A leaf against the one of its idx before it.
function faultOf(leaf, before, own) {
  try {
    checkStep(leaf, before, own);
    return null;
  } catch (error) {
    return error;
  }
}

function checkStep(leaf, before, { myIdx, myBundleHashes }) {
  const honest = !equal(leaf.idx, myIdx) || myBundleHashes.some((hash) => equal(hash, leaf.bundleHash));
  check(honest, "LOG_SELF_FORGED");
  check(leaf.version === (before?.version ?? 0) + 1, "BUNDLE_CHAIN_BROKEN");
  check(!before || equal(before.uidHash, leaf.uidHash), "NAME_REBOUND");
}

function isLeafOf(leaf, bundle) {
  if (!leaf || leaf.version !== bundle.version) return false;
  return equal(leaf.bundleHash, bundle.hash) && equal(leaf.uidHash, bundle.uidHash);
}
