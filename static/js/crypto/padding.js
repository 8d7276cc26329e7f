/** Padmé: a length tells no more than its rough size (protocol.md, section 7). */

import { check } from "./errors.js";

const SMALLEST = 256;
const MARK = 0x80;

/**
 * padme(L): L < 256 -> 256; else (L + m) & ~m, m = 2^(E-S)-1, E = floor(log2 L), S = floor(log2 E)+1.
 * @param {number} length
 * @returns {number}
 */
export function padme(length) {
  if (length < SMALLEST) return SMALLEST;
  const e = log2(length);
  const step = 2 ** (e - (log2(e) + 1));
  return Math.ceil(length / step) * step;
}

/** content || 0x80 || 0x00... up to padme(len+1) @param {Uint8Array} content @returns {Uint8Array} */
export function pad(content) {
  const padded = new Uint8Array(padme(content.length + 1));
  padded.set(content);
  padded[content.length] = MARK;
  return padded;
}

/** @param {Uint8Array} padded @param {string} [code] @returns {Uint8Array} content, a view @throws BAD_PADDING */
export function unpad(padded, code = "BAD_PADDING") {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end -= 1;
  check(end >= 0 && padded[end] === MARK && padded.length === padme(end + 1), code);
  return padded.subarray(0, end);
}

// Exact for every length, where Math.log2 need not be.
function log2(value) {
  let exponent = 0;
  while (2 ** (exponent + 1) <= value) exponent += 1;
  return exponent;
}
