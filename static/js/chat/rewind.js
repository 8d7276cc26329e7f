/**
 * The server's past changed (SEQ_REWRITE), as after a restored backup, and the person decided to go on: this browser steps back to the last
 * event that both know, keeps what it had beyond as copies, and sends its own texts and files again (delivery rule D4).
 */

import { equal, hex, toBase64Url, unhex } from "../lib/bytes.js";
import { messageId, parseHeader } from "../crypto/envelope.js";
import { newConversation, parseRecord } from "../crypto/epoch.js";
import { ProtocolError } from "../crypto/errors.js";
import { sha256 } from "../crypto/primitives.js";
import { placeOf } from "../store/mail.js";
import { RECORD } from "../transport/frames.js";
import { actionsSince } from "./actions.js";
import { ChatError } from "./codes.js";
import { Draft } from "./draft.js";
import { isBubble } from "./kinds.js";
import { messageOfEntry } from "./outbox.js";
import { newUuid } from "./uuid.js";

const PULL_LIMIT = 200;
const ROWS_AT_ONCE = 500;
const WIDTH = 65_536; // copies that find room behind one event

/** @typedef {{seq: number, tail: string|null, record: object|null}} Common the last event that both know, and the record in force there */

/** @param {object} open Unlocked @param {string} cid blocked by SEQ_REWRITE @returns {Promise<void>} @throws OFFLINE */
export async function rewind(open, cid) {
  const common = await lastCommon(open, cid);
  return open.locks.with(cid, async () => {
    if (open.chats.get(cid).blocked?.code !== "SEQ_REWRITE") return; // answered meanwhile
    const draft = new Draft(open.chats.get(cid));
    const actions = await lostActions(open, cid, common);
    const again = [...(await moveRows(open, draft, common)), ...actions];
    again.forEach((entry) => draft.ring.push(open.outbox.change(entry)));
    draft.set(stateAt(draft.chat, common));
    if (open.pending.get(cid)) {
      draft.ring.push(open.pending.dropChange(cid));
      draft.dropsPending = true;
    }
    open.inbox.forgetHead(cid);
    await open.inbox.commit(draft);
    again.forEach((entry) => open.outbox.remember(entry));
    again.forEach((entry) => isBubble(entry.kind) && open.events.emit("message", { message: messageOfEntry(entry), isNew: false }));
  });
}

// From the end of what both may have, backwards.
async function lastCommon(open, cid) {
  const found = { seq: 0, tail: null, record: null };
  let before = Math.min(open.chats.get(cid).cursor, await headOf(open, cid)) + 1;
  while (before > 1 && found.record === null) {
    const after = Math.max(0, before - 1 - PULL_LIMIT);
    const { items } = await open.api.pullEvents(cid, after, before - 1 - after);
    if (items.length !== before - 1 - after || items.some(({ seq }, i) => seq !== after + 1 + i)) throw new ChatError("SEQ_GAP");
    for (const event of items.reverse()) await look(open, cid, event, found);
    before = after + 1;
  }
  return found;
}

async function headOf({ api }, cid) {
  const { conversations } = await api.conversations();
  return conversations.find((one) => one.cid === cid)?.seq ?? 0;
}

async function look(open, cid, event, found) {
  if (found.record !== null || !(await isKnown(open, cid, event))) return;
  if (found.seq === 0) Object.assign(found, { seq: event.seq, tail: toBase64Url(await sha256(event.blob)) });
  if (event.kind === RECORD) found.record = await parseRecord(event.blob);
}

