/** How an object of the keyring becomes bytes: JSON with two additions, so that byte arrays and Maps come back as what they were. */

import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../lib/bytes.js";

const BYTES = "$b";
const MAP = "$m";

/** @param {unknown} value plain data, Uint8Array, Map @returns {Uint8Array} */
export function encodeObject(value) {
  return utf8(JSON.stringify(value, (_key, one) => {
    if (one instanceof Uint8Array) return { [BYTES]: toBase64Url(one) };
    if (one instanceof Map) return { [MAP]: [...one] };
    return one;
  }));
}

/** Only for what was sealed by this browser. @param {Uint8Array} bytes @returns {any} */
export function decodeObject(bytes) {
  return JSON.parse(fromUtf8(bytes), (_key, one) => {
    if (one === null || typeof one !== "object" || Array.isArray(one)) return one;
    if (typeof one[BYTES] === "string") return fromBase64Url(one[BYTES]);
    return Array.isArray(one[MAP]) ? new Map(one[MAP]) : one;
  });
}
