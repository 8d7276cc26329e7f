/** Passphrases: one made here, and what is asked of one that was typed. */

const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"; // 32 letters: no l, o, 0, 1
const GROUPS = 5;
const GROUP_CHARS = 4;
export const PASSPHRASE_BYTES = GROUPS * GROUP_CHARS; // of randomness to give
export const TYPED_MIN_CHARS = 16;
const TYPED_MIN_DISTINCT = 8;

/**
 * Five groups of four: 20 x 5 = 100 bits; 256 is a multiple of 32, so no letter is likelier.
 * @param {Uint8Array} random 20 bytes
 * @returns {string}
 */
export function generatePassphrase(random) {
  if (random.length !== PASSPHRASE_BYTES) throw new RangeError("20 random bytes make a passphrase");
  const letters = Array.from(random, (byte) => ALPHABET[byte % ALPHABET.length]);
  const groups = Array.from({ length: GROUPS }, (_, i) => letters.slice(GROUP_CHARS * i, GROUP_CHARS * (i + 1)).join(""));
  return groups.join("-");
}

/** @param {string} typed @returns {null|"too-short"|"too-plain"} null: may be used */
export function passphraseProblem(typed) {
  const letters = [...typed.normalize("NFKC").trim()];
  if (letters.length < TYPED_MIN_CHARS) return "too-short";
  return new Set(letters).size < TYPED_MIN_DISTINCT ? "too-plain" : null;
}
