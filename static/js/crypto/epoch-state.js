/** What a device remembers of a conversation between two epoch records (protocol.md, sections 6 and 12). */

import { equal } from "../lib/bytes.js";
import { firstChainKeys } from "./epoch-keys.js";
import { NEXT, Z32 } from "./labels.js";

/**
 * Plain data. `next` null: no live state (nothing yet, a newcomer, or outside). `leafs` null: leaf table not known.
 * @typedef {object} ConversationState
 * @property {Uint8Array} cid @property {Uint8Array} uidLo @property {Uint8Array} uidHi
 * @property {number} epoch of the last record processed, -1 for none @property {Uint8Array} th its TH
 * @property {number} mode @property {number} timerS
 * @property {Uint8Array|null} next next_e @property {Uint8Array|null} leafSeed own current leaf
 * @property {{did: Uint8Array, pub: Uint8Array}[]|null} leafs
 * @property {{uid: Uint8Array, did: Uint8Array}[]} members
 * @property {{epoch: number, sha256: Uint8Array, seq?: number}[]} records processed; seq: where the chat found it
 */
/**
 * What messages of one epoch need. In mode 1 the caller keeps `ck0` and drops `kMsg`.
 * @typedef {object} EpochKeys
 * @property {number} epoch @property {Uint8Array} th @property {number} mode @property {number} timerS
 * @property {Uint8Array} kMsg @property {{uid: Uint8Array, did: Uint8Array}[]} members
 * @property {Object<string, Uint8Array>} ck0 CK_0 by hex of did
 */

/** @param {{cid: Uint8Array, uidLo: Uint8Array, uidHi: Uint8Array}} ids @returns {ConversationState} */
export function newConversation({ cid, uidLo, uidHi }) {
  return {
    cid, uidLo, uidHi, epoch: -1, th: Z32, mode: 0, timerS: 0, next: null, leafSeed: null, leafs: null, members: [], records: [],
  };
}

/**
 * The state after a record that passed.
 * @param {ConversationState} state @param {object} record EpochRecord @param {{kMsg: Uint8Array, next: Uint8Array}} secrets
 * @param {{did: Uint8Array}} device @param {Uint8Array|null} newleafSeed only of an own record
 * @returns {Promise<{state: ConversationState, epochKeys: EpochKeys}>}
 */
export async function adopt(state, record, { kMsg, next }, { did }, newleafSeed = null) {
  const leafs = leafsAfter(state, record.core);
  const keepsLeaf = record.core.kind === NEXT && leafs.some((leaf) => equal(leaf.did, did));
  const after = { ...follow(state, record), next, leafs, leafSeed: newleafSeed ?? (keepsLeaf ? state.leafSeed : null) };
  return { state: after, epochKeys: await keysOf(record, kMsg, next) };
}

/**
 * The state after a record that gave this device no secrets.
 * @param {ConversationState} state @param {object} record EpochRecord
 * @returns {ConversationState}
 */
export function follow(state, { core, hash, th }) {
  const records = [...state.records, { epoch: core.epoch, sha256: hash }];
  const members = core.members.map(({ uid, did }) => ({ uid, did }));
  const { epoch, mode, timerS } = core;
  return { ...state, epoch, th, mode, timerS, members, records, next: null, leafs: null, leafSeed: null };
}

/** @param {object} record EpochRecord @param {Uint8Array} kMsg @param {Uint8Array|null} next @returns {Promise<EpochKeys>} */
export async function keysOf({ core, th }, kMsg, next) {
  const members = core.members.map(({ uid, did }) => ({ uid, did }));
  const { epoch, mode, timerS } = core;
  return { epoch, th, mode, timerS, kMsg, next, members, ck0: await firstChainKeys(kMsg, members) };
}

// START, RESTART empty the table; a newcomer of a NEXT takes it from the record.
function leafsAfter(state, core) {
  const sender = { did: core.sDid, pub: core.newleafPub };
  if (core.kind !== NEXT) return [sender];
  const listed = core.members.filter((entry) => entry.spkId === 0).map(({ did, leafPub }) => ({ did, pub: leafPub }));
  const known = state.next === null ? listed : state.leafs;
  return [...known.filter((leaf) => !equal(leaf.did, core.sDid)), sender];
}
