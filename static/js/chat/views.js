/** What the interface sees of a chat. */

import { mailPage } from "../store/mail.js";
import { messageOf } from "./conversations.js";
import { isDelivered } from "./delivered.js";
import { messageOfEntry } from "./outbox.js";

/** @param {object} open Unlocked @param {object} chat @returns {object} Conversation */
export function conversationView(open, chat) {
  const { chats, directory, bundles, me, outbox } = open;
  const { uid, name, displayName, hasKeys } = directory.person(chat.peer);
  const isReached = hasKeys || chat.crypto.epoch >= 0;
  const whyNot = chat.blocked?.code ?? (open.isRemoved ? "DEVICE_REMOVED_HERE" : isReached ? null : "NO_KEYS_YET");
  return {
    cid: chat.cid, peer: { uid, name, displayName }, self: chat.peer === me.uid, ...lastOf(chat, outbox), unread: chat.unread.length,
    readSeq: chat.readSeq, draft: chats.draft(chat.cid), blocked: chat.blocked, canWrite: whyNot === null, whyNot,
    verified: bundles.isVerified(chat.peer), timerS: chat.timerWish ?? chat.crypto.timerS,
  };
}

/** Newest first. @param {object} open @returns {object[]} Conversations */
export function conversationList(open) {
  const time = (chat) => Math.max(chat.updatedAt, newestEntry(open.outbox, chat.cid)?.at ?? 0);
  const chats = open.chats.all().map((chat) => ({ chat, at: time(chat) }));
  return chats.sort((a, b) => b.at - a.at).map(({ chat }) => conversationView(open, chat));
}

/** @param {object} open @param {string} cid @param {{before?: number, limit?: number}} page before: a sequence number @returns {Promise<{items: object[], more: boolean}>} */
export async function messagePage(open, cid, { before, limit = 50 } = {}) {
  const chat = open.chats.get(cid);
  const { rows, more } = await mailPage(open, cid, { before: before ?? Infinity, limit });
  const waiting = before === undefined ? textEntries(open.outbox, cid).map(messageOfEntry) : [];
  const stored = rows.map((row) => messageOf(chat, row));
  const ids = new Set(stored.map(({ id }) => id));
  return { items: [...stored, ...waiting.filter(({ id }) => !ids.has(id))], more };
}

function lastOf(chat, outbox) {
  const waiting = newestEntry(outbox, chat.cid);
  if (waiting) return { lastText: waiting.text, lastAt: waiting.at, lastMine: true, lastState: waiting.failed ? "failed" : "queued" };
  const { last } = chat;
  if (!last) return { lastText: "", lastAt: chat.updatedAt, lastMine: false, lastState: null };
  const lastState = last.mine ? (isDelivered(chat, last) ? "delivered" : "sent") : null;
  return { lastText: last.text, lastAt: last.at, lastMine: last.mine, lastState };
}

function newestEntry(outbox, cid) {
  return textEntries(outbox, cid).at(-1);
}

function textEntries(outbox, cid) {
  return outbox.of(cid).filter(({ kind }) => kind === "text");
}
