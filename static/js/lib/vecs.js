/** Many vecs one after another in one array, and where each of them stands: thousands of small arrays cost more than what is in them. */

import { VEC_PREFIX, concat, u32At } from "./bytes.js";

/** @typedef {{bytes: Uint8Array, starts: number[]}} Vecs bytes: vec || vec || ...; starts: where the content of each begins in them */

/** @param {Uint8Array} bytes vec || vec || ... up to their end @returns {Vecs} in the same memory @throws RangeError */
export function readVecs(bytes) {
  const starts = [];
  let next = 0;
  while (next + VEC_PREFIX <= bytes.length) {
    starts.push(next + VEC_PREFIX);
    next += VEC_PREFIX + u32At(bytes, next);
  }
  if (next !== bytes.length) throw new RangeError("not whole vecs");
  return { bytes, starts };
}

/** @param {Uint8Array[]} contents @returns {Vecs} */
export function vecsOf(contents) {
  const bytes = new Uint8Array(contents.reduce((length, one) => length + VEC_PREFIX + one.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const one of contents) {
    view.setUint32(at, one.length);
    bytes.set(one, at + VEC_PREFIX);
    at += VEC_PREFIX + one.length;
  }
  return readVecs(bytes);
}

/** @param {Vecs} vecs @param {number} i @returns {number} where the content of one ends */
export function vecEnd({ bytes, starts }, i) {
  return i + 1 < starts.length ? starts[i + 1] - VEC_PREFIX : bytes.length;
}

/** @param {Vecs} vecs @param {number} i @returns {Uint8Array} the content of one, in the memory of all */
export function vecAt(vecs, i) {
  return vecs.bytes.subarray(vecs.starts[i], vecEnd(vecs, i));
}

/** @param {Vecs} vecs @returns {Uint8Array[]} the contents, in the memory of all */
export function contentsOf(vecs) {
  return vecs.starts.map((_, i) => vecAt(vecs, i));
}

/** @param {Vecs} vecs @param {Vecs} more @returns {Vecs} both, one after the other */
export function joinedVecs(vecs, more) {
  return { bytes: concat(vecs.bytes, more.bytes), starts: vecs.starts.concat(more.starts.map((start) => vecs.bytes.length + start)) };
}
