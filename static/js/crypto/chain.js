/** One sender's chain of message keys in one epoch (protocol.md, section 7). */

import { hex } from "../lib/bytes.js";
import { check } from "./errors.js";
import { COUNTER_LIMIT, SKIP_KEEP_MS, SKIP_MAX } from "./labels.js";
import { mac } from "./primitives.js";

const MESSAGE = Uint8Array.of(1);
const CHAIN = Uint8Array.of(2);

/** @typedef {{counter: number, msk: Uint8Array, untilMs: number}} Skipped a message key kept for a message that is late */
/**
 * Plain data. `ck` = CK_next; every counter below `next` that is not in `skipped` was opened (or sent), or its key was given up:
 * `givenUp` is the lowest of those.
 * @typedef {{epoch: number, uid: Uint8Array, did: Uint8Array, next: number, ck: Uint8Array, skipped: Skipped[], givenUp?: number}} Chain
 */

/** @param {object} epochKeys EpochKeys @param {{uid: Uint8Array, did: Uint8Array}} sender a member @returns {Chain} at counter 0 */
export function startChain(epochKeys, { uid, did }) {
  return { epoch: epochKeys.epoch, uid, did, next: 0, ck: epochKeys.ck0[hex(did)], skipped: [] };
}

/** MSK_n = MAC(CK_n, 0x01), CK_{n+1} = MAC(CK_n, 0x02) @param {Uint8Array} ck @returns {Promise<{msk: Uint8Array, ck: Uint8Array}>} */
export async function stepChain(ck) {
  const [msk, following] = await Promise.all([mac(ck, MESSAGE), mac(ck, CHAIN)]);
  return { msk, ck: following };
}

/**
 * The key of one counter, and the chain as it is once that message was accepted.
 * @param {Chain} chain untouched @param {number} counter @param {number} nowMs
 * @returns {Promise<{msk: Uint8Array, chain: Chain, gap: number}>} gap: counters skipped just now
 * @throws COUNTER_TOO_FAR before anything is derived, NO_EPOCH_KEY: the key of a late message is not kept any more
 */
export async function keyAt(chain, counter, nowMs) {
  check(counter < COUNTER_LIMIT && counter <= chain.next + SKIP_MAX, "COUNTER_TOO_FAR");
  if (counter < chain.next) return skippedKey(chain, counter);
  const skipped = [...chain.skipped];
  let { msk, ck } = await stepChain(chain.ck);
  for (let n = chain.next; n < counter; n += 1) {
    skipped.push({ counter: n, msk, untilMs: nowMs + SKIP_KEEP_MS });
    ({ msk, ck } = await stepChain(ck));
  }
  const after = keeping({ ...chain, next: counter + 1, ck, skipped }, skipped.slice(-SKIP_MAX));
  return { msk, chain: after, gap: counter - chain.next };
}

/** The skipped keys that are still kept. @param {Chain} chain @param {number} nowMs @returns {Chain} */
export function dropExpired(chain, nowMs) {
  return keeping(chain, chain.skipped.filter((one) => one.untilMs > nowMs));
}

/** What was received without gap: for `ack`, finals and step 11. @param {Chain} chain @returns {number} next_counter */
export function receivedWithoutGap({ skipped, next, givenUp = next }) {
  return skipped.reduce((lowest, one) => Math.min(lowest, one.counter), Math.min(next, givenUp));
}

// A message whose key is given up never came: it is not received.
function keeping(chain, kept) {
  const keys = new Set(kept);
  const lost = chain.skipped.filter((one) => !keys.has(one)).map(({ counter }) => counter);
  const { givenUp = Infinity } = chain;
  return lost.length ? { ...chain, skipped: kept, givenUp: Math.min(givenUp, ...lost) } : { ...chain, skipped: kept };
}

function skippedKey(chain, counter) {
  const found = chain.skipped.find((one) => one.counter === counter);
  check(Boolean(found), "NO_EPOCH_KEY");
  return { msk: found.msk, chain: { ...chain, skipped: chain.skipped.filter((one) => one !== found) }, gap: 0 };
}
