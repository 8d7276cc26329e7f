/**
 * What could not be opened for want of keys is read later, in its place, once the vault gives the history keys. Only records that
 * were judged when they came count here, each at the place that it had then, so nothing that the server adds to the past is ever read.
 */

import { rest } from "../lib/breath.js";
import { equal, unhex } from "../lib/bytes.js";
import { openEnvelopes } from "../crypto/envelope.js";
import { checkConfirm, parseRecord } from "../crypto/epoch.js";
import { checkMembers, checkReferences } from "../crypto/epoch-check.js";
import { openHistoryWrap } from "../crypto/epoch-history.js";
import { keysOf } from "../crypto/epoch-state.js";
import { ProtocolError, check } from "../crypto/errors.js";
import { RECORD } from "../transport/frames.js";
import { ChatError } from "./codes.js";
import { Draft } from "./draft.js";
import { openVault } from "./key-files.js";
import { applyLate } from "./message-in.js";
import { epochName } from "./record-in.js";

const PULL_LIMIT = 200;

/**
 * @param {object} open Unlocked @param {{cid: string, passphrase: string}} wish the passphrase opens the vault
 * @returns {Promise<{read: number, left: number}>} @throws WRONG_PASSPHRASE
 */
export async function readAgain(open, { cid, passphrase }) {
  const account = await openVault(open.db, passphrase);
  open.openHistory(account.history.map(({ seed }) => seed));
  const before = missingOf(open, cid).length;
  const records = open.chats.get(cid).crypto.records.map((one) => ({ ...one }));
  const reader = { open, cid, seeds: account.history.map(({ seed }) => seed), records, epochs: new Map(), chains: new Map() };
  if (before > 0) await readAll(reader);
  const left = missingOf(open, cid).length;
  return { read: before - left, left };
}

/** In every chat, as far as the server gives it now. @param {object} open Unlocked @param {string} passphrase of the vault */
export async function readAllAgain(open, passphrase) {
  for (const { cid } of open.chats.all().filter((chat) => missingOf(open, chat.cid).length)) {
    await readAgain(open, { cid, passphrase }).catch((error) => open.events.problem(error, cid));
  }
}

function missingOf({ chats }, cid) {
  return chats.get(cid).missing ?? [];
}

async function readAll(reader) {
  const { open, cid } = reader;
  const end = missingOf(open, cid).at(-1);
  for (let after = 0; after < end; ) {
    const { items } = await open.api.pullEvents(cid, after, PULL_LIMIT);
    if (items.length === 0 || items.some(({ seq }, i) => seq !== after + 1 + i)) throw new ChatError("SEQ_GAP");
    const found = [];
    for (const event of items.filter(({ seq }) => seq <= end)) {
      found.push(...(await readEvent(reader, event)));
      await rest();
    }
    if (found.length) await open.locks.with(cid, () => putInPlace(reader, found));
    after = items.at(-1).seq;
  }
}

async function readEvent(reader, event) {
  if (event.kind === RECORD) await attempt(() => readRecord(reader, event));
  else return readMessage(reader, event);
  return [];
}

// Under the key that is kept, or the one that the history wrap gives.
async function readRecord({ open, cid, seeds, records, epochs }, { seq, blob }) {
  const record = await parseRecord(blob);
  const { core, hash, th } = record;
  const counted = records.find((one) => one.epoch === core.epoch && equal(one.sha256, hash));
  check(Boolean(counted), "EPOCH_ROLLBACK");
  counted.seq ??= seq; // a chat of an older version
  const { uids } = open.chats.get(cid);
  const kept = await open.ring.get(epochName(cid, core.epoch));
  const referenced = checkReferences(core, { bundles: open.bundles.known(uids), log: open.replay.log });
  checkMembers(core, referenced);
  const device = { uid: unhex(open.me.uid) };
  const kMsg = kept && equal(kept.th, th) ? kept.kMsg : await openHistoryWrap(record, referenced, { device, historySeeds: seeds });
  await checkConfirm(kMsg, record);
  epochs.set(core.epoch, await keysOf(record, kMsg, null));
}

// The record that was in force at a place alone: its epoch ended with the next one, so behind that nothing under its keys is genuine.
function epochsAt({ records, epochs }, seq) {
  const keys = epochs.get(records.findLast((one) => one.seq < seq)?.epoch);
  return new Map(keys && [[keys.epoch, keys]]);
}

// Every message steps its sender's chain; only what is missing here is put in its place.
async function readMessage(reader, event) {
  const { open, cid } = reader;
  const item = { envelope: event.blob, sender: { uid: unhex(event.uid), did: unhex(event.did) }, seenMid: null };
  const known = { cid: unhex(cid), epochs: epochsAt(reader, event.seq), chains: reader.chains, nowMs: open.clock.now() };
  const { results, chains } = await openEnvelopes([item], known);
  reader.chains = chains;
  const { opened } = results[0];
  return opened && missingOf(open, cid).includes(event.seq) ? [{ event, opened }] : [];
}

async function putInPlace({ open, cid, epochs }, found) {
  const draft = new Draft(open.chats.get(cid), { quiet: true });
  for (const { event, opened } of found) {
    if ((draft.chat.missing ?? []).includes(event.seq)) await applyLate(draft, event, opened, open);
    await rest();
  }
  for (const epoch of new Set(found.map(({ opened }) => opened.header.epoch))) {
    const { th, kMsg } = epochs.get(epoch);
    draft.ring.push({ name: epochName(cid, epoch), value: { epoch, th, kMsg } });
  }
  await open.inbox.commit(draft);
  open.inbox.tellRows(draft);
}

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}
