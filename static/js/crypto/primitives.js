/**
 * The only file that touches crypto.subtle and getRandomValues (protocol.md, section 1).
 *
 * Private keys come in as 32 raw bytes and become non-extractable CryptoKeys in here. The import is remembered as long as
 * the very array lives, so a chain of DHs imports once; hence an array that was given to this file must not change, except
 * through `wipe`.
 */

import { concat, equal, fromBase64Url, unhex } from "../lib/bytes.js";
import { ProtocolError, check } from "./errors.js";
import { KEY_BYTES, Z32 } from "./labels.js";
import { checkEd25519Public, checkSignature, checkX25519Public, isOnCurve } from "./points.js";

const subtle = globalThis.crypto.subtle;
const PKCS8_X25519 = unhex("302e020100300506032b656e04220420");
const PKCS8_ED25519 = unhex("302e020100300506032b657004220420");
const X25519_BASE = Uint8Array.of(9, ...new Uint8Array(31));
const MEMORIES = [];

/** @typedef {{seed: Uint8Array, pub: Uint8Array}} KeyPair 32 bytes each */

/** @param {number} length in bytes @returns {Uint8Array} */
export function randomBytes(length) {
  return globalThis.crypto.getRandomValues(new Uint8Array(length));
}

/** H(parts[0] || parts[1] || ...) @param {...Uint8Array} parts @returns {Promise<Uint8Array>} 32 bytes */
export async function sha256(...parts) {
  return new Uint8Array(await subtle.digest("SHA-256", parts.length === 1 ? parts[0] : concat(...parts)));
}

/**
 * H(prefix || part) of each part. It knows nothing of what stands around it, for workers have only its text (digests.js). Equally long parts are
 * written into the same bytes, one after another.
 * @param {{prefix: Uint8Array, bytes: Uint8Array, starts: number[]|Uint32Array, gap: number}} parts @param {() => any} [pause] after each few
 * @returns {Promise<Uint8Array>} 32 bytes each
 */
export async function digestEach({ prefix, bytes, starts, gap }, pause) {
  const [atOnce, hashBytes, count] = [256, 32, starts.length]; // 256: a millisecond, a few on a phone
  const hashes = new Uint8Array(hashBytes * count);
  let input = new Uint8Array(0);
  for (let from = 0; from < count; from += atOnce) {
    const begun = [];
    for (let i = from; i < Math.min(count, from + atOnce); i += 1) {
      const end = i + 1 < count ? starts[i + 1] - gap : bytes.length;
      const length = prefix.length + end - starts[i];
      if (input.length !== length) (input = new Uint8Array(length)).set(prefix);
      input.set(bytes.subarray(starts[i], end), prefix.length);
      begun.push(globalThis.crypto.subtle.digest("SHA-256", input));
    }
    (await Promise.all(begun)).forEach((hash, nth) => hashes.set(new Uint8Array(hash), hashBytes * (from + nth)));
    await pause?.();
  }
  return hashes;
}

/** MAC(k, parts[0] || ...) @param {Uint8Array} key @param {...Uint8Array} parts @returns {Promise<Uint8Array>} 32 bytes */
export async function mac(key, ...parts) {
  return new Uint8Array(await subtle.sign("HMAC", await hmacKey(key), concat(...parts)));
}

/** KDF(ikm, salt, info, L) @param {Uint8Array} ikm @param {Uint8Array} salt @param {Uint8Array} info @param {number} length in bytes */
export async function kdf(ikm, salt, info, length) {
  const algorithm = { name: "HKDF", hash: "SHA-256", salt, info };
  return new Uint8Array(await subtle.deriveBits(algorithm, await hkdfKey(ikm), 8 * length));
}

/**
 * PBKDF2-HMAC-SHA-256
 * @param {Uint8Array} password @param {Uint8Array} salt @param {number} iterations
 * @returns {Promise<Uint8Array>} 32 bytes
 */
export async function pbkdf2(password, salt, iterations) {
  const key = await subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  return new Uint8Array(await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, key, 256));
}

/**
 * GCM(k, n, pt, aad)
 * @param {Uint8Array} key @param {Uint8Array} nonce 12 bytes @param {Uint8Array} plaintext @param {Uint8Array} aad
 * @returns {Promise<Uint8Array>}
 */
export async function gcmSeal(key, nonce, plaintext, aad) {
  return new Uint8Array(await subtle.encrypt(gcm(nonce, aad), await aesKey(key), plaintext));
}

/**
 * @param {Uint8Array} key @param {Uint8Array} nonce @param {Uint8Array} ciphertext @param {Uint8Array} aad
 * @param {string} [code] of the refusal
 * @returns {Promise<Uint8Array>}
 */
