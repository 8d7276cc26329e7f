/**
 * The leaves of the log as they are kept: chunks of 2^TOP leaves, each vec(leaf) || vec(leaf) || ... in one array. One array is much less
 * to store, and to hold, than 256.
 */

import { u32, u32At } from "../lib/bytes.js";
import { inSlices } from "../lib/breath.js";
import { ProtocolError } from "./errors.js";
import { TOP } from "./tree.js";

/** Leaves of a whole chunk. */
export const CHUNK_LEAVES = 1 << TOP;
const PREFIX = u32(0).length; // of a vec

/** @typedef {{bytes: Uint8Array, starts: number[]}} Chunk starts: where the leaves begin in bytes, behind their length */

/** @param {Uint8Array} bytes as they were kept @returns {Chunk} @throws BAD_ENCODING */
export function readChunk(bytes) {
  const starts = [];
  let at = 0;
  while (at + PREFIX <= bytes.length) {
    starts.push(at + PREFIX);
    at += PREFIX + u32At(bytes, at);
  }
  if (at !== bytes.length || starts.length > CHUNK_LEAVES) throw new ProtocolError("BAD_ENCODING");
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
  return leafIn(chunks[Math.floor(place / CHUNK_LEAVES)], place % CHUNK_LEAVES);
}

/** @param {Chunk} chunk @returns {Uint8Array[]} */
export function leavesOfChunk(chunk) {
  return chunk.starts.map((_, i) => leafIn(chunk, i));
}

function chunkOf(leaves) {
  const bytes = new Uint8Array(leaves.reduce((length, leaf) => length + PREFIX + leaf.length, 0));
  const view = new DataView(bytes.buffer);
  const starts = [];
  let at = 0;
  for (const leaf of leaves) {
    view.setUint32(at, leaf.length);
    starts.push(at + PREFIX);
    bytes.set(leaf, at + PREFIX);
    at += PREFIX + leaf.length;
  }
  return { bytes, starts };
}

function leafIn({ bytes, starts }, i) {
  return bytes.subarray(starts[i], i + 1 < starts.length ? starts[i + 1] - PREFIX : bytes.length);
}
