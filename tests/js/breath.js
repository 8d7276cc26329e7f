/** Long work lets others in, by what it takes and not by what it awaits. */

import { SLICE_MS, inSlices, rest, slicesOf } from "/static/js/lib/breath.js";
import { sha256Each } from "/static/js/crypto/digests.js";
import { sha256 } from "/static/js/crypto/primitives.js";
import { holds, same } from "./claims.js";

const STEPS = 6;

// Counts the tasks of others that came in between.
function neighbour() {
  const { port1, port2 } = new MessageChannel();
  const seen = { count: 0, stop: () => port1.close() };
  port1.onmessage = () => {
    seen.count += 1;
    port2.postMessage(null);
  };
  port2.postMessage(null);
  return seen;
}

function busy(ms) {
  for (const end = performance.now() + ms; performance.now() < end; );
}

export function slices_have_so_many_items_and_bytes_at_most() {
  const sliced = (items) => slicesOf(items, { count: 3, bytes: 10, bytesOf: (item) => item });
  same([sliced([]), sliced([0]), sliced([0, 0, 0, 0])], [[], [[0]], [[0, 0, 0], [0]]]);
  same([sliced([5, 5, 1]), sliced([11, 0, 30]), sliced([4, 6, 0, 0])], [[[5, 5], [1]], [[11], [0], [30]], [[4, 6, 0], [0]]]);
}

export async function slices_that_take_long_let_others_in_after_each() {
  const others = neighbour();
  const seen = [];
  await inSlices(Array.from({ length: STEPS }, (_, i) => i), 1, () => {
    busy(SLICE_MS);
    seen.push(others.count);
  });
  others.stop();
  same(seen.length, STEPS);
  holds(seen.every((count, i) => i === 0 || count > seen[i - 1]), `others came in between: ${seen}`);
}

export async function operations_of_webcrypto_are_work_too() {
  const others = neighbour();
  const seen = [];
  for (let i = 0; i < STEPS; i += 1) {
    for (const end = performance.now() + SLICE_MS; performance.now() < end; ) await sha256(Uint8Array.of(i));
    await rest();
    seen.push(others.count);
  }
  others.stop();
  holds(seen.every((count, i) => i === 0 || count > seen[i - 1]), `others came in between: ${seen}`);
}

export async function nobody_waits_longer_than_a_batch_of_hashes() {
  const others = neighbour();
  const seen = [];
  const { subtle } = globalThis.crypto;
  let asked = 0;
  subtle.digest = (...given) => {
    if (asked % 256 === 0) {
      seen.push(others.count);
      busy(SLICE_MS);
    }
    asked += 1;
    return SubtleCrypto.prototype.digest.apply(subtle, given);
  };
  await sha256Each(new Uint8Array(1), { bytes: new Uint8Array(STEPS * 256), starts: Array.from({ length: STEPS * 256 }, (_, i) => i), gap: 0 });
  delete subtle.digest;
  others.stop();
  same(seen.length, STEPS);
  holds(seen.every((count, i) => i === 0 || count > seen[i - 1]), `others came in between: ${seen}`);
}

export async function slices_come_in_order_and_each_item_once() {
  const items = Array.from({ length: 10 }, (_, i) => i);
  const seen = [];
  await inSlices(items, 4, (slice, start) => seen.push([start, ...slice]));
  same(seen, [[0, 0, 1, 2, 3], [4, 4, 5, 6, 7], [8, 8, 9]]);
}
