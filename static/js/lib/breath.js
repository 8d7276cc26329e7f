/** Long work in slices: between two of them the page draws, scrolls and answers. A leaf: it imports nothing. */

/** How long the page may be held before it gets a breath: half a frame. */
export const SLICE_MS = 8;

const { port1, port2 } = new MessageChannel();
const waiting = [];
let began = performance.now();
port1.onmessage = () => {
  began = performance.now();
  waiting.shift()();
};

/** A task of its own, without the 4 ms that a nested timer waits; a page that lies behind others does not wait for it either. @returns {Promise<void>} */
export function breathe() {
  return new Promise((resolve) => {
    waiting.push(resolve);
    port2.postMessage(null);
  });
}

/**
 * A breath when it is time for one. Long work asks after each small step, for awaiting WebCrypto alone lets nobody in: engines answer small
 * operations within the same task. @returns {Promise<void>|undefined}
 */
export function rest() {
  return performance.now() - began < SLICE_MS ? undefined : breathe();
}

/**
 * @template T @param {T[]} items @param {{count: number, bytes: number, bytesOf: (item: T) => number}} most of a slice; one item is always in it
 * @returns {T[][]} in order
 */
export function slicesOf(items, { count, bytes, bytesOf }) {
  const slices = [];
  let left = 0;
  for (const item of items) {
    const size = bytesOf(item);
    if (slices.length === 0 || slices.at(-1).length === count || size > left) {
      slices.push([]);
      left = bytes;
    }
    slices.at(-1).push(item);
    left -= size;
  }
  return slices;
}

/**
 * In order, a breath after each slice that made it time for one.
 * @template T @param {T[]} items @param {number} size of a slice, short work on a phone, too @param {(slice: T[], start: number) => any} work
 * @returns {Promise<void>}
 */
export async function inSlices(items, size, work) {
  for (let start = 0; start < items.length; start += size) {
    await work(items.slice(start, start + size), start);
    if (start + size < items.length) await rest();
  }
}
