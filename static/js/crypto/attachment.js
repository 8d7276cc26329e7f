/** Attachments: a file under a key of its own, in chunks (protocol.md, section 9). */

import { rest } from "../lib/breath.js";
import { concat, equal, u64, u8 } from "../lib/bytes.js";
import { check } from "./errors.js";
import { BLOB_HEAD_BYTES, BLOB_MAX_BYTES, CHUNK_BYTES, LABEL, TAG_BYTES } from "./labels.js";
import { padme } from "./padding.js";
import { gcmOpen, gcmSeal, kdf, sha256 } from "./primitives.js";

const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;

/**
 *     blob = fsalt 32 | commit 32 | chunk 0 | chunk 1 | ... | last chunk, always shorter than 65536 (may be empty)
 *     chunk i = GCM(key, base XOR u96(i), chunk, LBL "fchunk" | u64 i | u8 last)
 * @param {Uint8Array} plaintext @param {Uint8Array} fk 32 fresh random bytes @param {Uint8Array} fsalt 32 fresh random bytes
 * @returns {Promise<{blob: Uint8Array, hash: Uint8Array, size: number}>} @throws FILE_TOO_LARGE
 */
export async function sealBlob(plaintext, fk, fsalt) {
  checkSize(plaintext.length);
  const keys = await fileKeys(fk, fsalt);
  const blob = new Uint8Array(blobLength(plaintext.length));
  blob.set(fsalt);
  blob.set(keys.commit, fsalt.length);
  await sealInto(blob.subarray(BLOB_HEAD_BYTES), plaintext, padme(plaintext.length), keys);
  return { blob, hash: await sha256(blob), size: plaintext.length };
}

/** @param {Uint8Array} padded @param {{key: Uint8Array, base: Uint8Array}} keys @returns {Promise<Uint8Array>} all chunks */
export async function sealChunks(padded, keys) {
  const sealed = new Uint8Array(padded.length + TAG_BYTES * chunkCount(padded.length));
  await sealInto(sealed, padded, padded.length, keys);
  return sealed;
}

/**
 * In section 9's order of checks; call `checkSize` before fetching.
 * @param {Uint8Array} blob @param {{fk: Uint8Array, size: number, hash: Uint8Array}} content of the message
 * @returns {Promise<Uint8Array>} plaintext, a part of a longer buffer @throws FILE_TOO_LARGE, FILE_HASH_MISMATCH, FILE_TRUNCATED, BAD_COMMIT, BAD_TAG, BAD_PADDING
 */
export async function openBlob(blob, { fk, size, hash }) {
  checkSize(size);
  check(equal(await sha256(blob), hash), "FILE_HASH_MISMATCH");
  const sealed = blob.length - BLOB_HEAD_BYTES;
  check(sealed >= TAG_BYTES && sealed % SEALED_CHUNK_BYTES >= TAG_BYTES, "FILE_TRUNCATED");
  const { key, base, commit } = await fileKeys(fk, blob.slice(0, 32));
  check(equal(commit, blob.subarray(32, BLOB_HEAD_BYTES)), "BAD_COMMIT");
  return unpadFile(await openChunks(blob.subarray(BLOB_HEAD_BYTES), key, base), size);
}

/** Before fetching. @param {number} size of the plaintext, from the content @throws FILE_TOO_LARGE */
export function checkSize(size) {
  check(blobLength(size) <= BLOB_MAX_BYTES, "FILE_TOO_LARGE");
}

/** @param {number} size of the plaintext @returns {number} length of its blob */
export function blobLength(size) {
  const padded = padme(size);
  return BLOB_HEAD_BYTES + padded + TAG_BYTES * chunkCount(padded);
}

/**
 * key(32)||base(12)||commit(32) = KDF(fk, fsalt, LBL "file", 76)
 * @param {Uint8Array} fk @param {Uint8Array} fsalt
 * @returns {Promise<{key: Uint8Array, base: Uint8Array, commit: Uint8Array}>}
 */
export async function fileKeys(fk, fsalt) {
  const okm = await kdf(fk, fsalt, LABEL.file, 76);
  return { key: okm.slice(0, 32), base: okm.slice(32, 44), commit: okm.slice(44) };
}

// A large file is in memory twice, not four times: zeros are put behind the last piece only.
async function sealInto(target, bytes, paddedLength, { key, base }) {
  const last = chunkCount(paddedLength) - 1;
  for (let i = 0; i <= last; i += 1) {
    const chunk = pieceOf(bytes, i * CHUNK_BYTES, Math.min((i + 1) * CHUNK_BYTES, paddedLength));
    target.set(await gcmSeal(key, nonceOf(base, i), chunk, chunkInfo(i, i === last)), i * SEALED_CHUNK_BYTES);
    await rest();
  }
}

function pieceOf(bytes, from, to) {
  if (to <= bytes.length) return bytes.subarray(from, to);
  const piece = new Uint8Array(to - from);
  piece.set(bytes.subarray(from, to));
  return piece;
}

async function openChunks(sealed, key, base) {
  const count = Math.ceil(sealed.length / SEALED_CHUNK_BYTES);
  const padded = new Uint8Array(sealed.length - count * TAG_BYTES);
  for (let i = 0; i < count; i += 1) {
    const chunk = sealed.subarray(i * SEALED_CHUNK_BYTES, (i + 1) * SEALED_CHUNK_BYTES);
    padded.set(await gcmOpen(key, nonceOf(base, i), chunk, chunkInfo(i, i === count - 1)), i * CHUNK_BYTES);
    await rest();
  }
  return padded;
}

function unpadFile(padded, size) {
  check(padded.length >= padme(size), "FILE_TRUNCATED");
  check(padded.length === padme(size) && padded.subarray(size).every((byte) => byte === 0), "BAD_PADDING");
  return padded.subarray(0, size);
}

// A multiple of 65536 gets an empty last chunk: a cut file never ends like a whole one.
function chunkCount(paddedLength) {
  return Math.floor(paddedLength / CHUNK_BYTES) + 1;
}

function chunkInfo(i, isLast) {
  return concat(LABEL.fchunk, u64(i), u8(isLast ? 1 : 0));
}

function nonceOf(base, i) {
  const counter = concat(new Uint8Array(4), u64(i)); // u96
  return base.map((byte, place) => byte ^ counter[place]);
}
