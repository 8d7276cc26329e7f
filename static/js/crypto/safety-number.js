/** The numbers two people compare (protocol.md, section 11). */

import { compare, concat, equal, u8, utf8, vec } from "../lib/bytes.js";
import { HASH_BYTES, LABEL } from "./labels.js";
import { sha256 } from "./primitives.js";

const GROUPS = 6;
const GROUP_BYTES = 5;
const SHORT_GROUPS = 2;
const QR_VERSION = u8(1);

/** @typedef {{uid: Uint8Array, name: string, rootPub: Uint8Array}} Person */

/** fp(u) = H(LBL "fp" || uid || vec(name) || RS_pub) @param {Person} person @returns {Promise<Uint8Array>} */
export function fingerprint({ uid, name, rootPub }) {
  return sha256(LABEL.fp, uid, vec(utf8(name)), rootPub);
}

/**
 *     QR = u8 1 | fp(uid_lo) 32 | fp(uid_hi) 32
 * @param {Person} one @param {Person} other @returns {Promise<{fingerprints: Uint8Array[], digits: string, qr: Uint8Array}>} 60 digits
 */
export async function safetyNumber(one, other) {
  const people = [one, other].sort((a, b) => compare(a.uid, b.uid));
  const fingerprints = await Promise.all(people.map(fingerprint));
  return { fingerprints, digits: fingerprints.map(digitsOf).join(""), qr: concat(QR_VERSION, ...fingerprints) };
}

/** How a person's half begins, for telling two accounts apart. @param {Person} person @returns {Promise<string>} two groups, "12345 67890" */
export async function shortNumber(person) {
  const digits = digitsOf(await fingerprint(person));
  return Array.from({ length: SHORT_GROUPS }, (_, i) => digits.slice(5 * i, 5 * i + 5)).join(" ");
}

/** @param {Person} person @returns {Promise<string>} the 30 digits of one of the two */
export async function halfOf(person) {
  return digitsOf(await fingerprint(person));
}

/** Does a scanned code say the same as this screen? @param {Uint8Array} scanned @param {Uint8Array} qr @returns {boolean} */
export function isSameCode(scanned, qr) {
  return scanned.length === 1 + 2 * HASH_BYTES && equal(scanned, qr);
}

// Six groups: u40 of bytes 5i..5i+4 mod 100000, five digits each.
function digitsOf(hash) {
  return Array.from({ length: GROUPS }, (_, i) => {
    const group = hash.subarray(GROUP_BYTES * i, GROUP_BYTES * (i + 1)).reduce((value, byte) => value * 256 + byte, 0);
    return String(group % 100_000).padStart(5, "0");
  }).join("");
}
