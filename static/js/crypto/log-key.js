/** The log's own key, and how the log goes on under another one: key leaves (protocol.md, section 4). */

import { concat, equal, u64 } from "../lib/bytes.js";
import { ProtocolError, check, parse } from "./errors.js";
import { HASH_BYTES, KEY_BYTES, LABEL, SIG_BYTES } from "./labels.js";
import { sign, verify } from "./primitives.js";

const SIZE_BYTES = 8;

/** @typedef {{oldPub: Uint8Array, newPub: Uint8Array, size: number, sizeBytes?: Uint8Array, root: Uint8Array, sig: Uint8Array}} KeyLeaf size, root: of the leaves before it; sizeBytes: the size as it came */
/** @typedef {{lgPub: Uint8Array, size: number}} Pin the key, and the size of the log at which it was in force */

/** @param {import("../lib/bytes.js").Reader} reader @returns {KeyLeaf} @throws BAD_ENCODING */
export function readKeyLeaf(reader) {
  reader.expect(LABEL.keyLeaf);
  const [oldPub, newPub] = [reader.take(KEY_BYTES), reader.take(KEY_BYTES)];
  const sizeBytes = reader.take(SIZE_BYTES);
  const size = parse(sizeBytes, (one) => one.u64());
  const leaf = { oldPub, newPub, size, sizeBytes, root: reader.take(HASH_BYTES), sig: reader.take(SIG_BYTES) };
  check(!equal(oldPub, newPub), "BAD_ENCODING");
  return leaf;
}

/**
 *     text = LBL "key-leaf" | LG_old_pub 32 | LG_pub 32 | size u64 | root 32 ,  leaf = text | SIG(LG_old, text)
 * Only a log makes them; here for tests.
 * @param {Omit<KeyLeaf, "sig">} fields @param {Uint8Array} oldSeed @returns {Promise<Uint8Array>}
 */
export async function signKeyLeaf(fields, oldSeed) {
  return keyLeafBytes({ ...fields, sig: await sign(oldSeed, signedText(fields)) });
}

/** @param {KeyLeaf} leaf @returns {Uint8Array} as it was read */
export function keyLeafBytes(leaf) {
  return concat(signedText(leaf), leaf.sig);
}

/**
 * The key in force behind these leaves, the last of which stands before `end`.
 * @param {{place: number, leaf: KeyLeaf}[]} added @param {number} end @param {Pin} pin
 * @returns {Promise<Uint8Array>} @throws LOG_BAD_HEAD: they do not lead to the pin, or not on from it
 */
export async function followKeys(added, end, { lgPub, size }) {
  const pinnedAt = Math.min(size, end);
  const before = added.filter(({ place }) => place < pinnedAt);
  let key = null;
  for (const { leaf } of before) key = await successor(leaf, key);
  check(!key || equal(key, lgPub), "LOG_BAD_HEAD");
  key = lgPub;
  for (const { leaf } of added.slice(before.length)) key = await successor(leaf, key);
  return key;
}

/** @param {Uint8Array} lgPub @param {Uint8Array} sig @param {Uint8Array} bytes @throws LOG_BAD_HEAD */
export async function verifyByLog(lgPub, sig, bytes) {
  try {
    await verify(lgPub, sig, bytes);
  } catch (error) {
    throw error instanceof ProtocolError ? new ProtocolError("LOG_BAD_HEAD") : error;
  }
}

async function successor(leaf, key) {
  check(!key || equal(leaf.oldPub, key), "LOG_BAD_HEAD");
  await verifyByLog(leaf.oldPub, leaf.sig, signedText(leaf));
  return leaf.newPub;
}

// As it came: a size beyond 2^53 - 1 is signed as it is, and read as that.
function signedText({ oldPub, newPub, size, sizeBytes = u64(size), root }) {
  return concat(LABEL.keyLeaf, oldPub, newPub, sizeBytes, root);
}
