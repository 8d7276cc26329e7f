/** The keyring: everything a device keeps, sealed object by object (protocol.md, section 10). */

import { concat, equal, u64, utf8, vec } from "../lib/bytes.js";
import { check } from "./errors.js";
import { HASH_BYTES, LABEL, TAG_BYTES, Z32 } from "./labels.js";
import { stretch } from "./keyfile.js";
import { gcmOpen, gcmSeal, kdf, wipe } from "./primitives.js";

/**
 * @typedef {{kek: Uint8Array, uid: Uint8Array, did: Uint8Array, name: string, writeNo: number}} RingPlace name: of the object; writeNo only grows
 */

/**
 * KEK = KDF(PBKDF2(passphrase, device_salt, iterations, 32), Z32, LBL "kek" || uid || did, 32)
 * @param {{passphrase: string, deviceSalt: Uint8Array, iterations: number, uid: Uint8Array, did: Uint8Array}} parts
 * @returns {Promise<Uint8Array>}
 */
export async function deriveKek({ passphrase, deviceSalt, iterations, uid, did }) {
  const m = await stretch(passphrase, deviceSalt, iterations);
  const kek = await kdf(m, Z32, concat(LABEL.kek, uid, did), 32);
  wipe(m);
  return kek;
}

/**
 *     object = salt 32 | commit 32 | GCM(key, nonce, plaintext, info)
 *     info   = LBL "ring" | uid 16 | did 16 | vec(object name) | write_no u64
 * @param {Uint8Array} plaintext @param {RingPlace} place @param {Uint8Array} salt 32 fresh random bytes @returns {Promise<Uint8Array>}
 */
export async function sealObject(plaintext, place, salt) {
  const info = ringInfo(place);
  const { key, nonce, commit } = await ringKeys(place.kek, salt, info);
  const sealed = await gcmSeal(key, nonce, plaintext, info);
  wipe(key);
  return concat(salt, commit, sealed);
}

/**
 * @param {Uint8Array} object @param {RingPlace} place
 * @returns {Promise<Uint8Array>} plaintext @throws BAD_ENCODING, BAD_COMMIT, BAD_TAG
 */
export async function openObject(object, place) {
  check(object.length >= 2 * HASH_BYTES + TAG_BYTES, "BAD_ENCODING");
  const info = ringInfo(place);
  const { key, nonce, commit } = await ringKeys(place.kek, object.slice(0, HASH_BYTES), info);
  check(equal(commit, object.subarray(HASH_BYTES, 2 * HASH_BYTES)), "BAD_COMMIT");
  const plaintext = await gcmOpen(key, nonce, object.subarray(2 * HASH_BYTES), info);
  wipe(key);
  return plaintext;
}

function ringInfo({ uid, did, name, writeNo }) {
  return concat(LABEL.ring, uid, did, vec(utf8(name)), u64(writeNo));
}

async function ringKeys(kek, salt, info) {
  const okm = await kdf(kek, salt, info, 76);
  return { key: okm.slice(0, 32), nonce: okm.slice(32, 44), commit: okm.slice(44) };
}
