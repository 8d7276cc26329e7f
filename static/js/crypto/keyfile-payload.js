/** What stands in a key file, and whether it belongs to the account that is logged in (protocol.md, section 10). */

import { equal, fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../lib/bytes.js";
import { check, mapRangeError } from "./errors.js";
import { HASH_BYTES, ID_BYTES, KEY_BYTES } from "./labels.js";
import { checkPrefix } from "./log.js";
import { ed25519Public, x25519Public } from "./primitives.js";
import { parseStrictJson } from "./strict-json.js";

const DEPTH_MAX = 3; // the object, a list, its entries

/**
 * @typedef {object} AccountPayload kind 1
 * @property {Uint8Array} uid @property {string} name @property {string} origin @property {Uint8Array} rootSeed RS
 * @property {{gen: number, seed: Uint8Array}[]} history HK of every generation, old ones too
 * @property {number} bundleVersion @property {Uint8Array} bundleHash @property {Uint8Array} lgPub
 * @property {{size: number, root: Uint8Array}} log @property {{uid: Uint8Array, rootPub: Uint8Array, verified: boolean}[]} pins @property {number} madeMs
 */
/**
 * @typedef {object} ConversationPayload kind 2: one conversation, read only
 * @property {Uint8Array} cid @property {Uint8Array[]} uids @property {{epoch: number, th: Uint8Array, kMsg: Uint8Array}[]} epochs @property {number} madeMs
 */

/** @param {AccountPayload} account @returns {Uint8Array} */
export function encodeAccount(account) {
  return encode({
    v: 1, uid: toBase64Url(account.uid), name: account.name, origin: account.origin, rs: toBase64Url(account.rootSeed),
    hk: account.history.map(({ gen, seed }) => ({ gen, priv: toBase64Url(seed) })),
    bundle_version: account.bundleVersion, bundle_hash: toBase64Url(account.bundleHash), lg_pub: toBase64Url(account.lgPub),
    log: { size: account.log.size, root: toBase64Url(account.log.root) },
    pins: account.pins.map(({ uid, rootPub, verified }) => ({ uid: toBase64Url(uid), rs_pub: toBase64Url(rootPub), verified })),
    made: account.madeMs,
  });
}

/** @param {Uint8Array} payload @returns {AccountPayload} @throws KEYFILE_DAMAGED */
export function parseAccount(payload) {
  return decode(payload, (json) => ({
    uid: bytes(json.uid, ID_BYTES), name: text(json.name), origin: text(json.origin), rootSeed: bytes(json.rs, KEY_BYTES),
    history: objects(json.hk, ({ gen, priv }) => ({ gen: count(gen), seed: bytes(priv, KEY_BYTES) })),
    bundleVersion: count(json.bundle_version), bundleHash: bytes(json.bundle_hash, HASH_BYTES), lgPub: bytes(json.lg_pub, KEY_BYTES),
    log: readLog(object(json.log)),
    pins: objects(json.pins, ({ uid, rs_pub: rs, verified }) => ({ uid: bytes(uid, ID_BYTES), rootPub: bytes(rs, KEY_BYTES), verified: verified === true })),
    madeMs: count(json.made),
  }));
}

/** @param {ConversationPayload} conversation @returns {Uint8Array} */
export function encodeConversation({ cid, uids, epochs, madeMs }) {
  return encode({
    v: 1, cid: toBase64Url(cid), uids: uids.map(toBase64Url),
    epochs: epochs.map(({ epoch, th, kMsg }) => ({ epoch, th: toBase64Url(th), k_msg: toBase64Url(kMsg) })), made: madeMs,
  });
}

/**
 * @param {Uint8Array} payload
 * @returns {ConversationPayload} each k_msg must still pass `checkConfirm` of its record @throws KEYFILE_DAMAGED
 */
export function parseConversation(payload) {
  return decode(payload, (json) => ({
    cid: bytes(json.cid, ID_BYTES), uids: list(json.uids, (uid) => bytes(uid, ID_BYTES)),
    epochs: objects(json.epochs, (one) => ({ epoch: count(one.epoch), th: bytes(one.th, HASH_BYTES), kMsg: bytes(one.k_msg, KEY_BYTES) })),
    madeMs: count(json.made),
  }));
}

/**
 * @param {AccountPayload} account
 * @param {{uid: Uint8Array, name: string, rootPub: Uint8Array}} loggedIn of the last logged bundle
 * @throws KEYFILE_WRONG_ACCOUNT
 */
export async function checkAccount(account, { uid, name, rootPub }) {
  check(equal(account.uid, uid) && account.name === name, "KEYFILE_WRONG_ACCOUNT");
  check(equal(await ed25519Public(account.rootSeed), rootPub), "KEYFILE_WRONG_ACCOUNT");
}

/**
 * All that an import asks before anything is made or published.
 * @param {AccountPayload} account @param {{bundles: object[], log: object}} current the user's verified Bundle chain, ascending, never empty; the own Log
 * @returns {Promise<{notices: string[], mayAddDevice: boolean}>} KEYFILE_STALE; not mayAddDevice: of a former root, for its history alone
 * @throws KEYFILE_WRONG_ACCOUNT, LOG_SPLIT_VIEW
 */
export async function checkImport(account, { bundles, log }) {
  const last = bundles.at(-1);
  const isOldRoot = await hasOldRoot(account, bundles);
  await checkAccount(account, { uid: last.uid, name: last.name, rootPub: isOldRoot ? await ed25519Public(account.rootSeed) : last.rootPub });
  await checkPrefix(log, account.log);
  const isStale = isOldRoot || account.bundleVersion < last.version;
  return { notices: isStale ? ["KEYFILE_STALE"] : [], mayAddDevice: !isOldRoot };
}

/**
 * Every HK is the one of its generation: with what it opens nothing else of the file needs to be believed.
 * @param {AccountPayload} account @param {object[]} bundles the user's verified Bundle chain, ascending @throws KEYFILE_DAMAGED
 */
export async function checkHistory({ history }, bundles) {
  for (const { gen, seed } of history) {
    const known = bundles.findLast(({ hkGen }) => hkGen === gen);
    check(Boolean(known) && equal(await x25519Public(seed), known.historyPub), "KEYFILE_DAMAGED");
  }
}

async function hasOldRoot({ rootSeed }, bundles) {
  const pub = await ed25519Public(rootSeed);
  return !equal(pub, bundles.at(-1).rootPub) && bundles.some((bundle) => equal(bundle.rootPub, pub));
}

function encode(json) {
  return utf8(JSON.stringify(json));
}

function decode(payload, read) {
  return mapRangeError("KEYFILE_DAMAGED", () => {
    const json = parseStrictJson(fromUtf8(payload), DEPTH_MAX);
    check(object(json).v === 1, "KEYFILE_DAMAGED");
    return read(json);
  });
}

function bytes(value, length) {
  const decoded = fromBase64Url(value);
  if (decoded.length !== length) throw new RangeError("other length");
  return decoded;
}

function readLog({ size, root }) {
  return { size: count(size), root: bytes(root, HASH_BYTES) };
}

function object(value) {
  if (typeof value !== "object" || value === null) throw new RangeError("no object");
  return value;
}

function text(value) {
  if (typeof value !== "string") throw new RangeError("no text");
  return value;
}

function count(value) {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError("no count");
  return value;
}

function list(value, readOne) {
  if (!Array.isArray(value)) throw new RangeError("no list");
  return value.map((one) => readOne(one));
}

function objects(value, readOne) {
  return list(value, (one) => readOne(object(one)));
}
