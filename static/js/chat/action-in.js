/** What arrives about another message: an edit, a delete, a reaction, a reply. Only what is kept here is ever shown of its target. */

import { hex } from "../lib/bytes.js";
import { placeOf } from "../store/mail.js";
import { changed, refusalOf } from "./actions.js";
import { newestOf } from "./conversations.js";
import { come, wait } from "./waiting.js";

const CLOSE = 2 ** -22; // nothing stands between a message and what is moved beside it
const FINEST = 2 ** -50; // of a place: a smaller step would be lost in the number of a very long chat

/** @typedef {{targets: object, ring: object, clock: object}} ActionParts */

/** @param {object} draft @param {object} event @param {import("./actions.js").Action} action @param {ActionParts} parts */
export async function applyAction(draft, { seq, at, uid, did }, action, parts) {
  const event = { seq, at, uid, did };
  const tag = await parts.targets.tagOf(draft.chat.cid, action.target);
  const found = await parts.targets.withTag(tag, draft);
  if (found) return act(draft, found, { action, event });
  const line = draft.quiet ? null : placeOf(seq);
  if (line !== null) draft.refuse(event, "ACTION_UNKNOWN_TARGET");
  return wait(draft, tag, { action, line, event }, parts);
}

/**
 * A message takes its place: never above what it answers, never below what answers it, changed by what already waited for it.
 * @param {object} draft @param {{place: number, tag: string, row: object, was?: string|null, ack?: Record<string, number>, isNew: boolean}} message tag: of its content id; was: its mid before a rewritten past, by which others may still name it
 * @param {ActionParts} parts @returns {Promise<number>} its place
 */
export async function putMessage(draft, { place: wanted, tag, row, was = null, ack = {}, isNew }, parts) {
  const { cid } = draft.chat;
  const midTag = await parts.targets.tagOf(cid, hex(row.mid));
  const wasTag = was && (await parts.targets.tagOf(cid, was));
  const waiting = [...(await come(draft, midTag, parts)), ...(wasTag ? await come(draft, wasTag, parts) : [])];
  const replies = await repliesAmong(draft, waiting, { row, ack }, parts);
  const answered = await targetOf(draft, row, parts);
  const behind = answered && answered.place > wanted ? await freeBeside(draft, answered.place, 1, parts) : wanted;
  const first = replies.reduce((least, one) => (one.place < (least?.place ?? behind) ? one : least), null);
  const place = first ? await freeBeside(draft, first.place, -1, parts) : behind;
  draft.put({ cid, place, tags: [tag, midTag, ...(wasTag ? [wasTag] : [])], value: answered ? { ...row, reId: answered.value.id } : row }, isNew);
  if (row.re && !answered) await waitForTarget(draft, { place, row }, parts);
  replies.forEach((one) => draft.put({ ...one, value: { ...one.value, reId: row.id } }, false));
  for (const one of waiting.filter(({ action }) => action)) await actLate(draft, draft.found(midTag), one, parts);
  return place;
}

/**
 * The same content came again under another mid, as after a rewritten past: what is said about it from now on finds it, too.
 * @param {object} draft @param {{cid: string, place: number, tags: string[], value: object}} found @param {Uint8Array} mid @param {ActionParts} parts
 */
export async function putAgain(draft, found, mid, parts) {
  const tag = await parts.targets.tagOf(draft.chat.cid, hex(mid));
  if (!found.tags.includes(tag)) putChanged(draft, { ...found, tags: [...found.tags, tag] }, { ...found.value, mid });
}

function act(draft, found, { action, event }) {
  const code = refusalOf(found.value, action);
  if (code) return draft.refuse(event, code);
  const value = changed(found.value, action);
  return value === found.value ? undefined : putChanged(draft, found, value);
}

/** @param {object} draft @param {{place: number, tags: string[]}} found @param {object} value the row from now on */
export function putChanged(draft, { place, tags }, value) {
  const { cid, last } = draft.chat;
  draft.put({ cid, place, tags, value }, false);
  if (last?.id === value.id) draft.set({ last: newestOf(value) });
}

// The line that told of it goes, or now says why it was refused.
async function actLate(draft, found, { action, event, line }, { targets }) {
  const told = line === null ? null : await targets.at(line, draft);
  if (told?.value.code === "ACTION_UNKNOWN_TARGET") draft.takeBack(line);
  act(draft, found, { action, event });
}

async function targetOf(draft, row, { targets }) {
  const found = row.re ? await targets.byMid(draft.chat.cid, row.re, draft) : null;
  return found && !isBehind(found.value, {}, row) ? found : null;
}

async function waitForTarget(draft, { place, row }, parts) {
  const tag = await parts.targets.tagOf(draft.chat.cid, row.re);
  await wait(draft, tag, { reply: place }, parts);
}

// A mid can be known in advance: whoever acknowledges a reply, or was sealed behind it, is not what it answers.
async function repliesAmong(draft, waiting, { row, ack }, { targets }) {
  const found = await Promise.all(waiting.filter(({ reply }) => reply !== undefined).map(({ reply }) => targets.at(reply, draft)));
  return found.filter((reply) => reply?.value.re === hex(row.mid) && !isBehind(row, ack, reply.value));
}

function isBehind(row, ack, reply) {
  const isSameChain = row.did === reply.did && row.epoch === reply.epoch;
  if (isSameChain) return row.counter > reply.counter;
  return row.epoch > reply.epoch || (row.epoch === reply.epoch && (ack[reply.did] ?? 0) > reply.counter);
}

async function freeBeside(draft, place, way, { targets }) {
  const step = way * Math.max(CLOSE, place * FINEST);
  let free = place + step;
  while (await targets.at(free, draft)) free += step;
  return free;
}
