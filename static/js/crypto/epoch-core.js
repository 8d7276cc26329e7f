/** The bytes of an epoch record, both ways, and what they alone show to be wrong (protocol.md, section 6). */

import { compare, concat, equal, hex, u32, u64, u8, vec } from "../lib/bytes.js";
import { check, parse } from "./errors.js";
import {
  HASH_BYTES, ID_BYTES, KEY_BYTES, LABEL, MEMBERS_MAX, MODE_EPHEMERAL, MODE_HISTORY, NEXT, RESTART, START, WRAP_BYTES, Z32,
} from "./labels.js";
import { sha256 } from "./primitives.js";

/** @typedef {{uid: Uint8Array, version: number, bundleHash: Uint8Array}} Reference to a bundle */
/** @typedef {{uid: Uint8Array, did: Uint8Array, leafPub: Uint8Array, spkId: number, opkId: number}} Entry one member */
/** @typedef {{did: Uint8Array, nextCounter: number}} Final */
/**
 * @typedef {object} Core
 * @property {number} suite @property {Uint8Array} cid @property {Uint8Array} uidLo @property {Uint8Array} uidHi
 * @property {number} epoch @property {number} kind START, NEXT, RESTART @property {number} mode 0 history, 1 ephemeral
 * @property {number} timerS @property {Uint8Array} thPrev @property {Uint8Array} sUid @property {Uint8Array} sDid
 * @property {Uint8Array} ePub @property {Uint8Array} newleafPub @property {Reference[]} references lo, hi
 * @property {number} logSize @property {Uint8Array} logRoot @property {Entry[]} members @property {Final[]} finals
 */
/**
 * @typedef {object} EpochRecord
 * @property {Uint8Array} bytes @property {Uint8Array} hash H(record), to tell a duplicate
 * @property {Core} core @property {Uint8Array} coreHash @property {Uint8Array[]} wraps @property {Uint8Array[]} hwraps
 * @property {Uint8Array} hwrapsHash @property {Uint8Array} confirm @property {Uint8Array} th TH_e
 */

/**
 *     core
 *     +-----------------+-------+--------+-----------+-----------+-----------+------+------+-------------+
 *     | LBL "epoch-rec" | suite | cid 16 | uid_lo 16 | uid_hi 16 | epoch u32 | kind | mode | timer_s u32 |
 *     +---------+-------+--+----+-----+--+------+----+--------+--+-----------+------+------+-------------+
 *     | TH_prev | s_uid 16 | s_did 16 | E_pub   | newleaf_pub | 2 x ( uid | version u32 | bundle_hash )  |  uid_lo, uid_hi
 *     +---------+----+-----+----+-----+---------+-------------+------------------------------------------+
 *     | log_size u64 | log_root | n u8 | n x ( uid | did | leaf_pub | spk_id u32 | opk_id u32 )           |  by uid, did
 *     +--------------+----------+------+-----------------------------------------------------------------+
 *     | m u8 | m x ( did | next_counter u32 )                                                            |  by did
 *     +------+-------------------------------------------------------------------------------------------+
 * @param {Core} core members and finals in any order @returns {Uint8Array}
 */
export function encodeCore(core) {
  const members = sortEntries(core.members);
  const finals = [...core.finals].sort((a, b) => compare(a.did, b.did));
  return concat(
    LABEL.epochRec, u8(core.suite), core.cid, core.uidLo, core.uidHi, u32(core.epoch), u8(core.kind), u8(core.mode),
    u32(core.timerS), core.thPrev, core.sUid, core.sDid, core.ePub, core.newleafPub,
    ...core.references.flatMap((one) => [one.uid, u32(one.version), one.bundleHash]),
    u64(core.logSize), core.logRoot,
    u8(members.length), ...members.flatMap((one) => [one.uid, one.did, one.leafPub, u32(one.spkId), u32(one.opkId)]),
    u8(finals.length), ...finals.flatMap((one) => [one.did, u32(one.nextCounter)]),
  );
}

/** By uid, then did. @template {{uid: Uint8Array, did: Uint8Array}} T @param {T[]} entries @returns {T[]} a new array */
export function sortEntries(entries) {
  return [...entries].sort(compareEntries);
}

/**
 *     record = vec(core) | vec(wraps) | vec(hwraps) | confirm 32
 * @param {{core: Uint8Array, wraps: Uint8Array, hwraps: Uint8Array, confirm: Uint8Array}} parts @returns {Uint8Array}
 */
export function encodeRecord({ core, wraps, hwraps, confirm }) {
  return concat(vec(core), vec(wraps), vec(hwraps), confirm);
}

/** Step 1 without the suite. @param {Uint8Array} bytes @returns {Promise<EpochRecord>} @throws BAD_ENCODING */
export async function parseRecord(bytes) {
  const { coreBytes, wraps, hwraps, confirm } = parse(bytes, (reader) => ({
    coreBytes: reader.vec(), wraps: reader.vec(), hwraps: reader.vec(), confirm: reader.take(HASH_BYTES),
  }));
  const core = parseCore(coreBytes);
  check(wraps.length === WRAP_BYTES * othersOf(core).length, "BAD_ENCODING");
  check(hwraps.length === WRAP_BYTES * historyUidsOf(core).length, "BAD_ENCODING");
  const [hash, coreHash, hwrapsHash] = await Promise.all([sha256(bytes), sha256(coreBytes), sha256(hwraps)]);
  const th = await transcriptHash(core.thPrev, coreHash, wraps);
  return { bytes, hash, core, coreHash, wraps: split(wraps), hwraps: split(hwraps), hwrapsHash, confirm, th };
}

