/** Envelopes: one message, sealed once, the same bytes for every member (protocol.md, section 7). */

import { inSlices, rest } from "../lib/breath.js";
import { concat, equal, hex, u32, u8 } from "../lib/bytes.js";
import { keyAt, startChain } from "./chain.js";
import { parseContent } from "./content.js";
import { ProtocolError, check, parse } from "./errors.js";
import {
  CONTENT_MAX_BYTES, COUNTER_LIMIT, ENVELOPE_KIND, ENVELOPE_MAX_BYTES, ENVELOPE_MIN_BYTES, ENVELOPE_VERSION, HASH_BYTES, HEADER_BYTES,
  ID_BYTES, LABEL, SUITE,
} from "./labels.js";
import { pad, unpad } from "./padding.js";
import { gcmOpen, gcmSeal, kdf, sha256, wipe } from "./primitives.js";

const TH_BYTES = 8; // of TH_e in the header
const OPENED_AT_ONCE = 8; // side by side; between two slices the page may breathe

/** @typedef {{version: number, suite: number, kind: number, cid: Uint8Array, epoch: number, th: Uint8Array, uid: Uint8Array,
 *   did: Uint8Array, counter: number, salt: Uint8Array}} Header th: its first 8 bytes */
/**
 * @typedef {object} Opened
 * @property {Header} header @property {Uint8Array} mid @property {object} content @property {boolean} supported false: unknown "t"
 * @property {object} chain Chain, the new one: store it with the message @property {number} gap counters skipped: COUNTER_GAP if > 0
 */
/**
 * What the receiver knows. `epoch`: EpochKeys of header.epoch or null; `chain`: of that sender in that epoch, null before its
 * first message; `seenMid`: mid of the message that this chain already had under header.counter, or null.
 * @typedef {{cid: Uint8Array, sender: {uid: Uint8Array, did: Uint8Array}, epoch: object|null, chain: object|null,
 *   seenMid: Uint8Array|null, nowMs: number}} OpenContext
 */

/**
 *     header, 99 bytes
 *     +------+-------+--------+--------+-----------+--------------+--------+--------+-------------+---------+
 *     | u8 1 | suite | kind 1 | cid 16 | epoch u32 | TH_e[0..8] 8 | uid 16 | did 16 | counter u32 | salt 32 |
 *     +------+-------+--------+--------+-----------+--------------+--------+--------+-------------+---------+
 * @param {{cid: Uint8Array, epoch: number, th: Uint8Array, uid: Uint8Array, did: Uint8Array, counter: number, salt: Uint8Array}} fields @returns {Uint8Array}
 */
export function encodeHeader({ cid, epoch, th, uid, did, counter, salt }) {
  return concat(
    u8(ENVELOPE_VERSION), u8(SUITE), u8(ENVELOPE_KIND), cid, u32(epoch), th.subarray(0, TH_BYTES), uid, did, u32(counter), salt,
  );
}

/** For looking up epoch, chain and seenMid. @param {Uint8Array} envelope @returns {Header} @throws BAD_ENCODING, BAD_VERSION, BAD_SUITE */
export function parseHeader(envelope) {
  check(envelope.length >= ENVELOPE_MIN_BYTES && envelope.length <= ENVELOPE_MAX_BYTES, "BAD_ENCODING");
  const header = parse(envelope.subarray(0, HEADER_BYTES), (reader) => ({
    version: reader.u8(), suite: reader.u8(), kind: reader.u8(), cid: reader.take(ID_BYTES), epoch: reader.u32(),
    th: reader.take(TH_BYTES), uid: reader.take(ID_BYTES), did: reader.take(ID_BYTES), counter: reader.u32(), salt: reader.take(HASH_BYTES),
  }));
  check(header.version === ENVELOPE_VERSION && header.kind === ENVELOPE_KIND, "BAD_VERSION");
  check(header.suite === SUITE, "BAD_SUITE");
  return header;
}

/**
 *     envelope = header 99 | commit 32 | GCM(key, nonce, padded, header | commit)
 * @param {Uint8Array} content encoded, at most 64 KiB @param {{cid: Uint8Array, epoch: object, chain: object, salt: Uint8Array}} context
 *   epoch: EpochKeys; chain: the own one; salt: 32 fresh random bytes
 * @returns {Promise<{envelope: Uint8Array, mid: Uint8Array, counter: number, chain: object}>} store chain and envelope, then post
 */
export async function sealEnvelope(content, { cid, epoch, chain, salt }) {
  check(content.length <= CONTENT_MAX_BYTES, "BAD_CONTENT");
  check(chain.next < COUNTER_LIMIT, "COUNTER_TOO_FAR");
  const counter = chain.next;
  const { msk, chain: after } = await keyAt(chain, counter, 0);
  const header = encodeHeader({ cid, epoch: epoch.epoch, th: epoch.th, uid: chain.uid, did: chain.did, counter, salt });
  const { key, nonce, commit } = await messageKeys(msk, header, salt);
  const sealed = await gcmSeal(key, nonce, pad(content), concat(header, commit));
  wipe(msk, key);
  const envelope = concat(header, commit, sealed);
  return { envelope, mid: await messageId(envelope), counter, chain: after };
}

