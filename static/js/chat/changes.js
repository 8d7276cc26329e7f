/** What a person does to a message that is there: it goes through the outbox like a text, and shows at once. */

import { encodeContent } from "../crypto/content.js";
import { nextRev, refusalOf, changedByAll } from "./actions.js";
import { ChatError } from "./codes.js";
import { fieldsOf } from "./outbox.js";
import { midOf } from "./targets.js";
import { newUuid } from "./uuid.js";
import { sendable } from "./verbs.js";
import { messageById, waitingActions } from "./views.js";

/** @param {object} open Unlocked @param {string} cid @param {string} id of a Message of mine @param {string} text @returns {Promise<object>} Message @throws NOT_FOUND, ACTION_NOT_OWNER, EMPTY_TEXT, TEXT_TOO_LONG */
export function edit(open, cid, id, text) {
  const body = sendable(text);
  return change(open, cid, id, (row) => (row.text === body ? null : { kind: "edit", text: body, fields: { rev: nextRev(row) } }));
}

/** For both. @param {object} open @param {string} cid @param {string} id of a Message of mine @returns {Promise<object>} Message @throws NOT_FOUND, ACTION_NOT_OWNER */
export function erase(open, cid, id) {
  return change(open, cid, id, ({ file }) => ({ kind: "delete", fields: {}, drops: file?.blob }));
}

/** @param {object} open @param {string} cid @param {string} id @param {string} sign one grapheme @param {boolean} on @returns {Promise<object>} Message @throws NOT_FOUND, BAD_CONTENT */
export function react(open, cid, id, sign, on) {
  return change(open, cid, id, () => ({ kind: "react", fields: { e: sign, on } }));
}

// One after another, so that each sees what was done before. null: nothing is to be done.
async function change(open, cid, id, wishOf) {
  const message = await open.locks.with(cid, async () => {
    const found = await open.targets.byId(cid, id);
    const target = midOf(found);
    const row = changedByAll(found.value, waitingActions(open.outbox, open.chats.get(cid)));
    if (row.deleted) throw new ChatError("NOT_FOUND");
    const wish = wishOf(row);
    if (wish) await keep(open, cid, { row, target, wish });
    return messageById(open, cid, id);
  });
  open.events.emit("message", { message, isNew: false });
  open.events.emit("conversations");
  open.sending.run(cid);
  return message;
}

async function keep({ outbox, clock, me }, cid, { row, target, wish }) {
  const code = refusalOf(row, { t: wish.kind, uid: me.uid });
  if (code) throw new ChatError(code);
  const entry = outbox.make({ cid, id: newUuid(), at: clock.now(), ...wish, fields: { target, ...wish.fields } });
  encodeContent({ v: 1, t: entry.kind, id: entry.id, ts: entry.at, ack: {}, ...fieldsOf(entry) }); // what nobody would take is said now
  await outbox.keep(entry);
}
