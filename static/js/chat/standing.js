/** Where a browser stands with an account, before any passphrase: what the server says against what is kept here. */

import { hex } from "../lib/bytes.js";
import { unlockRing } from "./browser-ring.js";
import { codeOf } from "./codes.js";
import { fetchChain } from "./keys-setup.js";

/** @param {{locks: object}} parts @returns {boolean} */
export function isSupported({ locks }) {
  return Boolean(globalThis.isSecureContext && globalThis.indexedDB && locks);
}

/** @param {{api: object, me: object}} parts @param {{did: string}} card @returns {Promise<boolean>} the newest bundle lists this browser */
export async function isListed({ api, me }, { did }) {
  const last = (await fetchChain(api, me)).at(-1);
  return Boolean(last?.devices.some((device) => hex(device.did) === did));
}

/** @param {{api: object, me: object, card: object|null}} parts @param {number} version of the account's bundle, 0: none @returns {Promise<string>} phase */
export async function phaseOf({ card, ...parts }, version) {
  // A server that denies an account's keys cannot make this browser drop what it holds.
  if (version === 0 && (card === null || card.stage === "made")) return "setup";
  if (card === null) return "import";
  if (card.stage !== "made") return card.stage === "prove" ? "prove" : "locked";
  return (await isListed(parts, card)) ? "locked" : "import";
}

/**
 * Keys made before a reload or a lost answer; they are made anew only if nobody can have seen them.
 * @param {{api: object, me: object, db: object}} parts @param {object|null} card @param {string} passphrase
 * @returns {Promise<{card: object, open: object}|null>}
 */
export async function unpublished(parts, card, passphrase) {
  if (card?.stage !== "made" || card.then !== "prove") return null;
  try {
    return { card, open: await unlockRing(parts.db, card, passphrase) };
  } catch (error) {
    if (codeOf(error) !== "WRONG_PASSPHRASE" || (await isListed(parts, card))) throw error;
    return null;
  }
}
