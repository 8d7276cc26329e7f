/** Vectors of the small formats. */

import { fileKeys, blobLength, openBlob, sealBlob } from "/static/js/crypto/attachment.js";
import { openKeyfile, makeKeyfile, stretch } from "/static/js/crypto/keyfile.js";
import { LBL } from "/static/js/crypto/labels.js";
import { padme } from "/static/js/crypto/padding.js";
import { ed25519Public, kdf, sha256, verify } from "/static/js/crypto/primitives.js";
import { isSameCode, safetyNumber } from "/static/js/crypto/safety-number.js";
import { encodeSession, signSession } from "/static/js/crypto/session.js";
import { fromUtf8, unhex, utf8 } from "/static/js/lib/bytes.js";
import { same } from "./js_compare.js";

export function judgePadme(given, out) {
  same("padded", padme(given.len), out.padded);
}

export function judgeLabel(given, out) {
  same("label", LBL(given.s), out.label);
}

export async function judgeKdf(given, out) {
  same("okm", await kdf(unhex(given.ikm), unhex(given.salt), unhex(given.info), given.len), out.okm);
}

export async function judgeAttachment(given, out) {
  const [fk, fsalt, plaintext] = [unhex(given.fk), unhex(given.fsalt), patternBytes(given.plaintext)];
  same("keys", await fileKeys(fk, fsalt), { key: out.key, base: out.base, commit: out.commit });
  same("padded_len", padme(plaintext.length), out.padded_len);
  const { blob, hash, size } = await sealBlob(plaintext, fk, fsalt);
  same("blob_len", [blob.length, blobLength(plaintext.length)], [out.blob_len, out.blob_len]);
  same("hash", hash, out.blob_sha256);
  same("head and tail", [blob.slice(0, 64), blob.slice(-32)], [out.blob_head, out.blob_tail]);
  const opened = await openBlob(blob, { fk, size, hash });
  same("plaintext", await sha256(opened), await sha256(plaintext));
}

export function patternBytes({ length, pattern }) {
  if (pattern === "zero") return new Uint8Array(length);
  if (pattern === "mod251") return Uint8Array.from({ length }, (_, i) => i % 251);
  throw new Error(`unknown pattern ${pattern}`);
}

export async function judgeKeyfile(given, out) {
  const salt = unhex(given.salt);
  same("m", await stretch(given.passphrase, salt, given.iterations), out.m);
  const file = await makeKeyfile({ ...given, salt, payload: utf8(given.payload) });
  same("file", file, out.file);
  same("parts", [file.slice(0, 55), file.slice(55, 87), await sha256(file)], [out.header, out.commit, out.file_sha256]);
  const opened = await openKeyfile(file, given.passphrase);
  same("payload", [opened.kind, fromUtf8(opened.payload)], [given.kind, given.payload]);
}

export async function judgeSafety(given, out) {
  const people = given.users.map(({ uid, name, root_pub: rootPub }) => ({ uid: unhex(uid), name, rootPub: unhex(rootPub) }));
  const number = await safetyNumber(people[0], people[1]);
  same("number", number, { fingerprints: out.fingerprints, digits: out.digits, qr: out.qr });
  same("other side", await safetyNumber(people[1], people[0]), number);
  same("scan", [isSameCode(unhex(out.qr), number.qr), isSameCode(number.qr.slice(1), number.qr)], [true, false]);
}

export async function judgeSession(given, out) {
  const claim = { origin: given.origin, nonce: unhex(given.nonce), uid: unhex(given.uid), did: unhex(given.did) };
  const seed = unhex(given.ds_seed);
  const sig = await signSession(claim, seed);
  same("session", [await ed25519Public(seed), encodeSession(claim), sig], [out.ds_pub, out.signed, out.sig]);
  await verify(unhex(out.ds_pub), sig, unhex(out.signed));
}
