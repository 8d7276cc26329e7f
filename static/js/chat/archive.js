/** One conversation as a file: its epoch keys, read only (protocol.md, section 10, kind 2). */

import { equal, hex, unhex } from "../lib/bytes.js";
import { openEnvelopes } from "../crypto/envelope.js";
import { checkConfirm, firstChainKeys, parseRecord } from "../crypto/epoch.js";
import { ProtocolError } from "../crypto/errors.js";
import { openKeyfile } from "../crypto/keyfile.js";
import { encodeConversation, parseConversation } from "../crypto/keyfile-payload.js";
import { KEYFILE_CONVERSATION } from "../crypto/labels.js";
import { RECORD } from "../transport/frames.js";
import { ChatError } from "./codes.js";
import { fileName, sealConversationFile } from "./key-files.js";
import { epochName } from "./record-in.js";

const PULL_LIMIT = 200;
const EVENTS_MAX = 1_000_000;

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
  const reader = { file, cid, me, nowMs: clock.now(), epochs: new Map(), chains: new Map(), ids: new Set() };
  return { cid, peer, messages: await readAll(api, reader) };
}

async function readAll(api, reader) {
  const messages = [];
  for (let after = 0; ; ) {
    const { items } = await api.pullEvents(reader.cid, after, PULL_LIMIT);
    if (items.length === 0) return messages;
    if (after >= EVENTS_MAX || items.some(({ seq }, i) => seq !== after + 1 + i)) throw new ChatError("SEQ_GAP");
    for (const event of items) messages.push(...(await readEvent(reader, event)));
    after = items.at(-1).seq;
  }
}

async function readEvent(reader, event) {
  if (event.kind !== RECORD) return readMessage(reader, event);
  const keys = await openedEpoch(reader.file, event.blob);
  if (keys) reader.epochs.set(keys.epoch, keys);
  return [];
}

// A key counts only if it gives the confirm of the stored record.
async function openedEpoch({ epochs }, blob) {
  try {
    const record = await parseRecord(blob);
    const { core, th } = record;
    const given = epochs.find((one) => one.epoch === core.epoch && equal(one.th, th));
    if (!given) return null;
    await checkConfirm(given.kMsg, record);
    const members = core.members.map(({ uid, did }) => ({ uid, did }));
    return { ...given, mode: core.mode, timerS: core.timerS, members, ck0: await firstChainKeys(given.kMsg, members) };
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

async function readMessage(reader, { seq, uid, did, blob, at }) {
  const item = { envelope: blob, sender: { uid: unhex(uid), did: unhex(did) }, seenMid: null };
  const { results, chains } = await openEnvelopes([item], { ...reader, cid: unhex(reader.cid) });
  reader.chains = chains;
  const { opened, error } = results[0];
  const common = { cid: reader.cid, mine: uid === reader.me.uid, seq, state: "sent", detail: null };
  if (error) return [{ ...common, id: `line:${seq}`, kind: "missing", text: "", at, code: error.code }];
  const { content, supported } = opened;
  if (content.t === "void" || reader.ids.has(`${uid}/${content.id}`)) return [];
  reader.ids.add(`${uid}/${content.id}`);
  const isText = supported && content.t === "text";
  return [{ ...common, id: content.id, kind: isText ? "text" : "unsupported", text: isText ? content.body : "", at: content.ts, code: null }];
}
