/**
 * The leaves of the log as they are kept: chunks of 2^TOP leaves, each vec(leaf) || vec(leaf) || ... in one array. One array is much less
 * to store, and to hold, than 256.
 */

import { VEC_PREFIX, vecAt, vecStarts } from "../lib/bytes.js";
import { inSlices } from "../lib/breath.js";
import { check, mapRangeError } from "./errors.js";
import { TOP } from "./tree.js";

/** Leaves of a whole chunk. */
export const CHUNK_LEAVES = 1 << TOP;

/** @typedef {{bytes: Uint8Array, starts: number[]}} Chunk starts: where the leaves begin in bytes, behind their length */

/** @param {Uint8Array} bytes as they were kept @returns {Chunk} @throws BAD_ENCODING */
export function readChunk(bytes) {
  const starts = mapRangeError("BAD_ENCODING", () => vecStarts(bytes));
  check(starts.length <= CHUNK_LEAVES, "BAD_ENCODING");
  return { bytes, starts };
}

/** @param {Chunk[]} chunks untouched @param {Uint8Array[]} leaves @returns {Promise<Chunk[]>} */
export async function appendToChunks(chunks, leaves) {
  const whole = chunks.filter(({ starts }) => starts.length === CHUNK_LEAVES);
  const begun = chunks.slice(whole.length).flatMap(leavesOfChunk);
  await inSlices(begun.concat(leaves), CHUNK_LEAVES, (slice) => whole.push(chunkOf(slice)));
  return whole;
}

/** @param {Chunk[]} chunks @param {number} place @returns {Uint8Array} the leaf, in the bytes of its chunk */
export function leafAt(chunks, place) {
  const { bytes, starts } = chunks[Math.floor(place / CHUNK_LEAVES)];
  return vecAt(bytes, starts, place % CHUNK_LEAVES);
}

/** @param {Chunk} chunk @returns {Uint8Array[]} */
export function leavesOfChunk({ bytes, starts }) {
  return starts.map((_, i) => vecAt(bytes, starts, i));
}

function chunkOf(leaves) {
  const bytes = new Uint8Array(leaves.reduce((length, leaf) => length + VEC_PREFIX + leaf.length, 0));
  const view = new DataView(bytes.buffer);
  const starts = [];
  let at = 0;
  for (const leaf of leaves) {
    view.setUint32(at, leaf.length);
    starts.push(at + VEC_PREFIX);
    bytes.set(leaf, at + VEC_PREFIX);
    at += VEC_PREFIX + leaf.length;
  }
  return { bytes, starts };
}
