/**
 * The RFC 6962 hash tree (protocol.md, section 4), kept as complete subtrees: all of 2^TOP leaves and more, and those of the leaves behind
 * the last of them. What lay below a top is hashed again when it is asked for. Adding costs two hashes a leaf, the root O(log n), that of an
 * earlier size two hashes more for each of at most 2^TOP leaves.
 */

import { concat } from "../lib/bytes.js";
import { HASH_BYTES } from "./labels.js";
import { sha256, sha256Each } from "./primitives.js";

/** The level that is kept of all leaves. */
export const TOP = 8;
const UNDER_TOP = 1 << TOP;
const ADDED_AT_ONCE = 8 * UNDER_TOP; // leaves; their hashes and those of the levels above live no longer
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** @typedef {Uint8Array[][]} Levels levels[k][i] is the node over 2^k of what stands in levels[0], from i * 2^k */
/** @typedef {{above: Levels, open: Levels}} Tree above[0]: the tops; open[0]: the leaf hashes behind the last top */

/** leaf_hash = H(0x00 || leaf) @param {Uint8Array} leaf @returns {Promise<Uint8Array>} */
export function hashLeaf(leaf) {
  return sha256(LEAF, leaf);
}

/** @param {Uint8Array[]} [tops] complete subtrees of 2^TOP leaves, all that is left of them @returns {Promise<Tree>} */
export async function treeOf(tops = []) {
  return { above: await raised([], tops), open: [] };
}

/** @param {Tree} tree untouched @param {Uint8Array[]} leaves @returns {Promise<Tree>} */
export async function appendToTree(tree, leaves) {
  let grown = tree;
  for (let start = 0; start < leaves.length; start += ADDED_AT_ONCE) grown = await withLeaves(grown, leaves.slice(start, start + ADDED_AT_ONCE));
  return grown;
}

/**
 * @param {Tree} tree @param {number} size of a tree no larger than this one @param {(from: number, to: number) => Uint8Array[]} leavesAt for what lies below a top
 * @returns {Promise<Uint8Array>} H("") for 0
 */
export async function rootOf({ above, open }, size, leavesAt) {
  const tops = Math.floor(size / UNDER_TOP);
  const isAtEnd = tops === (above[0]?.length ?? 0);
  const below = isAtEnd ? open : (await withLeaves(await treeOf(), leavesAt(tops * UNDER_TOP, size))).open;
  const peaks = [...peaksOf(above, tops), ...peaksOf(below, size % UNDER_TOP)];
  if (peaks.length === 0) return sha256();
  let root = peaks.pop();
  while (peaks.length) root = await sha256(NODE, peaks.pop(), root);
  return root;
}

async function withLeaves({ above, open }, leaves) {
  const below = await raised(open, await sha256Each(leaves.length, leafInputs(leaves)), TOP);
  const tops = below[TOP] ?? [];
  return {
    above: tops.length ? await raised(above, tops) : above,
    open: below.slice(0, TOP).map((level, k) => level.slice(tops.length << (TOP - k))),
  };
}

// With what is added at the bottom, and the nodes over it.
async function raised(levels, added, most = Infinity) {
  const grown = [(levels[0] ?? []).concat(added)];
  for (let k = 0; k < most && grown[k].length > 1; k += 1) {
    const there = levels[k + 1] ?? [];
    grown.push(there.concat(await missingNodes(grown[k], there.length)));
  }
  return grown;
}

// One after another in the same bytes, as long as they are equally long: most are.
function leafInputs(leaves) {
  let input = concat(LEAF);
  return (i) => {
    if (input.length !== LEAF.length + leaves[i].length) input = concat(LEAF, leaves[i]);
    input.set(leaves[i], LEAF.length);
    return input;
  };
}

// The nodes over a level that are not there yet, written one after another into the same bytes.
function missingNodes(level, from) {
  const node = concat(NODE, new Uint8Array(2 * HASH_BYTES));
  return sha256Each((level.length >> 1) - from, (i) => {
    node.set(level[2 * (from + i)], NODE.length);
    node.set(level[2 * (from + i) + 1], NODE.length + HASH_BYTES);
    return node;
  });
}

// The complete subtrees over the first `size` of levels[0], largest first: one for each bit of size.
function peaksOf(levels, size) {
  const peaks = [];
  let covered = 0;
  for (let k = levels.length - 1; k >= 0; k -= 1) {
    const width = 2 ** k;
    if (size - covered < width) continue;
    peaks.push(levels[k][covered / width]);
    covered += width;
  }
  return peaks;
}
