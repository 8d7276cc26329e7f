/**
 * Who has read what: told for messages that show something, once the person has seen them, and only to people to whom the person has
 * written; believed only when the one who read says it under seal (protocol.md, section 8; attacks A52 and A60).
 */

import { hex } from "../lib/bytes.js";
import { RECEIPT_MAX } from "../crypto/labels.js";
import { putChanged } from "./action-in.js";

const UNTOLD_MAX = 200; // the newest; older ones stay without a receipt

/** A message of the other person came. @param {object} draft @param {number} seq @param {Uint8Array} mid @param {string} myUid */
export function owe(draft, seq, mid, myUid) {
  const { untold, peer } = draft.chat;
  if (!draft.quiet && peer !== myUid) draft.set({ untold: [...untold, [seq, hex(mid)]].slice(-UNTOLD_MAX) });
}

/** @param {object} chat @param {{receipts: boolean}} settings @returns {string[]} mids of what was read and not told */
export function dueReceipts(chat, { receipts }) {
  if (!receipts || !chat.wrote) return [];
  return chat.untold.filter(([seq]) => seq <= chat.readSeq).slice(0, RECEIPT_MAX).map(([, mid]) => mid);
}

/** The person has read up to `readSeq`; what nobody may know is forgotten. @param {object} chat @param {number} readSeq @param {{receipts: boolean}} settings @returns {object} chat */
export function readUpTo(chat, readSeq, { receipts }) {
  const unread = chat.unread.filter((seq) => seq > readSeq);
  const untold = receipts && chat.wrote ? chat.untold : chat.untold.filter(([seq]) => seq > readSeq);
  return { ...chat, readSeq, unread, untold };
}

/** @param {object} chat @param {string[]} mids @returns {[number, string][]} what is still to be told after these were */
export function untoldAfter({ untold }, mids) {
  const told = new Set(mids);
  return untold.filter(([, mid]) => !told.has(mid));
}

/** @param {object} draft @param {{uid: string}} event @param {{seen: string[]}} content @param {{me: {uid: string}, targets: object}} parts */
export async function applyReceipt(draft, { uid }, { seen }, { me, targets }) {
  if (uid === me.uid) return readElsewhere(draft, seen);
  for (const mid of seen) {
    const found = await targets.byMid(draft.chat.cid, mid, draft);
    if (found?.value.mine && !found.value.read) putChanged(draft, found, { ...found.value, read: true });
  }
  return undefined;
}

// Another browser of mine told it: here it is read, too.
function readElsewhere(draft, seen) {
  const { untold, unread, readSeq } = draft.chat;
  const mids = new Set(seen);
  const seqs = untold.filter(([, mid]) => mids.has(mid)).map(([seq]) => seq);
  const rest = unread.filter((seq) => !seqs.includes(seq));
  const upTo = Math.max(readSeq, ...seqs);
  draft.set({ untold: untoldAfter(draft.chat, seen), unread: rest, readSeq: rest.some((seq) => seq <= upTo) ? readSeq : upTo });
}