export async function gcmOpen(key, nonce, ciphertext, aad, code = "BAD_TAG") {
  const imported = await aesKey(key);
  try {
    return new Uint8Array(await subtle.decrypt(gcm(nonce, aad), imported, ciphertext));
  } catch {
    throw new ProtocolError(code);
  }
}

/** DH(a, B) @param {Uint8Array} seed own private key @param {Uint8Array} pub @returns {Promise<Uint8Array>} 32 bytes @throws BAD_KEY */
export async function dh(seed, pub) {
  checkX25519Public(pub);
  const [own, theirs] = await Promise.all([x25519Private(seed), x25519PublicKey(pub)]);
  const shared = await agree(own, theirs);
  check(!equal(shared, Z32), "BAD_KEY");
  return shared;
}

/** @param {Uint8Array} seed @returns {Promise<Uint8Array>} its X25519 public key */
export const x25519Public = remembered(async (seed) => agree(await x25519Private(seed), await x25519PublicKey(X25519_BASE)));

/** @returns {Promise<KeyPair>} X25519 */
export function generateX25519() {
  return generate(x25519Public);
}

/** @param {Uint8Array} seed @returns {Promise<Uint8Array>} its Ed25519 public key */
export const ed25519Public = remembered(async (seed) => {
  // Only an extractable key tells its public half; this one is dropped at once.
  const key = await subtle.importKey("pkcs8", concat(PKCS8_ED25519, seed), "Ed25519", true, ["sign"]);
  return fromBase64Url((await subtle.exportKey("jwk", key)).x);
});

/** @returns {Promise<KeyPair>} Ed25519 */
export function generateEd25519() {
  return generate(ed25519Public);
}

/** SIG(k, m) @param {Uint8Array} seed @param {Uint8Array} message @returns {Promise<Uint8Array>} 64 bytes */
export async function sign(seed, message) {
  return new Uint8Array(await subtle.sign("Ed25519", await ed25519Private(seed), message));
}

/** @param {Uint8Array} pub @param {Uint8Array} sig @param {Uint8Array} message @throws BAD_KEY for the key, BAD_SIG for the rest */
export async function verify(pub, sig, message) {
  checkEd25519Public(pub);
  checkSignature(sig);
  check(await isValid(pub, sig, message), "BAD_SIG");
}

/** Overwrites secrets and forgets their imported keys. @param {...(Uint8Array|null)} secrets */
export function wipe(...secrets) {
  for (const secret of secrets) {
    if (!secret) continue;
    for (const memory of MEMORIES) memory.delete(secret);
    secret.fill(0);
  }
}

const hmacKey = remembered((key) => subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]));
const hkdfKey = remembered((ikm) => subtle.importKey("raw", ikm, "HKDF", false, ["deriveBits"]));
const aesKey = remembered((key) => subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]));
const x25519Private = remembered((seed) => subtle.importKey("pkcs8", concat(PKCS8_X25519, withFirstByte(seed)), "X25519", false, ["deriveBits"]));
const x25519PublicKey = remembered((pub) => subtle.importKey("raw", pub, "X25519", false, []));
const ed25519Private = remembered((seed) => subtle.importKey("pkcs8", concat(PKCS8_ED25519, seed), "Ed25519", false, ["sign"]));
const ed25519PublicKey = remembered(async (pub) => {
  check(isOnCurve(pub), "BAD_SIG");
  return subtle.importKey("raw", pub, "Ed25519", false, ["verify"]);
});

// One import per array, kept no longer than the array itself.
function remembered(work) {
  const memory = new WeakMap();
  MEMORIES.push(memory);
  return (bytes) => {
    if (!memory.has(bytes)) memory.set(bytes, work(bytes));
    return memory.get(bytes);
  };
}

function gcm(nonce, aad) {
  return { name: "AES-GCM", iv: nonce, additionalData: aad, tagLength: 128 };
}

// Engines refuse an all-zero result on their own, with an error of their own.
async function agree(own, theirs) {
  try {
    return new Uint8Array(await subtle.deriveBits({ name: "X25519", public: theirs }, own, 256));
  } catch {
    throw new ProtocolError("BAD_KEY");
  }
}

// WebKitGTK refuses a private key that begins with a zero byte; X25519 clears the three lowest bits of that byte, so this is the same key.
function withFirstByte(seed) {
  const scalar = seed.slice();
  if (scalar[0] === 0) scalar[0] = 1;
  return scalar;
}

// Ed25519 has no such way out: no key begins with a zero byte (protocol.md, section 1), and every engine can import what any of them made.
async function generate(publicOf) {
  const seed = randomBytes(KEY_BYTES);
  return seed[0] === 0 ? generate(publicOf) : { seed, pub: await publicOf(seed) };
}

// Under a point that is not on the curve no signature is valid.
async function isValid(pub, sig, message) {
  try {
    return await subtle.verify("Ed25519", await ed25519PublicKey(pub), sig, message);
  } catch {
    return false;
  }
}
