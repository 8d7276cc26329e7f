/** One conversation as a file: its epoch keys, read only (protocol.md, section 10, kind 2). */

import { inSlices, rest } from "../lib/breath.js";
import { equal, hex, unhex } from "../lib/bytes.js";
import { openEnvelopes } from "../crypto/envelope.js";
import { checkConfirm, firstChainKeys, parseRecord } from "../crypto/epoch.js";
import { ProtocolError } from "../crypto/errors.js";
import { openKeyfile } from "../crypto/keyfile.js";
import { encodeConversation, parseConversation } from "../crypto/keyfile-payload.js";
import { KEYFILE_CONVERSATION } from "../crypto/labels.js";
import { RECORD } from "../transport/frames.js";
import { placeOf } from "../store/mail.js";
import { isSilent } from "./acks.js";
import { actionOf, changedByAll, isAction, refusalOf } from "./actions.js";
import { ChatError } from "./codes.js";
import { messageOf } from "./conversations.js";
import { fileName, sealConversationFile } from "./key-files.js";
import { rowOf } from "./message-in.js";
import { epochName } from "./record-in.js";

const PULL_LIMIT = 200;
const EVENTS_MAX = 1_000_000;
const SHOWN_AT_ONCE = 200; // messages, a few milliseconds on a phone

/** @param {object} open Unlocked @param {string} cid @param {string} passphrase @returns {Promise<{name: string, bytes: Uint8Array}>} */
export async function makeConversationFile({ ring, chats, directory, clock }, cid, passphrase) {
  const chat = chats.get(cid);
  const epochs = await ring.withPrefix(epochName(cid, 0).slice(0, -10));
  const madeMs = clock.now();
  const payload = encodeConversation({ cid: unhex(cid), uids: chat.uids.map(unhex), epochs: epochs.map(([, one]) => one), madeMs });
  const bytes = await sealConversationFile(payload, passphrase);
  return { name: fileName("chat", directory.person(chat.peer).name, madeMs), bytes };
}

/** @param {object} open Unlocked @param {{bytes: Uint8Array, passphrase: string}} file @returns {Promise<{cid: string, peer: object, messages: object[]}>} @throws KEYFILE_*, NOT_FOUND: the server does not give its events */
export async function readConversationFile({ api, me, directory, clock }, { bytes, passphrase }) {
  const { kind, payload } = await openKeyfile(bytes, passphrase);
  if (kind !== KEYFILE_CONVERSATION) throw new ChatError("KEYFILE_BAD_FORMAT");
  const file = parseConversation(payload);
  const cid = hex(file.cid);
  const uids = file.uids.map(hex);
  const peer = directory.person(uids.find((uid) => uid !== me.uid) ?? me.uid);
  const reader = { file, cid, me, nowMs: clock.now(), epoch: -1, epochs: new Map(), chains: new Map(), ids: new Set(), rows: [], actions: [] };
  await readAll(api, reader);
  const chat = { cid, uids, peer: peer.uid, delivered: new Map() };
  const changed = withActions(reader);
  const messages = [];
  await inSlices(reader.rows, SHOWN_AT_ONCE, (slice) => slice.forEach((row) => messages.push(messageOf(chat, changed(row)))));
  return { cid, peer, messages };
}

async function readAll(api, reader) {
  for (let after = 0; ; ) {
    const { items } = await api.pullEvents(reader.cid, after, PULL_LIMIT);
    if (items.length === 0) return;
    if (after >= EVENTS_MAX || items.some(({ seq }, i) => seq !== after + 1 + i)) throw new ChatError("SEQ_GAP");
    for (const event of items) {
      await (event.kind === RECORD ? readRecord(reader, event) : readMessage(reader, event));
      await rest();
    }
    after = items.at(-1).seq;
  }
}

// A record ends the epoch before it, with a key in the file or without: nothing under earlier keys is genuine behind it.
async function readRecord(reader, { blob }) {
  const record = await soundOrNull(() => parseRecord(blob));
  if (!record) return;
  const { epoch } = record.core;
  const keys = await soundOrNull(() => openedEpoch(reader.file, record));
  if (keys ? epoch < reader.epoch : epoch !== reader.epoch + 1) return; // the server takes none but the next one
  Object.assign(reader, { epoch, epochs: new Map(keys && [[epoch, keys]]) });
}

// A key counts only if it gives the confirm of the stored record.
async function openedEpoch({ epochs }, record) {
  const { core, th } = record;
  const given = epochs.find((one) => one.epoch === core.epoch && equal(one.th, th));
  if (!given) return null;
  await checkConfirm(given.kMsg, record);
  const members = core.members.map(({ uid, did }) => ({ uid, did }));
  return { ...given, mode: core.mode, timerS: core.timerS, members, ck0: await firstChainKeys(given.kMsg, members) };
}

async function soundOrNull(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

async function readMessage(reader, event) {
  const { seq, uid, did, blob, at } = event;
  const item = { envelope: blob, sender: { uid: unhex(uid), did: unhex(did) }, seenMid: null };
  const { results, chains } = await openEnvelopes([item], { ...reader, cid: unhex(reader.cid) });
  reader.chains = chains;
  const { opened, error } = results[0];
  const isMine = uid === reader.me.uid;
  if (error) reader.rows.push({ id: `line:${seq}`, kind: "missing", mine: isMine, at, code: error.code, place: placeOf(seq) });
  else keepContent(reader, event, { opened, isMine });
}

function keepContent({ rows, actions, ids }, event, { opened, isMine }) {
  const { t, id } = opened.content;
  if (isSilent(t) || ids.has(`${event.uid}/${id}`)) return;
  ids.add(`${event.uid}/${id}`);
  if (isAction(t)) actions.push(actionOf(event, opened));
  else rows.push({ ...rowOf(event, { opened, isMine, id }), place: placeOf(event.seq) });
}

// How the chat shows a row: what answers knows what it answers, what was changed is changed by its author only.
function withActions({ rows, actions }) {
  const ids = new Map(rows.filter(({ mid }) => mid).map(({ id, mid }) => [hex(mid), id]));
  const about = new Map(actions.map(({ target }) => [target, []]));
  actions.forEach((action) => about.get(action.target).push(action));
  return (row) => {
    const allowed = (about.get(row.mid && hex(row.mid)) ?? []).filter((action) => refusalOf(row, action) === null);
    return changedByAll({ ...row, reId: ids.get(row.re) }, allowed);
  };
}