/** @param {Uint8Array} bytes @returns {Core} @throws BAD_ENCODING */
export function parseCore(bytes) {
  const core = parse(bytes, readCore);
  check(isSound(core) && hasSoundEntries(core) && hasSoundFinals(core), "BAD_ENCODING");
  return core;
}

/**
 * TH_e = H( LBL "th" || TH_prev || core_hash || H(wraps) )
 * @param {Uint8Array} thPrev @param {Uint8Array} coreHash @param {Uint8Array} wraps
 * @returns {Promise<Uint8Array>}
 */
export async function transcriptHash(thPrev, coreHash, wraps) {
  return sha256(LABEL.th, thPrev, coreHash, await sha256(wraps));
}

/** The members that get a wrap, in the order of the wraps. @param {Core} core @returns {Entry[]} */
export function othersOf(core) {
  return core.members.filter((entry) => !isSender(entry, core));
}

/** The distinct uids that get a history wrap, in order; none in mode 1. @param {Core} core @returns {Uint8Array[]} */
export function historyUidsOf(core) {
  if (core.mode !== MODE_HISTORY) return [];
  return equal(core.uidLo, core.uidHi) ? [core.uidLo] : [core.uidLo, core.uidHi];
}

/** @param {Core} core @param {Uint8Array} uid @param {Uint8Array} did @returns {Entry|undefined} */
export function entryOf(core, uid, did) {
  return core.members.find((entry) => equal(entry.did, did) && equal(entry.uid, uid));
}

function readCore(reader) {
  reader.expect(LABEL.epochRec);
  return {
    suite: reader.u8(), cid: reader.take(ID_BYTES), uidLo: reader.take(ID_BYTES), uidHi: reader.take(ID_BYTES),
    epoch: reader.u32(), kind: reader.u8(), mode: reader.u8(), timerS: reader.u32(), thPrev: reader.take(HASH_BYTES),
    sUid: reader.take(ID_BYTES), sDid: reader.take(ID_BYTES), ePub: reader.take(KEY_BYTES), newleafPub: reader.take(KEY_BYTES),
    references: [readReference(reader), readReference(reader)],
    logSize: reader.u64(), logRoot: reader.take(HASH_BYTES),
    members: readList(reader, readEntry), finals: readList(reader, readFinal),
  };
}

function readReference(reader) {
  return { uid: reader.take(ID_BYTES), version: reader.u32(), bundleHash: reader.take(HASH_BYTES) };
}

function readEntry(reader) {
  return {
    uid: reader.take(ID_BYTES), did: reader.take(ID_BYTES), leafPub: reader.take(KEY_BYTES),
    spkId: reader.u32(), opkId: reader.u32(),
  };
}

function readFinal(reader) {
  return { did: reader.take(ID_BYTES), nextCounter: reader.u32() };
}

function readList(reader, readOne) {
  const count = reader.u8();
  check(count <= MEMBERS_MAX, "BAD_ENCODING");
  return Array.from({ length: count }, () => readOne(reader));
}

function isSound(core) {
  const [lo, hi] = core.references;
  return (
    [START, NEXT, RESTART].includes(core.kind) &&
    (core.kind === START) === (core.epoch === 0) &&
    (core.kind !== START || equal(core.thPrev, Z32)) &&
    [MODE_HISTORY, MODE_EPHEMERAL].includes(core.mode) &&
    (core.mode === MODE_EPHEMERAL) === (core.timerS >= 1) &&
    compare(core.uidLo, core.uidHi) <= 0 && equal(lo.uid, core.uidLo) && equal(hi.uid, core.uidHi) &&
    (!equal(core.uidLo, core.uidHi) || (lo.version === hi.version && equal(lo.bundleHash, hi.bundleHash)))
  );
}

function hasSoundEntries(core) {
  const { members } = core;
  const dids = new Set(members.map(({ did }) => hex(did)));
  return members.length >= 1 && isAscending(members, compareEntries) && dids.size === members.length && members.every((entry) => isSoundEntry(entry, core));
}

function isSoundEntry(entry, core) {
  const { spkId, opkId } = entry;
  if (isSender(entry, core)) return spkId === 0 && opkId === 0 && equal(entry.leafPub, core.newleafPub);
  return spkId >= 1 || (core.kind === NEXT && opkId === 0);
}

function hasSoundFinals({ kind, finals }) {
  if (kind !== NEXT && finals.length > 0) return false;
  return isAscending(finals, (a, b) => compare(a.did, b.did)) && finals.every((one) => one.nextCounter >= 1);
}

function isSender(entry, core) {
  return equal(entry.did, core.sDid) && equal(entry.uid, core.sUid);
}

function isAscending(list, order) {
  return list.every((one, i) => i === 0 || order(list[i - 1], one) < 0);
}

function compareEntries(a, b) {
  return compare(a.uid, b.uid) || compare(a.did, b.did);
}

function split(wraps) {
  return Array.from({ length: wraps.length / WRAP_BYTES }, (_, i) => wraps.slice(i * WRAP_BYTES, (i + 1) * WRAP_BYTES));
}
