/** The key file: a payload under a passphrase (protocol.md, section 10). The vault has the same format. */

import { concat, equal, u32, u8, utf8 } from "../lib/bytes.js";
import { check, parse } from "./errors.js";
import {
  HASH_BYTES, ITERATIONS_MAX, ITERATIONS_MIN, KEYFILE_ACCOUNT, KEYFILE_CONVERSATION, KEYFILE_CT_MIN_BYTES, KEYFILE_HEADER_BYTES, KEYFILE_KDF,
  KEYFILE_MAGIC, KEYFILE_VERSION, LABEL, TAG_BYTES,
} from "./labels.js";
import { pad, padme, unpad } from "./padding.js";
import { gcmOpen, gcmSeal, kdf, pbkdf2, sha256, wipe } from "./primitives.js";

/**
 * @typedef {{kind: number, kdf: number, iterations: number, salt: Uint8Array, ctLength: number}} KeyfileHeader kind 1 account, 2 conversation
 */

/**
 *     keyfile = header 55 | commit 32 | ct
 *     +--------+------+------+-----+----------------+-------+-------+---------+------------+
 *     | "E2CK" | u8 1 | kind | kdf | iterations u32 | u32 0 | u32 0 | salt 32 | ct_len u32 |
 *     +--------+------+------+-----+----------------+-------+-------+---------+------------+
 * @param {{kind: number, passphrase: string, iterations: number, salt: Uint8Array, payload: Uint8Array}} parts salt: 32 fresh random bytes
 * @returns {Promise<Uint8Array>} @throws KEYFILE_KDF_REFUSED
 */
export async function makeKeyfile({ kind, passphrase, iterations, salt, payload }) {
  checkIterations(iterations);
  const header = encodeKeyfileHeader({ kind, iterations, salt, ctLength: padme(payload.length + 1) + TAG_BYTES });
  const { key, nonce, commit } = await keyfileKeys(await stretch(passphrase, salt, iterations), header, salt);
  const padded = pad(payload);
  const ct = await gcmSeal(key, nonce, padded, header);
  wipe(padded, key);
  return concat(header, commit, ct);
}

/**
 * In section 10's order of checks; the payload is judged by keyfile-payload.js.
 * @param {Uint8Array} file @param {string} passphrase @returns {Promise<{kind: number, payload: Uint8Array}>}
 * @throws KEYFILE_BAD_FORMAT, KEYFILE_KDF_REFUSED, KEYFILE_WRONG_PASSPHRASE, KEYFILE_DAMAGED
 */
export async function openKeyfile(file, passphrase) {
  const { kind, iterations, salt } = parseKeyfileHeader(file);
  const header = file.slice(0, KEYFILE_HEADER_BYTES);
  const body = KEYFILE_HEADER_BYTES + HASH_BYTES;
  const { key, nonce, commit } = await keyfileKeys(await stretch(passphrase, salt, iterations), header, salt);
  check(equal(commit, file.subarray(KEYFILE_HEADER_BYTES, body)), "KEYFILE_WRONG_PASSPHRASE");
  const padded = await gcmOpen(key, nonce, file.subarray(body), header, "KEYFILE_DAMAGED");
  wipe(key);
  return { kind, payload: unpad(padded, "KEYFILE_DAMAGED") };
}

/** Before anything is derived. @param {Uint8Array} file @returns {KeyfileHeader} @throws KEYFILE_BAD_FORMAT, KEYFILE_KDF_REFUSED */
export function parseKeyfileHeader(file) {
  const header = parse(file, readHeader, "KEYFILE_BAD_FORMAT");
  check(header.kdf === KEYFILE_KDF, "KEYFILE_KDF_REFUSED");
  checkIterations(header.iterations);
  return header;
}

/** @param {{kind: number, iterations: number, salt: Uint8Array, ctLength: number}} fields @returns {Uint8Array} 55 bytes */
export function encodeKeyfileHeader({ kind, iterations, salt, ctLength }) {
  return concat(KEYFILE_MAGIC, u8(KEYFILE_VERSION), u8(kind), u8(KEYFILE_KDF), u32(iterations), u32(0), u32(0), salt, u32(ctLength));
}

/**
 * m = PBKDF2-HMAC-SHA-256(NFKC passphrase, salt, iterations, 32)
 * @param {string} passphrase @param {Uint8Array} salt @param {number} iterations
 * @returns {Promise<Uint8Array>}
 */
export function stretch(passphrase, salt, iterations) {
  return pbkdf2(utf8(passphrase.normalize("NFKC")), salt, iterations);
}

function readHeader(reader) {
  reader.expect(KEYFILE_MAGIC);
  check(reader.u8() === KEYFILE_VERSION, "KEYFILE_BAD_FORMAT");
  const header = { kind: reader.u8(), kdf: reader.u8(), iterations: reader.u32() };
  check(header.kind === KEYFILE_ACCOUNT || header.kind === KEYFILE_CONVERSATION, "KEYFILE_BAD_FORMAT");
  check(reader.u32() === 0 && reader.u32() === 0, "KEYFILE_BAD_FORMAT");
  const rest = { salt: reader.take(HASH_BYTES), ctLength: reader.u32() };
  check(rest.ctLength >= KEYFILE_CT_MIN_BYTES && reader.left === HASH_BYTES + rest.ctLength, "KEYFILE_BAD_FORMAT");
  reader.take(reader.left);
  return { ...header, ...rest };
}

function checkIterations(iterations) {
  check(iterations >= ITERATIONS_MIN && iterations <= ITERATIONS_MAX, "KEYFILE_KDF_REFUSED");
}

// key||nonce||commit = KDF(m, salt, LBL "keyfile" || H(header), 76); m is wiped.
async function keyfileKeys(m, header, salt) {
  const okm = await kdf(m, salt, concat(LABEL.keyfile, await sha256(header)), 76);
  wipe(m);
  return { key: okm.slice(0, 32), nonce: okm.slice(32, 44), commit: okm.slice(44) };
}
