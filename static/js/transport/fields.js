/** What the server says is read field by field: whatever is not as the contract says throws a TypeError. */

import { allFromBase64Url, fromBase64Url } from "../lib/bytes.js";

const ID = /^[0-9a-f]{32}$/;
const CODE = /^[A-Z][A-Z0-9_]{0,63}$/;
const TEXT_MAX = 200;
const RETRY_MIN_S = 1;
const RETRY_MAX_S = 600;

/** @param {unknown} value @returns {string} uid, did or cid */
export function id(value) {
  return matching(value, typeof value === "string" && ID.test(value));
}

/** @param {unknown} value @returns {string} */
export function text(value) {
  return matching(value, typeof value === "string" && value.length <= TEXT_MAX);
}

/** @param {unknown} value @returns {string} of a refusal */
export function code(value) {
  return matching(value, typeof value === "string" && CODE.test(value));
}

/** @param {unknown} value @returns {number} */
export function whole(value) {
  return matching(value, Number.isSafeInteger(value) && value >= 0);
}

/** @param {unknown} value @returns {Uint8Array} */
export function bytes(value) {
  return fromBase64Url(matching(value, typeof value === "string"));
}

/** @param {unknown} value @returns {Uint8Array[]} */
export function bytesOfEach(value) {
  return allFromBase64Url(list(value, (one) => matching(one, typeof one === "string")));
}

/** @template T @param {unknown} value @param {(one: any) => T} readOne @param {number} [most] @returns {T[]} */
export function list(value, readOne, most = Infinity) {
  return matching(value, Array.isArray(value) && value.length <= most).map((one) => readOne(one));
}

/** Seconds to wait, never so few that asking becomes a storm. @param {unknown} value @returns {number|undefined} */
export function retryAfter(value) {
  if (typeof value !== "number" || Number.isNaN(value)) return undefined;
  return Math.min(RETRY_MAX_S, Math.max(RETRY_MIN_S, value));
}

function matching(value, holds) {
  if (!holds) throw new TypeError("not as the contract says");
  return value;
}
