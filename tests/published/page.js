/** Published vectors through the page's own wrappers. */

import * as primitives from "/static/js/crypto/primitives.js";
import { hex, unhex } from "/static/js/lib/bytes.js";

const CALLS = {
  dh: ({ seed, pub }) => primitives.dh(unhex(seed), unhex(pub)),
  x25519_public: ({ seed }) => primitives.x25519Public(unhex(seed)),
  x25519_rounds: ({ rounds }) => x25519Rounds(Number(rounds)),
  ed25519_public: ({ seed }) => primitives.ed25519Public(unhex(seed)),
  sign: ({ seed, message }) => primitives.sign(unhex(seed), unhex(message)),
  verify: ({ pub, sig, message }) => primitives.verify(unhex(pub), unhex(sig), unhex(message)),
  gcm_seal: ({ key, nonce, text, aad }) => primitives.gcmSeal(unhex(key), unhex(nonce), unhex(text), unhex(aad)),
  gcm_open: ({ key, nonce, text, aad }) => primitives.gcmOpen(unhex(key), unhex(nonce), unhex(text), unhex(aad)),
  kdf: ({ ikm, salt, info, length }) => primitives.kdf(unhex(ikm), unhex(salt), unhex(info), Number(length)),
  mac: ({ key, data }) => primitives.mac(unhex(key), unhex(data)),
  pbkdf2: ({ password, salt, iterations }) => primitives.pbkdf2(unhex(password), unhex(salt), Number(iterations)),
};

/** @param {{call: string, in: object}[]} cases @returns {Promise<string[]>} hex, "ok" or a code for each */
export async function verdicts(cases) {
  const given = [];
  for (const one of cases) given.push(await verdict(one));
  return given;
}

async function verdict({ call, in: given }) {
  try {
    const value = await CALLS[call](given);
    return value === undefined ? "ok" : hex(value);
  } catch (error) {
    return error.name === "ProtocolError" ? error.code : `${error} ${error.stack}`;
  }
}

// RFC 7748, section 5.2: k and u change places; the top bit of u is masked, as section 5 says.
async function x25519Rounds(rounds) {
  let k = unhex(`09${"00".repeat(31)}`);
  let u = k;
  for (let i = 0; i < rounds; i += 1) {
    const masked = u.slice();
    masked[31] &= 0x7f;
    [k, u] = [await primitives.dh(k, masked), k];
  }
  return k;
}
