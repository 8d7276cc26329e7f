/** Attacks on files: their cryptography, names and bounds, in the modules themselves (A61 to A66). */

import { expect, refuses } from "/tests/js_chat/harness.js";
import { checkSize, openBlob, sealBlob } from "/static/js/crypto/attachment.js";
import { cleanFileName } from "/static/js/crypto/file-name.js";
import { drawableImage } from "/static/js/crypto/image-bounds.js";
import { concat, randomBytes, sha256 } from "./product.js";

const CHUNK = 65_536 + 16;

async function file(size = 140_000) {
  const fk = randomBytes(32);
  const plain = new Uint8Array(size).fill(7);
  const { blob, hash } = await sealBlob(plain, fk, randomBytes(32));
  const open = async (bytes, more = {}) => openBlob(bytes, { fk, size, hash: await sha256(bytes), ...more });
  return { fk, plain, blob, hash, size, open };
}

export async function a61() {
  const [one, other] = [await file(), await file()];
  expect((await openBlob(one.blob, one)).length, one.size, "the true one opens");
  await refuses(openBlob(other.blob, one), "FILE_HASH_MISMATCH");
  await refuses(one.open(other.blob), "BAD_COMMIT"); // even with its hash in the message
}

export async function a62() {
  const { blob, open } = await file();
  const [head, first, second, rest] = [blob.slice(0, 64), blob.slice(64, 64 + CHUNK), blob.slice(64 + CHUNK, 64 + 2 * CHUNK), blob.slice(64 + 2 * CHUNK)];
  await refuses(open(concat(head, second, first, rest)), "BAD_TAG");
  await refuses(open(concat(head, first, first, rest)), "BAD_TAG");
  await refuses(open(concat(head, first, second)), "FILE_TRUNCATED");
  await refuses(open(concat(head, first, rest)), "BAD_TAG");
  await refuses(open(blob.slice(0, -1)), "BAD_TAG");
}

export async function a63() {
  const { blob, open, hash, size } = await file();
  await refuses(open(concat(blob, Uint8Array.of(0)), { hash }), "FILE_HASH_MISMATCH");
  await refuses(open(blob, { size: 2 * size }), "FILE_TRUNCATED");
  await refuses(open(blob, { size: size / 2 }), "BAD_PADDING");
  for (const large of [2 ** 32 + 1, 2 ** 31, 104_857_601, Number.MAX_SAFE_INTEGER]) await refuses(Promise.resolve().then(() => checkSize(large)), "FILE_TOO_LARGE");
}

export async function a64() {
  const names = ["../../etc/passwd", "a\u0000.png", "photo\u202egnp.exe", "x".repeat(5_000) + ".pdf", "C:\\boot.ini", "..", ""];
  const cleaned = names.map(cleanFileName);
  expect(cleaned.filter((name) => /[/\\\u0000-\u001f\u202a-\u202e\u2066-\u2069]/.test(name) || [...name].length > 120 || !name || name.startsWith(".")), [], "harmless");
  expect([cleaned[2], cleaned[3].endsWith(".pdf")], ["photognp.exe", true], "the true extension is last");
  return cleanFileName("CON");
}

/** 50,000 by 50,000 points in the header of a PNG. */
export async function a66() {
  const png = concat(
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50, 8, 6, 0, 0, 0), randomBytes(40_000),
  );
  expect(drawableImage(png), null, "refused at once: what a decoder says would be a promise");
}
