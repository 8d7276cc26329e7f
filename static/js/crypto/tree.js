/**
 * The RFC 6962 hash tree (protocol.md, section 4), kept as arrays of complete subtrees: levels[k][i] covers the leaves
 * i * 2^k ... (i+1) * 2^k - 1. Adding costs two hashes a leaf, the root of any earlier size O(log n). Below TOP there may be holes,
 * in a tree that was begun with its tops: what is missing is hashed again when it is asked for.
 */

import { concat } from "../lib/bytes.js";
import { HASH_BYTES } from "./labels.js";
import { sha256, sha256Each } from "./primitives.js";

/** The level that is enough to go on with, beside the leaves after its last subtree. */
export const TOP = 8;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** @typedef {Uint8Array[][]} Levels levels[0] holds the leaf hashes */

/** leaf_hash = H(0x00 || leaf) @param {Uint8Array} leaf @returns {Promise<Uint8Array>} */
export function hashLeaf(leaf) {
  return sha256(LEAF, leaf);
}

/** A tree of which only this is left. @param {Uint8Array[]} tops complete subtrees of 2^TOP leaves @returns {Levels} */
export function levelsUnder(tops) {
  if (tops.length === 0) return [[]];
  const below = Array.from({ length: TOP }, (_, k) => new Array(tops.length << (TOP - k)));
  return [...below, tops];
}

/** @param {Levels} levels untouched @param {Uint8Array[]} leaves @returns {Promise<Levels>} */
export async function appendToLevels(levels, leaves) {
  const added = await sha256Each(leaves.length, leafInputs(leaves));
  const grown = [(levels[0] ?? []).concat(added)];
  for (let k = 0; grown[k].length > 1; k += 1) {
    const above = levels[k + 1] ?? [];
    grown.push(above.concat(await missingNodes(grown[k], above.length)));
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

/**
 * @param {Levels} levels @param {number} size of a tree no larger than this one @param {(i: number) => Uint8Array} leafAt bytes of a leaf, for holes
 * @returns {Promise<Uint8Array>} H("") for 0
 */
export async function rootOf(levels, size, leafAt) {
  const peaks = await Promise.all(completeSubtrees(levels, size).map(([k, i]) => levels[k][i] ?? subtree(leafAt, i << k, 1 << k)));
  if (peaks.length === 0) return sha256();
  let root = peaks.pop();
  while (peaks.length) root = await hashNode(peaks.pop(), root);
  return root;
}

// [level, index] of the complete subtrees of the first `size` leaves, largest first: one for each bit of size.
function completeSubtrees(levels, size) {
  const peaks = [];
  let covered = 0;
  for (let k = levels.length - 1; k >= 0; k -= 1) {
    const width = 2 ** k;
    if (size - covered < width) continue;
    peaks.push([k, covered / width]);
    covered += width;
  }
  return peaks;
}

async function subtree(leafAt, first, width) {
  const levels = await appendToLevels([[]], Array.from({ length: width }, (_, i) => leafAt(first + i)));
  return levels.at(-1)[0];
}

function hashNode(left, right) {
  return sha256(NODE, left, right);
}
