/** What the interface sees of a chat: what is kept, with what waits to be sent. */

import { hex } from "../lib/bytes.js";
import { mailPage } from "../store/mail.js";
import { changedByAll, isAction } from "./actions.js";
import { messageOf, myUidOf, reachOf } from "./conversations.js";
import { notReached } from "./reach.js";
import { fieldsOf, messageOfEntry } from "./outbox.js";

/** @param {object} open Unlocked @param {object} chat @returns {object} Conversation */
export function conversationView(open, chat) {
  const { chats, directory, bundles, me, outbox } = open;
  const { uid, name, displayName, hasKeys } = directory.person(chat.peer);
  const isReached = hasKeys || chat.crypto.epoch >= 0;
  const whyNot = chat.blocked?.code ?? (open.isRemoved ? "DEVICE_REMOVED_HERE" : isReached ? null : "NO_KEYS_YET");
  return {
    cid: chat.cid, peer: { uid, name, displayName }, self: chat.peer === me.uid, ...lastOf(chat, open), unread: chat.unread.length,
    readSeq: chat.readSeq, draft: chats.draft(chat.cid), blocked: chat.blocked, canWrite: whyNot === null, whyNot,
    verified: bundles.isVerified(chat.peer), timerS: chat.timerWish ?? chat.crypto.timerS,
    isSecond: chat.isSecond, notReached: notReached(open, chat), lacksOneTime: chat.lacksOneTime,
  };
}

/** Newest first. @param {object} open @returns {object[]} Conversations */
export function conversationList(open) {
  const time = (chat) => Math.max(chat.updatedAt, newestEntry(open.outbox, chat.cid)?.at ?? 0);
  const chats = open.chats.all().filter((chat) => !isOnlySync(open, chat)).map((chat) => ({ chat, at: time(chat) }));
  return chats.sort((a, b) => b.at - a.at).map(({ chat }) => conversationView(open, chat));
}

/** @param {object} open @param {string} cid @param {{before?: number, limit?: number}} page before: a sequence number @returns {Promise<{items: object[], more: boolean}>} */
export async function messagePage(open, cid, { before, limit = 50 } = {}) {
  const chat = open.chats.get(cid);
  const { rows, more } = await mailPage(open, cid, { before: before ?? Infinity, limit });
  const alive = rows.filter((row) => !open.ephemeral.isOver(row));
  const waiting = before === undefined ? open.outbox.bubbles(cid).map(messageOfEntry) : [];
  const stored = alive.map((row) => messageView(open, chat, row));
  const ids = new Set(stored.map(({ id }) => id));
  return { items: [...stored, ...waiting.filter(({ id }) => !ids.has(id))], more };
}

/**
 * A stored message as this person already sees it: with what they did to it and the server does not have yet.
 * @param {{outbox: object, settings: object}} parts @param {object} chat @param {object} row @returns {object} Message
 */
export function messageView({ outbox, settings }, chat, row) {
  const after = changedByAll(settings.receipts ? row : { ...row, read: false }, waitingActions(outbox, chat));
  const message = messageOf(chat, after);
  const isWaiting = after.text !== row.text || after.deleted !== row.deleted;
  return isWaiting ? { ...message, state: "queued" } : message;
}

/** @param {object} open @param {string} cid @param {string} id @returns {Promise<object|null>} Message, wherever it stands in the chat */
export async function messageById(open, cid, id) {
  const chat = open.chats.get(cid);
  const found = await open.targets.byId(cid, id);
  if (found) return messageView(open, chat, { ...found.value, place: found.place });
  const waiting = open.outbox.bubbles(cid).find((entry) => entry.id === id);
  return waiting ? messageOfEntry(waiting) : null;
}

/** @param {{targets: object, chats: object, outbox: object, settings: object, events: object}} parts @param {string} cid @param {string} mid whose message looks different now */
export async function tellChanged(parts, cid, mid) {
  const found = await parts.targets.byMid(cid, mid);
  if (!found) return;
  const message = messageView(parts, parts.chats.get(cid), { ...found.value, place: found.place });
  parts.events.emit("message", { message, isNew: false });
  parts.events.emit("conversations");
}

/** Newer than all that came: they are still to come. @param {object} outbox @param {object} chat @returns {import("./actions.js").Action[]} */
export function waitingActions(outbox, chat) {
  const uid = myUidOf(chat);
  const entries = outbox.of(chat.cid).filter(({ kind, failed }) => isAction(kind) && failed === null);
  return entries.map((entry, counter) => ({ t: entry.kind, uid, did: "", epoch: Infinity, counter, at: entry.at, ...fieldsOf(entry) }));
}

function lastOf(chat, { outbox, settings }) {
  const waiting = newestEntry(outbox, chat.cid);
  if (waiting) return { lastText: waiting.text, lastFile: waiting.fields.name ?? null, lastAt: waiting.at, lastMine: true, lastState: waiting.failed ? "failed" : "queued", lastDeleted: false };
  if (!chat.last) return { lastText: "", lastFile: null, lastAt: chat.updatedAt, lastMine: false, lastState: null, lastDeleted: false };
  const last = changedByAll({ ...chat.last, read: chat.last.read && settings.receipts }, waitingActions(outbox, chat));
  const lastState = last.mine ? reachOf(chat, last) : null;
  const lastFile = last.deleted ? null : (last.fileName ?? null);
  return { lastText: last.text, lastFile, lastAt: last.at, lastMine: last.mine, lastState, lastDeleted: last.deleted === true };
}

// The person's browsers tell each other things in it; nobody has looked into it or written there.
function isOnlySync({ me, chats, outbox }, chat) {
  return chat.peer === me.uid && !chat.opened && !chat.last && !chat.blocked && !chats.draft(chat.cid) && !newestEntry(outbox, chat.cid);
}

function newestEntry(outbox, cid) {
  return outbox.bubbles(cid).at(-1);
}
