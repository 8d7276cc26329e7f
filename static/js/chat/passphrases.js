/** What is asked of a passphrase before anything is protected by it. */

import { PASSPHRASE_BYTES, generatePassphrase, passphraseProblem } from "../crypto/passphrase.js";
import { randomBytes } from "../crypto/primitives.js";
import { ChatError } from "./codes.js";

const CODES = { "too-short": "PASSPHRASE_TOO_SHORT", "too-plain": "PASSPHRASE_TOO_PLAIN" };

/** @returns {string} five groups of four, 100 bits */
export function suggestPassphrase() {
  return generatePassphrase(randomBytes(PASSPHRASE_BYTES));
}

/** @param {string} passphrase @throws PASSPHRASE_TOO_SHORT, PASSPHRASE_TOO_PLAIN */
export function checkPassphrase(passphrase) {
  const problem = passphraseProblem(passphrase);
  if (problem) throw new ChatError(CODES[problem]);
}
