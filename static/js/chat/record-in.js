/** An epoch record out of the server's sequence: who may read from here on (protocol.md, section 6). */

import { equal, hex } from "../lib/bytes.js";
import { receivedWithoutGap } from "../crypto/chain.js";
import { followRecord, readHistory, receiveRecord, recordNeeds } from "../crypto/epoch.js";
import { ProtocolError } from "../crypto/errors.js";
import { MODE_HISTORY, NEXT, RESTART, START } from "../crypto/labels.js";
import { reachedByRecord, uncountedByRecord } from "./delivered.js";
import { keepRecord } from "./evidence.js";
import { afterRecord, keptKeys } from "./timers.js";

/**
 * @typedef {object} RecordParts
 * @property {{uid: string}} me @property {object} device DeviceKeys @property {object} bundles @property {object} replay
 * @property {object} pending @property {object} clock @property {() => Uint8Array[]|null} historySeeds HK while the vault is open
 */

/**
 * @param {object} draft @param {object} event of kind record @param {RecordParts} parts
 * @throws only what should be tried again (no answer, the log's alarms); a bad record becomes a notice and blocks
 */
export async function applyRecord(draft, event, parts) {
  const needs = await attempt(() => recordNeeds(event.blob));
  if (!needs.error) await fetchNeeds(needs.value, parts);
  const received = needs.error ? needs : await attempt(() => receive(event.blob, draft.chat, parts));
  if (received.error) await refuse(draft, event, { error: received.error, epoch: needs.value?.epoch }, parts);
  else enter(draft, event, received.value, parts);
}

/** Messages of the present epoch received without gap; own ones as far as the server has them. @param {object} chat @param {Uint8Array} did own @returns {{did: Uint8Array, nextCounter: number}[]} */
export function countersOf(chat, did) {
  const others = [...chat.chains.values()].filter((chain) => !equal(chain.did, did));
  const counters = others.map((chain) => ({ did: chain.did, nextCounter: receivedWithoutGap(chain) }));
  return [...counters, { did, nextCounter: chat.ownAccepted }].filter(({ nextCounter }) => nextCounter >= 1);
}

/** @param {string} cid @param {number} epoch @returns {string} where K_msg of an epoch is kept */
export function epochName(cid, epoch) {
  return `epoch:${cid}:${String(epoch).padStart(10, "0")}`;
}

async function attempt(work) {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof ProtocolError) return { error };
    throw error;
  }
}

// A bundle that cannot be had is judged by the record's own checks.
async function fetchNeeds({ logSize, references }, { bundles, replay }) {
  if (logSize > replay.log.size) await replay.catchUp();
  for (const { uid, bundleHash } of references) {
    const has = () => bundles.known([hex(uid)]).some((bundle) => equal(bundle.hash, bundleHash));
    if (!has()) await attempt(() => bundles.current(hex(uid)));
  }
}

async function receive(blob, chat, parts) {
  const context = contextOf(chat, parts);
  try {
    return await receiveRecord(blob, chat.crypto, context);
  } catch (error) {
    if (error.code !== "MESSAGES_WITHHELD") throw error;
    // Everything before this record was applied: there is nothing left to fetch.
    return receiveRecord(blob, chat.crypto, { ...context, withheldIsNotice: true });
  }
}

function contextOf(chat, { device, bundles, replay, pending, historySeeds }) {
  const own = device.forRecords();
  return {
    device: own, bundles: bundles.known(chat.uids), log: replay.log, counters: countersOf(chat, own.did),
    pending: pending.get(chat.cid)?.proposal ?? null, historySeeds: historySeeds() ?? [],
  };
}

function enter(draft, event, { state, epochKeys, usedOpkId, notices, core, own }, parts) {
  const nowMs = parts.clock.now();
  const mine = core.members.find((entry) => equal(entry.did, parts.device.own.did));
  const { chat } = draft;
  renew(draft, event, { state, epochKeys, core }, parts);
  draft.set({
    settle: !own && Boolean(mine) && mine.spkId !== 0, repair: own ? false : chat.repair, leafAt: own ? nowMs : chat.leafAt,
  });
  if (usedOpkId) {
    draft.ring.push(parts.device.oneTimeUsed(usedOpkId));
    draft.opks.push(usedOpkId);
  }
  tell(draft, event, { core, notices, own, isMine: hex(core.sUid) === parts.me.uid });
}