/** In section 7's order of checks. @param {Uint8Array} envelope @param {OpenContext} context @returns {Promise<Opened>} */
export async function openEnvelope(envelope, context) {
  const header = parseHeader(envelope);
  checkHeader(header, context);
  await checkSeen(envelope, context);
  const chain = context.chain ?? startChain(context.epoch, header);
  const { msk, chain: after, gap } = await keyAt(chain, header.counter, context.nowMs);
  return { ...(await openBody(envelope, header, msk)), chain: after, gap };
}

/**
 * Many envelopes at once, in the order of the server: keys are stepped one after another, the rest runs side by side.
 * If one of them fails, all are opened again one by one, since later keys depend on which ones count.
 * @param {{envelope: Uint8Array, sender: {uid: Uint8Array, did: Uint8Array}, seenMid: Uint8Array|null}[]} items
 * @param {{cid: Uint8Array, epochs: Map<number, object>, chains: Map<string, object>, nowMs: number}} known chains by `chainKey`
 * @returns {Promise<{results: ({opened: Opened}|{error: ProtocolError})[], chains: Map<string, object>}>} chains: a new map
 */
export async function openEnvelopes(items, known) {
  try {
    return await openAll(items, known);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return openEach(items, known);
  }
}

/** @param {number} epoch @param {Uint8Array} did @returns {string} */
export function chainKey(epoch, did) {
  return `${epoch}/${hex(did)}`;
}

/** mid = H(LBL "mid" || envelope)[0..16] @param {Uint8Array} envelope @returns {Promise<Uint8Array>} */
export async function messageId(envelope) {
  return (await sha256(LABEL.mid, envelope)).slice(0, ID_BYTES);
}

/**
 * key(32) || nonce(12) || commit(32) = KDF(MSK, salt, LBL "mk" || H(header), 76)
 * @param {Uint8Array} msk @param {Uint8Array} header @param {Uint8Array} salt
 * @returns {Promise<{key: Uint8Array, nonce: Uint8Array, commit: Uint8Array}>}
 */
export async function messageKeys(msk, header, salt) {
  const okm = await kdf(msk, salt, concat(LABEL.mk, await sha256(header)), 76);
  return { key: okm.slice(0, 32), nonce: okm.slice(32, 44), commit: okm.slice(44) };
}

function checkHeader(header, { cid, sender, epoch }) {
  check(equal(header.cid, cid), "WRONG_CONVERSATION");
  check(equal(header.uid, sender.uid) && equal(header.did, sender.did), "SENDER_MISMATCH");
  check(Boolean(epoch) && epoch.epoch === header.epoch, "NO_EPOCH_KEY");
  check(equal(header.th, epoch.th.subarray(0, TH_BYTES)), "EPOCH_FORK");
  const isMember = epoch.members.some(({ uid, did }) => equal(uid, header.uid) && equal(did, header.did));
  check(isMember, "DEVICE_NOT_IN_EPOCH");
}

async function checkSeen(envelope, { seenMid }) {
  if (!seenMid) return;
  throw new ProtocolError(equal(await messageId(envelope), seenMid) ? "DUPLICATE" : "COUNTER_REUSE");
}

async function openBody(envelope, header, msk) {
  const headerBytes = envelope.subarray(0, HEADER_BYTES);
  const body = envelope.subarray(HEADER_BYTES + HASH_BYTES);
  const [{ key, nonce, commit }, mid] = await Promise.all([messageKeys(msk, headerBytes, header.salt), messageId(envelope)]);
  check(equal(commit, envelope.subarray(HEADER_BYTES, HEADER_BYTES + HASH_BYTES)), "BAD_COMMIT");
  const padded = await gcmOpen(key, nonce, body, concat(headerBytes, commit));
  wipe(key);
  return { header, mid, ...parseContent(unpad(padded)) };
}

async function openAll(items, { cid, epochs, chains, nowMs }) {
  const heads = new Map(chains);
  const started = [];
  for (const { envelope, sender, seenMid } of items) {
    const header = parseHeader(envelope);
    const context = { cid, sender, epoch: epochs.get(header.epoch) ?? null, seenMid };
    checkHeader(header, context);
    await checkSeen(envelope, context);
    const key = chainKey(header.epoch, header.did);
    const stepped = await keyAt(heads.get(key) ?? startChain(context.epoch, header), header.counter, nowMs);
    heads.set(key, stepped.chain);
    started.push({ envelope, header, ...stepped });
    await rest();
  }
  const results = [];
  await inSlices(started, OPENED_AT_ONCE, async (slice) => {
    const bodies = await Promise.all(slice.map(({ envelope, header, msk }) => openBody(envelope, header, msk)));
    bodies.forEach((body, i) => results.push({ opened: { ...body, chain: slice[i].chain, gap: slice[i].gap } }));
  });
  return { results, chains: heads };
}

async function openEach(items, { cid, epochs, chains, nowMs }) {
  const heads = new Map(chains);
  const mids = new Map(); // a counter may come twice in one batch
  const results = [];
  for (const { envelope, sender, seenMid } of items) {
    try {
      const { epoch, did, counter } = parseHeader(envelope);
      const key = chainKey(epoch, did);
      const seen = seenMid ?? mids.get(`${key}/${counter}`) ?? null;
      const context = { cid, sender, epoch: epochs.get(epoch) ?? null, chain: heads.get(key) ?? null, seenMid: seen, nowMs };
      const opened = await openEnvelope(envelope, context);
      heads.set(key, opened.chain);
      mids.set(`${key}/${counter}`, opened.mid);
      results.push({ opened });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      results.push({ error });
    }
    await rest();
  }
  return { results, chains: heads };
}
