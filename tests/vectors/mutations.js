/** Every damaged form of one object, given to the receiving side of the page: what each is refused with. */

import { ERROR_CLASSES } from "/static/js/crypto/errors.js";
import { sha256 } from "/static/js/crypto/primitives.js";
import { concat, hex, unhex } from "/static/js/lib/bytes.js";
import { OBJECTS } from "./js_objects.js";

const EXTENSIONS = ["00", "80", "ff".repeat(16)].map(unhex);
const AT_ONCE = 64;

/**
 * The order of tests/vectors/mutations.py. `announced`: the name of a field that holds the hash of the object, which then fits.
 * @param {{object: string, given: object, field: string, announced?: string}} asked
 * @returns {Promise<string[]>} a code for each; "accepted", or what else went wrong
 */
export async function refusals({ object, given, field, announced }) {
  const restore = stretchOnce();
  try {
    const judge = async (bytes) => {
      const named = announced ? { [announced]: hex(await sha256(bytes)) } : {};
      return OBJECTS[object]({ ...given, [field]: hex(bytes), ...named });
    };
    await judge(unhex(given[field]));
    const damaged = [...mutations(unhex(given[field]))];
    const codes = [];
    for (let i = 0; i < damaged.length; i += AT_ONCE) codes.push(...(await Promise.all(damaged.slice(i, i + AT_ONCE).map((one) => codeOf(judge, one)))));
    return codes;
  } finally {
    restore();
  }
}

function* mutations(bytes) {
  for (let i = 0; i < bytes.length; i += 1) {
    const flipped = bytes.slice();
    flipped[i] ^= 1 << (i % 8);
    yield flipped;
    yield bytes.slice(0, i);
  }
  for (const extension of EXTENSIONS) yield concat(bytes, extension);
}

async function codeOf(judge, bytes) {
  try {
    await judge(bytes);
  } catch (error) {
    return ERROR_CLASSES.has(error.code) ? error.code : String(error.stack ?? error);
  }
  return "accepted";
}

// A key file's passphrase is stretched once: changed salts and iterations are judged with the right m, which is harder.
function stretchOnce() {
  const { subtle } = globalThis.crypto;
  let bits = null;
  subtle.deriveBits = async (algorithm, ...rest) => {
    if (algorithm.name !== "PBKDF2") return SubtleCrypto.prototype.deriveBits.call(subtle, algorithm, ...rest);
    bits ??= SubtleCrypto.prototype.deriveBits.call(subtle, algorithm, ...rest);
    return (await bits).slice(0);
  };
  return () => delete subtle.deriveBits;
}
