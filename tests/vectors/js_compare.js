/** Comparing what a module made with what a vector says, and taking states apart to see that nothing changed. */

import { Places } from "/static/js/crypto/log-places.js";
import { hex, unhex } from "/static/js/lib/bytes.js";

/** @param {string|null} text @returns {Uint8Array|null} */
export function maybe(text) {
  return text === null || text === undefined ? null : unhex(text);
}

/** @param {string} what @param {any} got bytes or plain @param {any} wanted hex or plain */
export function same(what, got, wanted) {
  const [mine, theirs] = [got, wanted].map((value) => snapshot(value));
  if (mine !== theirs) throw new Error(`${what}: ${mine.slice(0, 160)} instead of ${theirs.slice(0, 160)}`);
}

/** Any value as text, bytes as hex. @param {any} value @param {boolean} [withShared] how far the places of a log go, which longer ones share @returns {string} */
export function snapshot(value, withShared = false) {
  return JSON.stringify(value, (_, part) => {
    if (part instanceof Uint8Array) return hex(part);
    if (part instanceof Places) return withShared ? { size: part.size } : {};
    return part instanceof Map ? [...part] : part;
  });
}

/**
 * Runs `work`, then demands that `inputs` look as before, whether it passed or not: when it was refused, what a longer log would share with
 * one of them, too.
 * @param {any} inputs @param {() => Promise<any>} work
 */
export async function unchanged(inputs, work) {
  const [before, withShared] = [snapshot(inputs), snapshot(inputs, true)];
  let isRefused = true;
  try {
    const done = await work();
    isRefused = false;
    return done;
  } finally {
    same("state afterwards", JSON.parse(snapshot(inputs, isRefused)), JSON.parse(isRefused ? withShared : before));
  }
}
