/** Long work in slices: between two of them the page draws, scrolls and answers. A leaf: it imports nothing. */

const { port1, port2 } = new MessageChannel();
const waiting = [];
port1.onmessage = () => waiting.shift()();

/** A task of its own, without the 4 ms that a nested timer waits. @returns {Promise<void>} */
export function breathe() {
  return new Promise((resolve) => {
    waiting.push(resolve);
    port2.postMessage(null);
  });
}

/**
 * In order, a breath after each slice. @template T @param {T[]} items @param {number} size of a slice @param {(slice: T[], start: number) => any} work
 * @returns {Promise<void>}
 */
export async function inSlices(items, size, work) {
  for (let start = 0; start < items.length; start += size) {
    await work(items.slice(start, start + size), start);
    if (start + size < items.length) await breathe();
  }
}
