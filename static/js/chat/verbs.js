/** What a person does in the open chats; each verb gets what is unlocked. */

import { equal, utf8 } from "../lib/bytes.js";
import { BODY_MAX_CHARS, CONTENT_MAX_BYTES } from "../crypto/labels.js";
import { halfOf, safetyNumber } from "../crypto/safety-number.js";
import { ChatError } from "./codes.js";
import { messageOfEntry } from "./outbox.js";
import { readUpTo } from "./receipts.js";
import { rewind } from "./rewind.js";
import { midOf } from "./targets.js";
import { newUuid } from "./uuid.js";
import { messageById } from "./views.js";

const BODY_MAX_BYTES = CONTENT_MAX_BYTES - 2_048; // the rest is for what stands beside the body

/** @param {object} open Unlocked @param {string} uid @returns {Promise<string>} cid; keys are agreed with the first message */
export async function startWith(open, uid) {
  const { chats, directory, api, clock, events } = open;
  const known = chats.all().find((chat) => chat.peer === uid && !chat.isSecond);
  if (known) return known.cid;
  await directory.learn([uid]);
  const { cid, uids } = await open.asDevice(() => api.startConversation(uid));
  await chats.add([{ cid, uids, updatedAt: clock.now() }]);
  if (!chats.has(cid) || chats.get(cid).peer !== uid) throw new ChatError("BAD_ANSWER"); // a chat with somebody else
  events.emit("conversations");
  await open.checkNew([cid]);
  return cid;
}

/**
 * @param {object} open @param {string} cid @param {string} text @param {{re?: string, id?: string}} [about] re: id of the Message that it
 *   answers; id: of its own, the same again is the same message
 * @returns {Promise<object>} Message, queued @throws EMPTY_TEXT, TEXT_TOO_LONG, STORAGE_FULL, NOT_FOUND
 */
export async function send(open, cid, text, { re, id = newUuid() } = {}) {
  const { chats, outbox, clock, targets } = open;
  chats.get(cid);
  const body = sendable(text);
  const known = await messageById(open, cid, id);
  if (known) return known;
  const answered = re === undefined ? null : midOf(await targets.byId(cid, re));
  const entry = outbox.make({ cid, id, kind: "text", text: body, at: clock.now(), fields: answered ? { re: answered } : {}, reId: re ?? null });
  await outbox.keep(entry);
  return queued(open, entry, true);
}

/** @param {object} open @param {string} cid @param {string} id @returns {Promise<object>} Message */
export async function retry(open, cid, id) {
  const entry = await open.locks.with(cid, async () => {
    const failed = open.outbox.byId(cid, id);
    const again = { ...failed, failed: null };
    if (failed.failed !== null) await open.outbox.keep(again);
    return failed.failed === null ? failed : again;
  });
  return queued(open, entry, false);
}

/** A message that failed, or waits without having been sealed. @param {object} open @param {string} cid @param {string} id @throws ALREADY_SENT */
export async function discard({ outbox, locks, events, uploads }, cid, id) {
  await locks.with(cid, async () => {
    const entry = outbox.byId(cid, id);
    if (entry.sealed) throw new ChatError("ALREADY_SENT");
    await outbox.drop(entry);
    if (entry.kind === "file") await uploads.forget(entry);
  });
  events.emit("conversation", { cid });
  events.emit("conversations");
}

/** Acknowledgements are sent only for chats that the person has looked into here. @param {object} open @param {string} cid */
export async function lookInto({ chats, locks, acks }, cid) {
  if (chats.get(cid).opened) return;
  await locks.with(cid, () => (chats.get(cid).opened ? undefined : chats.commit({ ...chats.get(cid), opened: true })));
  acks.consider(cid);
}

/** @param {object} open @param {string} cid @param {number} seq */
export async function markRead(open, cid, seq) {
  const { chats, locks, events, settings, acks, sync } = open;
  await lookInto(open, cid);
  if (chats.get(cid).readSeq >= seq) return;
  await locks.with(cid, () => {
    const chat = chats.get(cid);
    return chats.commit(readUpTo(chat, Math.max(Math.min(seq, chat.cursor), chat.readSeq), settings));
  });
  events.emit("conversation", { cid });
  acks.consider(cid);
  if (chats.get(cid).peer !== open.me.uid) sync.tellRead(cid, chats.get(cid).readSeq);
}

/** @param {object} open @param {string} cid @returns {Promise<{digits: string, mine: string, theirs: string, qr: Uint8Array}>} 60 digits, 30 of each */
export async function safetyNumberOf({ chats, bundles, me, compared }, cid) {
  const { peer } = chats.get(cid);
  const [own, other] = [await bundles.current(me.uid), await bundles.current(peer)];
  const { digits, qr } = await safetyNumber(own, other);
  compared.set(peer, other.rootPub);
  const [low, high] = [digits.slice(0, 30), digits.slice(30)];
  const isLow = me.uid < peer || equal(own.uid, other.uid);
  return { digits, mine: isLow ? low : high, theirs: isLow ? high : low, qr };
}

/** For whoever compared before: what was compared, and what it is now. @param {object} open @param {string} cid @returns {Promise<{before: string, now: string}|null>} 30 digits of the other person; null: nothing was compared, or nothing changed since */
export async function formerNumberOf({ chats, bundles }, cid) {
  const { peer } = chats.get(cid);
  const { verifiedRoot } = bundles.pin(peer) ?? {};
  if (!verifiedRoot || bundles.isVerified(peer)) return null;
  const last = bundles.last(peer);
  return { before: await halfOf({ ...last, rootPub: verifiedRoot }), now: await halfOf(last) };
}

/** After the numbers were compared. @param {object} open @param {string} cid @param {boolean} verified */
export async function setVerified({ chats, bundles, events, compared, sync }, cid, verified) {
  const { peer } = chats.get(cid);
  const shown = compared.get(peer); // what the dialog showed, even if the keys changed behind it
  if (verified && !shown) throw new ChatError("NO_KEYS_YET");
  await bundles.setVerified(peer, verified ? shown : null);
  sync.tellMark(peer, verified ? shown : null);
  events.emit("conversation", { cid });
  events.emit("conversations");
}

/** @param {object} open @param {string} cid @param {"continue"|"repair"|"resend"} choice resend: only after SEQ_REWRITE */
export async function decide(open, cid, choice) {
  const { chats, inbox, trust, sending } = open;
  if (choice === "resend" && chats.get(cid).blocked?.code === "SEQ_REWRITE") {
    await rewind(open, cid);
    await inbox.look(cid);
  } else await trust.decide(cid, choice);
  sending.run(cid);
  if (choice === "repair") sending.upkeepIn(cid, 0);
}

/** @param {string} text @returns {string} as it can be sent @throws EMPTY_TEXT, TEXT_TOO_LONG */
export function sendable(text) {
  if (text.trim() === "") throw new ChatError("EMPTY_TEXT");
  if (isTooLong(text)) throw new ChatError("TEXT_TOO_LONG");
  return text.toWellFormed?.() ?? text;
}

// In characters, and in bytes as they are sent: some characters are written longer.
function isTooLong(text) {
  return [...text].length > BODY_MAX_CHARS || utf8(JSON.stringify(text)).length > BODY_MAX_BYTES;
}

/** What is kept in the outbox shows, and is begun. @param {object} open @param {object} entry @param {boolean} isNew @returns {object} Message */
export function queued({ events, sending }, entry, isNew) {
  const message = messageOfEntry(entry);
  events.emit("message", { message, isNew });
  events.emit("conversations");
  sending.run(entry.cid);
  return message;
}