// What every record that counts does, whether it let this browser in or not.
function renew(draft, event, { state, epochKeys, core }, parts) {
  const { chat } = draft;
  const nowMs = parts.clock.now();
  if (epochKeys) draft.set(reachedByRecord(chat, core, parts.me.uid)); // only a record that was confirmed
  draft.set({
    ackBefore: epochKeys ? uncountedByRecord(chat, core, hex(parts.device.own.did)) : new Map(),
    crypto: placed(state, event.seq), ...keptKeys(epochKeys), ...afterRecord(chat, core), seen: new Map(), gaps: [], ownAccepted: 0, refresh: false, settle: false, ownSent: 0, starved: false,
    recordAt: nowMs, unreached: unreachedOf(core, parts.bundles.known(chat.uids), nowMs), lacksOneTime: lacksOneTime(chat, core),
  });
  if (epochKeys?.mode === MODE_HISTORY) draft.ring.push({ name: epochName(chat.cid, core.epoch), value: { epoch: core.epoch, th: epochKeys.th, kMsg: epochKeys.kMsg } });
  if (parts.pending.get(chat.cid)) {
    draft.ring.push(parts.pending.dropChange(chat.cid));
    draft.dropsPending = true;
  }
}

// With the place of the last record: what comes behind it is not read under earlier keys, whenever that is.
function placed(state, seq) {
  return { ...state, records: [...state.records.slice(0, -1), { ...state.records.at(-1), seq }] };
}

function tell(draft, { seq, at }, { core, notices, own, isMine }) {
  const detail = { mine: own };
  if (core.kind === START) draft.notice(seq, "STARTED", at, detail);
  if (core.kind === RESTART) draft.notice(seq, "RESTARTED", at, detail);
  // A new browser is told when its bundle is seen; one's own RESTART is no suspect.
  const told = notices.filter((code) => code !== "DEVICE_ADDED" && !(own && code === "RESTART_SUSPECT"));
  if (core.kind === START && core.timerS) told.push("MODE_CHANGED");
  told.forEach((code) => draft.notice(seq, code, at, code === "MODE_CHANGED" ? { mine: isMine, timerS: core.timerS } : null));
}

// A NEXT reaches members by what they made since: what is said of the beginning stays true.
function lacksOneTime(chat, { kind, members }) {
  if (kind === NEXT) return chat.lacksOneTime;
  return members.some(({ spkId, opkId }) => spkId !== 0 && opkId === 0);
}

function unreachedOf(core, bundles, at) {
  const referenced = core.references.map(({ bundleHash }) => bundles.find((bundle) => equal(bundle.hash, bundleHash)));
  const devices = referenced.flatMap((bundle) => bundle?.devices ?? []);
  const isComplete = devices.every(({ did }) => core.members.some((entry) => equal(entry.did, did)));
  return isComplete ? null : { key: core.references.map(({ version }) => version).join("."), at };
}

const FORGED = new Set(["BAD_CONFIRM", "BAD_TAG"]); // a history key that the record does not confirm
const NOT_LET_IN = new Set(["NOT_A_MEMBER", "PREKEY_UNKNOWN"]);

async function refuse(draft, event, { error, epoch }, parts) {
  if (error.code === "DUPLICATE") return;
  if (NOT_LET_IN.has(error.code)) {
    const outside = await attempt(() => followOutside(event.blob, draft.chat, parts));
    if (outside.error) return refuse(draft, event, { error: outside.error, epoch }, parts);
    return stayOutside(draft, event, outside.value, parts);
  }
  if (error.code === "LOG_SPLIT_VIEW") await keepRecord(parts, { ...event, cid: draft.chat.cid });
  draft.notice(event.seq, error.code, event.at);
  draft.block(error.code);
  const { crypto } = draft.chat;
  if (epoch === undefined || epoch === crypto.epoch + 1) draft.set({ crypto: skipped(crypto) });
}

async function followOutside(blob, chat, parts) {
  const context = contextOf(chat, parts);
  const history = context.historySeeds.length ? await attempt(() => readHistory(blob, chat.crypto, context)) : { error: null };
  if (history.value) return history.value;
  const forged = FORGED.has(history.error?.code) ? history.error.code : null;
  return { ...(await followRecord(blob, chat.crypto, context)), forged };
}

function stayOutside(draft, event, { state, epochKeys, core, forged = null }, parts) {
  const wasInside = draft.chat.crypto.next !== null;
  renew(draft, event, { state, epochKeys: epochKeys ?? null, core }, parts);
  if (core.kind === START) draft.notice(event.seq, "STARTED", event.at, { mine: false });
  if (wasInside) draft.notice(event.seq, "NOT_A_MEMBER", event.at);
  if (forged) draft.notice(event.seq, forged, event.at);
}

// An honest server takes only the next epoch and counts it, so a repair must count it too; any other number is the server's own
// and moves nothing. The old keys stay for reading until a record passes.
function skipped(crypto) {
  return { ...crypto, epoch: crypto.epoch + 1, next: null, leafs: null, leafSeed: null };
}
