/** A rough, honest measure of a passphrase: variety times length; repetition and runs count once. */

const CLASSES = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u];
const SIZES = [26, 26, 10, 30];
const BITS_PER_STEP = [45, 62, 82];

/** Signs that do not repeat or continue the one before. */
function surprising(signs) {
  return signs.filter((sign, at) => {
    const step = at ? Math.abs(sign.codePointAt(0) - signs[at - 1].codePointAt(0)) : 9;
    return step > 1;
  });
}

/** @param {string} text  @param {number} least  @returns {number} 0 to 4; 0 and 1 are too little */
export function strength(text, least) {
  const signs = [...text.normalize("NFKC")];
  if (!signs.length) return 0;
  const alphabet = CLASSES.reduce((sum, one, at) => sum + (one.test(text) ? SIZES[at] : 0), 0);
  const fresh = surprising(signs);
  const variety = new Set(fresh).size;
  const bits = Math.min(fresh.length, variety * 2) * Math.log2(Math.max(2, alphabet)) * 0.75;
  if (signs.length < least) return 1;
  return 1 + BITS_PER_STEP.filter((step) => bits >= step).length;
}
