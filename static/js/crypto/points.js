/**
 * What section 1 refuses of a public key or a signature before the platform is asked: engines differ here, the
 * protocol must not. Only public values come in, so nothing needs constant time.
 */

import { unhex } from "../lib/bytes.js";
import { KEY_BYTES, SIG_BYTES } from "./labels.js";
import { check } from "./errors.js";

const P = (1n << 255n) - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n; // of the curve: -x^2 + y^2 = 1 + d x^2 y^2
const L = (1n << 252n) + 27742317777372353535851937790883648493n;

const LOW_ORDER_U = new Set([
  0n,
  1n,
  P - 1n,
  littleEndian(unhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")), // order 8
  littleEndian(unhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")), // order 8
]);

const SMALL_ORDER_Y = new Set([
  0n, // order 4
  1n, // neutral
  P - 1n, // order 2
  littleEndian(unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")), // order 8
  littleEndian(unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")), // order 8
]);

/** @param {Uint8Array} pub X25519 @returns {Uint8Array} the same @throws BAD_KEY */
export function checkX25519Public(pub) {
  check(pub.length === KEY_BYTES, "BAD_KEY");
  const u = littleEndian(pub); // a set top bit makes it >= P
  check(u < P && !LOW_ORDER_U.has(u), "BAD_KEY");
  return pub;
}

/** @param {Uint8Array} pub Ed25519, A @returns {Uint8Array} the same @throws BAD_KEY */
export function checkEd25519Public(pub) {
  check(pub.length === KEY_BYTES && isSoundPoint(pub), "BAD_KEY");
  return pub;
}

/** @param {Uint8Array} sig R || S @throws BAD_SIG */
export function checkSignature(sig) {
  check(sig.length === SIG_BYTES && isSoundPoint(sig.subarray(0, 32)), "BAD_SIG");
  check(littleEndian(sig.subarray(32)) < L, "BAD_SIG");
}

/**
 * Whether there is an x to this y. Asked before an engine sees the key: WebKitGTK's ends the whole page over one without.
 * @param {Uint8Array} encoded 32 bytes @returns {boolean}
 */
export function isOnCurve(encoded) {
  const y = littleEndian(encoded) & ((1n << 255n) - 1n);
  const square = (y * y) % P;
  return power((square + P - 1n) * (D * square + 1n), (P - 1n) / 2n) !== P - 1n; // x^2 = u / v is a square when u v is one
}

function power(base, exponent) {
  let result = 1n;
  for (let [factor, rest] = [base % P, exponent]; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % P;
    factor = (factor * factor) % P;
  }
  return result;
}

// The sign of x is left out: with these y it gives the same point or its negative, small order both.
function isSoundPoint(encoded) {
  const y = littleEndian(encoded) & ((1n << 255n) - 1n);
  return y < P && !SMALL_ORDER_Y.has(y);
}

function littleEndian(bytes) {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(bytes[i]);
  return value;
}
