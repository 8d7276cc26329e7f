/**
 * The RFC 6962 hash tree (protocol.md, section 4), kept as complete subtrees: all of 2^TOP leaves and more, and those of the leaves behind
 * the last of them. What lay below a top is hashed again when it is asked for. Adding costs two hashes a leaf, the root O(log n), that of an
 * earlier size two hashes more for each of at most 2^TOP leaves. The hashes of a level stand in one array, one after another.
 */

import { VEC_PREFIX, concat } from "../lib/bytes.js";
import { Digests, sha256Each } from "./digests.js";
import { HASH_BYTES } from "./labels.js";
import { sha256 } from "./primitives.js";

/** The level that is kept of all leaves. */
export const TOP = 8;
/** Leaves under a top. */
export const UNDER_TOP = 1 << TOP;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const NONE = new Uint8Array(0);

/** @typedef {import("../lib/vecs.js").Vecs} Vecs */
/** @typedef {Uint8Array[]} Levels levels[k]: 32 bytes for each node over 2^k of what stands in levels[0] */
/** @typedef {{above: Levels, open: Levels}} Tree above[0]: the tops; open[0]: the leaf hashes behind the last top */

/** leaf_hash = H(0x00 || leaf) @param {Uint8Array} leaf @returns {Promise<Uint8Array>} */
export function hashLeaf(leaf) {
  return sha256(LEAF, leaf);
}

/** @param {Uint8Array[]} [tops] complete subtrees of 2^TOP leaves, all that is left of them @returns {Promise<Tree>} */
export async function treeOf(tops = []) {
  return { above: await raised([], concat(...tops), { each: sha256Each }), open: [] };
}

/** @param {Tree} tree @returns {Uint8Array[]} what treeOf goes on from */
export function topsOfTree({ above: [tops = NONE] }) {
  return Array.from({ length: countOf(tops) }, (_, i) => nodeAt(tops, i));
}

/** @param {Tree} tree untouched @param {Vecs[]} leaves @returns {Promise<Tree>} */
export async function appendToTree(tree, leaves) {
  const digests = new Digests(2 * leaves.reduce((sum, { starts }) => sum + starts.length, 0));
  try {
    return await withLeaves(tree, leaves, digests);
  } finally {
    digests.end();
  }
}

/**
 * @param {Tree} tree @param {number} size of a tree no larger than this one @param {(from: number, to: number) => Vecs} leavesAt for what lies below a top
 * @returns {Promise<Uint8Array>} H("") for 0
 */
export async function rootOf({ above, open }, size, leavesAt) {
  const tops = Math.floor(size / UNDER_TOP);
  const isAtEnd = tops === countOf(above[0] ?? NONE);
  const below = isAtEnd ? open : (await appendToTree(await treeOf(), [leavesAt(tops * UNDER_TOP, size)])).open;
  const peaks = [...peaksOf(above, tops), ...peaksOf(below, size % UNDER_TOP)];
  if (peaks.length === 0) return sha256();
  let root = peaks.pop();
  while (peaks.length) root = await sha256(NODE, peaks.pop(), root);
  return root;
}

async function withLeaves({ above, open }, leaves, digests) {
  const hashes = [];
  for (const run of leaves) hashes.push(await digests.each(LEAF, { ...run, gap: VEC_PREFIX }));
  const below = await raised(open, concat(...hashes), digests, TOP);
  const tops = below[TOP] ?? NONE;
  return {
    above: tops.length ? await raised(above, tops, digests) : above,
    open: below.slice(0, TOP).map((level, k) => level.slice(tops.length << (TOP - k))).filter(countOf),
  };
}

// With what is added at the bottom, and the nodes over it; no level is without a node.
async function raised(levels, added, digests, most = Infinity) {
  const grown = [concat(levels[0] ?? NONE, added)].filter(countOf);
  for (let k = 0; k < most && countOf(grown[k] ?? NONE) > 1; k += 1) {
    const there = levels[k + 1] ?? NONE;
    grown.push(concat(there, await missingNodes(grown[k], countOf(there), digests)));
  }
  return grown;
}

// The nodes over a level that are not there yet.
function missingNodes(level, from, digests) {
  const count = (countOf(level) >> 1) - from;
  const bytes = level.subarray(2 * HASH_BYTES * from, 2 * HASH_BYTES * (from + count));
  return digests.each(NODE, { bytes, starts: new Uint32Array(count).map((_, i) => 2 * HASH_BYTES * i), gap: 0 });
}

// The complete subtrees over the first `size` of levels[0], largest first: one for each bit of size.
function peaksOf(levels, size) {
  const peaks = [];
  let covered = 0;
  for (let k = levels.length - 1; k >= 0; k -= 1) {
    const width = 2 ** k;
    if (size - covered < width) continue;
    peaks.push(nodeAt(levels[k], covered / width));
    covered += width;
  }
  return peaks;
}

function countOf(level) {
  return level.length / HASH_BYTES;
}

function nodeAt(level, i) {
  return level.slice(HASH_BYTES * i, HASH_BYTES * (i + 1));
}
