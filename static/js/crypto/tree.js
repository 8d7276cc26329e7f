/**
 * The RFC 6962 hash tree (protocol.md, section 4), kept as arrays of complete subtrees: levels[k][i] covers the leaves
 * i * 2^k ... (i+1) * 2^k - 1. Adding costs one hash a leaf, the root of any earlier size O(log n).
 */

import { sha256 } from "./primitives.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** @typedef {Uint8Array[][]} Levels levels[0] holds the leaf hashes */

/** leaf_hash = H(0x00 || leaf) @param {Uint8Array} leaf @returns {Promise<Uint8Array>} */
export function hashLeaf(leaf) {
  return sha256(LEAF, leaf);
}

/** @param {Levels} levels untouched @param {Uint8Array[]} leaves @returns {Promise<Levels>} */
export async function appendToLevels(levels, leaves) {
  const grown = levels.map((level) => [...level]);
  grown[0] = [...(grown[0] ?? []), ...(await Promise.all(leaves.map(hashLeaf)))];
  for (let k = 0; grown[k].length > 1; k += 1) {
    const above = grown[k + 1] ?? [];
    const missing = Array.from({ length: (grown[k].length >> 1) - above.length }, (_, i) => above.length + i);
    const nodes = missing.map((i) => hashNode(grown[k][2 * i], grown[k][2 * i + 1]));
    grown[k + 1] = [...above, ...(await Promise.all(nodes))];
  }
  return grown;
}

/** @param {Levels} levels @param {number} size of a tree no larger than this one @returns {Promise<Uint8Array>} H("") for 0 */
export async function rootOf(levels, size) {
  const peaks = completeSubtrees(levels, size);
  if (peaks.length === 0) return sha256();
  let root = peaks.pop();
  while (peaks.length) root = await hashNode(peaks.pop(), root);
  return root;
}

// The complete subtrees of the first `size` leaves, largest first: one for each bit of size.
function completeSubtrees(levels, size) {
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

function hashNode(left, right) {
  return sha256(NODE, left, right);
}
