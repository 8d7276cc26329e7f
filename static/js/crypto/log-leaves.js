/**
 * The leaves of the log as they are kept: chunks of 2^TOP leaves, each vec(leaf) || vec(leaf) || ... in one array, and where each
 * idx stands among them. One array is much less to store, and to hold, than 256.
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

/**
 * Where leaves of an idx stand. It grows at its end only; a log that is shorter takes no notice of what was added since, so that the next
 * log needs no copy of it.
 */
export class Places {
  #newest = new Map(); // key of an idx -> its newest place
  #keys = []; // by place
  #before = []; // by place: the place of the same idx before it, or -1

  /** @returns {number} leaves that it knows */
  get size() {
    return this.#keys.length;
  }

  /** The next leaf. @param {string|null} key of its idx; null: it has none @returns {number} the place of the same idx before it, or -1 */
  add(key) {
    const before = this.#newest.get(key) ?? -1;
    if (key !== null) this.#newest.set(key, this.size);
    this.#keys.push(key);
    this.#before.push(before);
    return before;
  }

  /** What was added since never was. @param {number} size */
  cutTo(size) {
    while (this.size > size) {
      const [key, before] = [this.#keys.pop(), this.#before.pop()];
      if (before < 0) this.#newest.delete(key);
      else this.#newest.set(key, before);
    }
  }

  /** @param {string} key @param {number} size of the log that asks @returns {number[]} newest first */
  of(key, size) {
    const places = [];
    for (let place = this.#newest.get(key) ?? -1; place >= 0; place = this.#before[place]) if (place < size) places.push(place);
    return places;
  }

  /** For a log that goes on from `size`. @param {number} size @returns {Places} this one, or a copy when another log went on from there */
  from(size) {
    if (size === this.size) return this;
    const other = new Places();
    this.#keys.slice(0, size).forEach((key) => other.add(key));
    return other;
  }
}

/** @param {Uint8Array} idx @returns {string} what names it in Places */
export function keyOf(idx) {
  return String.fromCharCode.apply(null, idx);
}

function chunkOf(leaves) {
  const bytes = new Uint8Array(leaves.reduce((length, leaf) => length + PREFIX + leaf.length, 0));
  const starts = [];
  let at = 0;
  for (const leaf of leaves) {
    bytes.set(u32(leaf.length), at);
    starts.push(at + PREFIX);
    bytes.set(leaf, at + PREFIX);
    at += PREFIX + leaf.length;
  }
  return { bytes, starts };
}

function leafIn({ bytes, starts }, i) {
  return bytes.subarray(starts[i], i + 1 < starts.length ? starts[i + 1] - PREFIX : bytes.length);
}