async function isKnown({ chats, db, ring }, cid, { seq, kind, blob }) {
  try {
    if (kind === RECORD) {
      const { core, hash } = await parseRecord(blob);
      return chats.get(cid).crypto.records.some((one) => one.epoch === core.epoch && equal(one.sha256, hash));
    }
    parseHeader(blob);
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
  const mid = await messageId(blob);
  const rows = await ring.mail(await db.mailBetween(cid, { from: placeOf(seq, -511), to: placeOf(seq, 511) }));
  return rows.some((row) => row.mid && equal(row.mid, mid));
}

// What stands beyond becomes copies behind the common event; own texts and files leave their place and wait to be sent again.
async function moveRows({ db, ring, outbox, did }, draft, { seq }) {
  const { cid } = draft.chat;
  const sealed = await db.mailBetween(cid, { from: placeOf(seq + 1, -512), to: Infinity });
  const copies = await db.mailBetween(cid, { from: placeOf(seq, 511), to: placeOf(seq + 1, -512) });
  const behind = copies.at(-1)?.place ?? placeOf(seq, 511);
  const rows = await ring.mail(sealed);
  const again = [];
  rows.forEach(({ place, ...value }, i) => {
    draft.drop(place);
    if (isMyBubble(value, did)) again.push(outbox.make({ cid, ...wishOf(value) }));
    else draft.put({ cid, place: behind + (i + 1) / WIDTH, tags: sealed[i].tags, value: unnamedLine(value) }, false);
  });
  return [...again, ...outbox.of(cid).filter((entry) => entry.sealed).map((entry) => ({ ...entry, sealed: null }))];
}

// What this person did to messages that stay: the server may have lost it, and whoever knows it is not harmed by hearing it again.
async function lostActions({ db, ring, outbox, me, did, clock }, cid, { seq, record }) {
  const since = { uid: me.uid, epoch: record?.core.epoch ?? -1 };
  const isResent = (row) => row.place >= placeOf(seq + 1, -512) && isMyBubble(row, did);
  const found = [];
  for (let before = Infinity; before !== null; ) {
    const sealed = await db.mailBefore(cid, { before, limit: ROWS_AT_ONCE });
    const rows = (await ring.mail(sealed)).filter((row) => row.mid && !isResent(row));
    found.unshift(...rows.reverse().flatMap((row) => actionsSince(row, since).map((wish) => ({ ...wish, fields: { target: hex(row.mid), ...wish.fields } }))));
    before = sealed.length < ROWS_AT_ONCE ? null : sealed.at(-1).place;
  }
  return found.map((wish) => outbox.make({ cid, id: newUuid(), at: clock.now(), ...wish }));
}

// A line is called after its place.
function unnamedLine({ id, ...value }) {
  return id.startsWith("line:") ? value : { id, ...value };
}

function isMyBubble({ kind, mine, deleted, did: by }, did) {
  return isBubble(kind) && mine && !deleted && by === did;
}

function wishOf({ id, kind, text, file, at, re, mid, reId = null }) {
  return { id, kind, text, at, fields: { ...file, ...(re && { re }) }, reId, was: hex(mid) };
}

// In the same epoch only counters are spent: the next one begins anew. Else this browser waits to be let in, or restarts.
function stateAt(chat, { seq, tail, record }) {
  const epoch = record?.core.epoch ?? -1;
  const isSame = epoch === chat.crypto.epoch && epoch >= 0;
  const upTo = (one) => one <= seq;
  const common = {
    cursor: seq, tail, blocked: null, refresh: true, gaps: [], late: null, readSeq: Math.min(chat.readSeq, seq),
    missing: chat.missing.filter(upTo), unread: chat.unread.filter(upTo), untold: chat.untold.filter(([one]) => upTo(one)),
  };
  if (isSame) return common;
  const kept = (reached) => new Map([...reached].filter(([one]) => one <= epoch));
  return {
    ...common, crypto: cryptoAt(chat, record), keys: null, chains: new Map(), seen: new Map(), settle: false, repair: false, leafAt: 0,
    ownAccepted: 0, delivered: kept(chat.delivered), promised: kept(chat.promised), ackBefore: new Map(),
  };
}

function cryptoAt({ cid, uids: [lo, hi], crypto }, record) {
  const none = newConversation({ cid: unhex(cid), uidLo: unhex(lo), uidHi: unhex(hi) });
  if (!record) return none;
  const { epoch, mode, timerS, members } = record.core;
  const records = crypto.records.filter((one) => one.epoch <= epoch);
  return { ...none, epoch, th: record.th, mode, timerS, members: members.map(({ uid, did }) => ({ uid, did })), records };
}
