/**
 * The leaves of the log as they are kept: in runs, as they came, each run in one array. A run of few leaves is joined with what comes next,
 * so that a log that grows by one leaf a day is not kept in as many objects, and one leaf more does not write thousands again.
 */

import { joinedVecs, readVecs, vecAt, vecsOf } from "../lib/vecs.js";
import { mapRangeError } from "./errors.js";

const FEW = 256; // leaves

/** @typedef {import("../lib/vecs.js").Vecs} Vecs */
/** @typedef {Vecs & {first: number}} Run first: the place of its first leaf */

/** @param {Uint8Array} bytes as they were kept @returns {Vecs} @throws BAD_ENCODING */
export function readRun(bytes) {
  return mapRangeError("BAD_ENCODING", () => readVecs(bytes));
}

/** @param {Run[]} runs untouched @param {Vecs[]} leaves @returns {Run[]} */
export function withLeaves(runs, leaves) {
  const grown = runs.slice();
  for (const more of leaves.filter(({ starts }) => starts.length)) {
    const last = grown.at(-1);
    const joins = last !== undefined && last.starts.length < FEW;
    if (joins) grown[grown.length - 1] = { first: last.first, ...joinedVecs(last, more) };
    else grown.push({ first: sizeOf(grown), ...more });
  }
  return grown;
}

/** @param {Run[]} runs @param {number} place @returns {Uint8Array} the leaf, in the memory of its run */
export function leafAt(runs, place) {
  let [low, high] = [0, runs.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (runs[middle].first <= place) low = middle;
    else high = middle;
  }
  return vecAt(runs[low], place - runs[low].first);
}

/** @param {Run[]} runs @param {number} from @param {number} to places @returns {Vecs} a copy */
export function leavesBetween(runs, from, to) {
  return vecsOf(Array.from({ length: to - from }, (_, i) => leafAt(runs, from + i)));
}

function sizeOf(runs) {
  const last = runs.at(-1);
  return last ? last.first + last.starts.length : 0;
}
