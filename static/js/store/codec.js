/**
 * How an object of the keyring becomes bytes: JSON with two additions, so that byte arrays and Maps come back as what they were. What is
 * nothing but bytes, as a chunk of the log, stays what it is, behind a zero that no JSON begins with.
 */

import { concat, fromBase64Url, fromUtf8, toBase64Url, u8, utf8 } from "../lib/bytes.js";

const BYTES = "$b";
const MAP = "$m";
const BARE = u8(0);

/** @param {unknown} value plain data, Uint8Array, Map @returns {Uint8Array} */
export function encodeObject(value) {
  if (value instanceof Uint8Array) return concat(BARE, value);
  return utf8(JSON.stringify(value, (_key, one) => {
    if (one instanceof Uint8Array) return { [BYTES]: toBase64Url(one) };
    if (one instanceof Map) return { [MAP]: [...one] };
    return one;
  }));
}

/** Only for what was sealed by this browser. @param {Uint8Array} bytes @returns {any} */
export function decodeObject(bytes) {
  if (bytes[0] === BARE[0]) return bytes.subarray(BARE.length);
  return JSON.parse(fromUtf8(bytes), (_key, one) => {
    if (one === null || typeof one !== "object" || Array.isArray(one)) return one;
    if (typeof one[BYTES] === "string") return fromBase64Url(one[BYTES]);
    return Array.isArray(one[MAP]) ? new Map(one[MAP]) : one;
  });
}
