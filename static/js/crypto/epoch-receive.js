/** Receiving an epoch record, in the order of section 6: a failing check throws and changes nothing. */

import { equal } from "../lib/bytes.js";
import {
  bundleDeviceOf, checkConversation, checkLeafs, checkLogRoot, checkMembers, checkOrder, checkPublicKeys, checkReferences, checkSender,
  checkSuite, checkTranscript, hasAllMessages, ownSeeds,
} from "./epoch-check.js";
import { entryOf, othersOf, parseRecord } from "./epoch-core.js";
import { checkConfirm, deriveSecrets, epochSecret, epochSecretOfNewcomer, openWrap, wrapInfo, wrapSecretOfMember } from "./epoch-keys.js";
import { adopt, follow } from "./epoch-state.js";
import { ProtocolError, check } from "./errors.js";
import { NEXT, RESTART, Z32 } from "./labels.js";
import { wipe, x25519Public } from "./primitives.js";

/**
 * @typedef {object} ReceiveContext
 * @property {{uid: Uint8Array, did: Uint8Array, dkSeed: Uint8Array, spks: {id: number, seed: Uint8Array}[], opks: {id: number, seed: Uint8Array}[]}} device
 * @property {object[]} bundles every Bundle version known of both users @property {object} log the whole own Log
 * @property {{did: Uint8Array, nextCounter: number}[]} counters messages of the current epoch received without gap, own ones included
 * @property {object|null} [pending] Proposal of this device @property {boolean} [withheldIsNotice] after fetching in vain: go on, and say so
 */
/**
 * @typedef {object} Received
 * @property {object} state ConversationState, the new one @property {object|null} epochKeys EpochKeys, null for an outsider
 * @property {number|null} usedOpkId drop this one-time prekey in the same transaction
 * @property {string[]} notices DEVICE_ADDED, RESTART_SUSPECT, MODE_CHANGED, MESSAGES_WITHHELD
 * @property {object} core what the record said @property {boolean} own it was the pending record
 */

/**
 * @param {Uint8Array} bytes the record @param {object} state ConversationState, untouched @param {ReceiveContext} context
 * @returns {Promise<Received>} @throws the errors of section 6; NOT_A_MEMBER: then `followRecord`
 */
export async function receiveRecord(bytes, state, context) {
  const { device, log } = context;
  const record = await parseRecord(bytes);
  const { core } = record;
  const referenced = checkUpToMembers(record, state, context);
  const own = checkSender(record, device, context.pending ?? null);
  checkLeafs(core, state);
  const entry = entryOf(core, device.uid, device.did);
  const seeds = entry && !own ? await ownSeeds(entry, state.leafSeed, device) : null;
  checkPublicKeys(core);
  check(Boolean(entry), "NOT_A_MEMBER");
  const secrets = own ? null : await openRecord(record, state, { device, seeds, referenced });
  await checkLogRoot(core, log);
  const notices = noticesOf(core, state, state.next === null ? { ...context, counters: null } : context);
  const { state: after, epochKeys } = own ? context.pending : await adopt(state, record, secrets, device);
  return { state: after, epochKeys, usedOpkId: entry.opkId || null, notices, core, own };
}

/**
 * The same for a device that is no member: it only keeps up with numbers and transcript, so that a later NEXT can take it in.
 * @param {Uint8Array} bytes @param {object} state ConversationState @param {ReceiveContext} context @returns {Promise<Received>}
 */
export async function followRecord(bytes, state, context) {
  const record = await parseRecord(bytes);
  checkUpToMembers(record, state, context);
  checkSender(record, context.device, null);
  checkLeafs(record.core, state);
  checkPublicKeys(record.core);
  await checkLogRoot(record.core, context.log);
  const notices = noticesOf(record.core, state, { ...context, counters: null });
  return { state: follow(state, record), epochKeys: null, usedOpkId: null, notices, core: record.core, own: false };
}

/**
 * What must be at hand before `receiveRecord`: fetch what is missing of it first.
 * @param {Uint8Array} bytes @returns {Promise<{epoch: number, kind: number, logSize: number, references: object[], finals: object[], hash: Uint8Array}>} @throws BAD_ENCODING
 */
export async function recordNeeds(bytes) {
  const { core, hash } = await parseRecord(bytes);
  const { epoch, kind, logSize, references, finals } = core;
  return { epoch, kind, logSize, references, finals, hash };
}

// Steps 1 to 5 and the first half of 6.
function checkUpToMembers(record, state, context) {
  checkSuite(record.core);
  checkConversation(record.core, state);
  checkOrder(record, state);
  checkTranscript(record.core, state);
  const referenced = checkReferences(record.core, context);
  checkMembers(record.core, referenced);
  return referenced;
}

// Steps 8 and 9.
async function openRecord(record, state, { device, seeds, referenced }) {
  const { core, th } = record;
  const salt = core.kind === NEXT ? state.next : Z32;
  const join = core.kind === NEXT && salt === null;
  const x = await openOwnWrap(record, join, { device, seeds, referenced });
  const s = join ? await epochSecretOfNewcomer(x, th) : await epochSecret(x, salt, th);
  const { kMsg, next, kConf } = await deriveSecrets(s, th);
  wipe(x, s, kConf);
  await checkConfirm(kMsg, record);
  return { kMsg, next };
}

async function openOwnWrap({ core, coreHash, wraps }, join, { device, seeds, referenced }) {
  const place = othersOf(core).findIndex((entry) => equal(entry.did, device.did) && equal(entry.uid, device.uid));
  const { uid, did, leafPub, opkId } = othersOf(core)[place];
  const senderDkPub = bundleDeviceOf(referenced, { uid: core.sUid, did: core.sDid }).dkPub;
  const dkPub = await x25519Public(device.dkSeed);
  const z = await wrapSecretOfMember({ ...seeds, dkSeed: device.dkSeed }, { senderDkPub, ePub: core.ePub });
  return openWrap(z, wrapInfo({ join, coreHash, uid, did, leafPub, dkPub, senderDkPub, ePub: core.ePub, opkId }), wraps[place]);
}

// Step 11, unless there are no counters: who could not open what came before cannot count it; and what the user is told. A RESTART from a member may be a server that wants its prekeys used again.
function noticesOf(core, state, { counters, withheldIsNotice = false }) {
  const notices = [];
  if (counters && !hasAllMessages(core, counters)) {
    if (!withheldIsNotice) throw new ProtocolError("MESSAGES_WITHHELD");
    notices.push("MESSAGES_WITHHELD");
  }
  const wasMember = state.members.some((member) => equal(member.did, core.sDid));
  if (core.kind === RESTART) notices.push(wasMember ? "RESTART_SUSPECT" : "DEVICE_ADDED");
  if (state.epoch >= 0 && (core.mode !== state.mode || core.timerS !== state.timerS)) notices.push("MODE_CHANGED");
  return notices;
}
