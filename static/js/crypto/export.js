/** The export of a conversation, sealed for a history key (protocol.md, section 18); it is opened by the reference only. */

import { inSlices } from "../lib/breath.js";
import { concat, toBase64Url, u32, u64, u8, utf8 } from "../lib/bytes.js";
import { sealChunks } from "./attachment.js";
import { EXPORT_ITEM, EXPORT_MAGIC, EXPORT_MESSAGE, EXPORT_RECORD, EXPORT_VERSION, LABEL, Z32 } from "./labels.js";
import { padme } from "./padding.js";
import { dh, generateX25519, kdf, wipe } from "./primitives.js";

const WRITTEN_AT_ONCE = 256; // items, a few milliseconds on a phone

/**
 * @typedef {object} Archive
 * @property {Uint8Array} cid @property {Uint8Array[]} uids uid_lo, uid_hi @property {string[]} names of both @property {string} origin
 * @property {Uint8Array} lgPub @property {number} madeMs @property {Uint8Array[]} leaves the whole log @property {Uint8Array} head of the log
 * @property {Uint8Array} headSig @property {Uint8Array[]} bundles all versions of both
 * @property {{seq: number, isRecord: boolean, uid: Uint8Array, did: Uint8Array, atMs: number, blob: Uint8Array}[]} events
 */

/**
 *     item = u8 type | vec(body)          1 about, 2 leaf, 3 head, 4 bundle, 5 event; u8 0 ends them
 *     event = u64 seq | u8 kind | uid 16 | did 16 | u64 at_ms | blob
 * @param {Archive} archive @returns {Promise<Uint8Array>}
 */
export async function encodeArchive(archive) {
  const { about, leaf, head, bundle, event, end } = EXPORT_ITEM;
  const parts = [];
  const add = (type, ...body) => parts.push(u8(type), u32(body.reduce((sum, { length }) => sum + length, 0)), ...body);
  add(about, utf8(JSON.stringify(aboutOf(archive))));
  await inSlices(archive.leaves, WRITTEN_AT_ONCE, (leaves) => leaves.forEach((one) => add(leaf, one)));
  add(head, archive.head, archive.headSig);
  archive.bundles.forEach((one) => add(bundle, one));
  await inSlices(archive.events, WRITTEN_AT_ONCE, (events) => events.forEach((one) => add(event, eventHead(one), one.blob)));
  parts.push(u8(end));
  return joined(parts);
}

/**
 *     export = "E2CX" | u8 1 | E_pub 32 | commit 32 | chunks of section 9
 *     key(32)||base(12)||commit(32) = KDF(DH(E, HK), Z32, LBL "export" || E_pub || HK_pub, 76)
 * @param {Uint8Array} items @param {Uint8Array} hkPub @returns {Promise<Uint8Array>}
 */
export async function sealArchive(items, hkPub) {
  const { seed, pub } = await generateX25519();
  const shared = await dh(seed, hkPub);
  const okm = await kdf(shared, Z32, concat(LABEL.export, pub, hkPub), 76);
  const padded = new Uint8Array(padme(items.length));
  padded.set(items);
  const chunks = await sealChunks(padded, { key: okm.slice(0, 32), base: okm.slice(32, 44) });
  wipe(seed, shared);
  return concat(EXPORT_MAGIC, u8(EXPORT_VERSION), pub, okm.slice(44), chunks);
}

async function joined(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  await inSlices(parts, WRITTEN_AT_ONCE, (slice) => slice.forEach((part) => {
    bytes.set(part, at);
    at += part.length;
  }));
  return bytes;
}

function aboutOf({ cid, uids, names, origin, lgPub, madeMs }) {
  return { v: 1, cid: toBase64Url(cid), uids: uids.map(toBase64Url), names, origin, lg_pub: toBase64Url(lgPub), made: madeMs };
}

function eventHead({ seq, isRecord, uid, did, atMs }) {
  return concat(u64(seq), u8(isRecord ? EXPORT_RECORD : EXPORT_MESSAGE), uid, did, u64(atMs));
}
