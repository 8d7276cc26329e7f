/** Comparing what a module made with what a vector says, and taking states apart to see that nothing changed. */

import { hex, unhex } from "/static/js/lib/bytes.js";

/** @param {string|null} text @returns {Uint8Array|null} */
export function maybe(text) {
  return text === null || text === undefined ? null : unhex(text);
}

/** @param {string} what @param {any} got bytes or plain @param {any} wanted hex or plain */
export function same(what, got, wanted) {
  const [mine, theirs] = [got, wanted].map(snapshot);
  if (mine !== theirs) throw new Error(`${what}: ${mine.slice(0, 160)} instead of ${theirs.slice(0, 160)}`);
}

/** Any value as text, bytes as hex. @param {any} value @returns {string} */
export function snapshot(value) {
  return JSON.stringify(value, (_, part) => {
    if (part instanceof Uint8Array) return hex(part);
    return part instanceof Map ? [...part] : part;
  });
}

/** Runs `work`, then demands that `inputs` look as before, whether it passed or not. @param {any} inputs @param {() => Promise<any>} work */
export async function unchanged(inputs, work) {
  const before = snapshot(inputs);
  try {
    return await work();
  } finally {
    same("state afterwards", JSON.parse(snapshot(inputs)), JSON.parse(before));
  }
}
