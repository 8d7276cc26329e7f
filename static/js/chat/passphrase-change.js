/** Another passphrase: everything that this browser keeps is sealed anew, in one transaction (protocol.md, section 10). */

import { ITERATIONS_MIN } from "../crypto/labels.js";
import { randomBytes } from "../crypto/primitives.js";
import { cardChange, vaultChange } from "../store/vault.js";
import { ringOf } from "./browser-ring.js";
import { sealAccount } from "./key-files.js";

/**
 * @param {{db: object, card: object, ring: object}} parts the chat is closed, the ring open @param {object} account AccountPayload of the vault
 * @param {string} next passphrase @returns {Promise<{card: object, open: object}>}
 */
export async function withPassphrase({ db, card, ring }, account, next) {
  const fresh = { ...card, salt: randomBytes(32), iterations: ITERATIONS_MIN };
  const open = await ringOf(db, fresh, next);
  const vault = await sealAccount(account, next);
  await ring.handOver(open.ring, [cardChange(fresh), vaultChange(vault)]);
  return { card: fresh, open };
}
