/** Messages out of the server's sequence: opened, or kept as missing with the reason; never dropped (protocol.md, section 7). */

import { inSlices, rest } from "../lib/breath.js";
import { equal, hex, unhex } from "../lib/bytes.js";
import { dropExpired } from "../crypto/chain.js";
import { chainKey, openEnvelopes, parseHeader } from "../crypto/envelope.js";
import { ProtocolError } from "../crypto/errors.js";
import { CLOCK_SKEW_MS } from "../crypto/labels.js";
import { placeOf } from "../store/mail.js";
import { isSilent } from "./acks.js";
import { actionOf, isAction } from "./actions.js";
import { applyAction, putAgain, putMessage } from "./action-in.js";
import { fileIn } from "./attachments.js";
import { isOutside, newestOf } from "./conversations.js";
import { reachedByMessage } from "./delivered.js";
import { lineId, tagOf } from "./draft.js";
import { findGaps, takePlace, tellLate } from "./gaps.js";
import { isBubble } from "./kinds.js";
import { openedOfEntry } from "./outbox.js";
import { applyReceipt, owe } from "./receipts.js";
import { forgetOverdue } from "./waiting.js";

const UNREAD_MAX = 1_000; // counted; more are there, but not counted
const MISSING_MAX = 10_000; // remembered, to be read when the keys come
const SKEW = "CLOCK_SKEW";
const TAGGED_AT_ONCE = 8;
const MIDS_KEPT = 128; // for each sender; older ones are refused by their counter all the same

/**
 * @param {import("./draft.js").Draft} draft @param {object[]} events of kind message, in a row
 * @param {{me: {uid: string}, did: string, outbox: object, targets: object, ring: object, clock: object}} parts
 */
export async function applyMessages(draft, events, parts) {
  const own = new Map(events.map((event) => [event, ownEntry(draft.chat.cid, event, parts)]));
  const heads = new Map([...draft.chat.chains.values()].map(({ did, next }) => [hex(did), next]));
  const { results, chains } = await openAll(draft.chat, events.filter((event) => !own.get(event)), parts);
  draft.set({ chains });
  forgetOverdue(draft, parts);
  const told = events.map((event) => ({ event, entry: own.get(event), ...(own.get(event) ? { opened: openedOfEntry(own.get(event)) } : results.shift()) }));
  const stored = await storedOf(draft.chat, told.filter(({ opened }) => opened && showsSomething(opened.content.t)), parts);
  for (const one of told) {
    if (one.entry) await keepOwn(draft, one, { ...parts, stored });
    else await keepOne(draft, one, { ...parts, heads, stored });
    await rest();
  }
}

// What is here already of these messages, by event: looked up in one go.
async function storedOf({ cid }, told, { targets }) {
  const tags = [];
  await inSlices(told, TAGGED_AT_ONCE, async (slice) => tags.push(...(await Promise.all(slice.map(({ event, opened }) => tagOf(cid, event.uid, opened.content.id))))));
  const rows = await targets.withTags(tags);
  return new Map(told.map(({ event }, i) => [event, { tag: tags[i], row: rows.get(tags[i]) }]));
}

function showsSomething(t) {
  return !isSilent(t) && !isAction(t);
}

// What stands in the log under an own number, but is not what was sealed here, is read like anything else.
function ownEntry(cid, { did, clientId, blob }, parts) {
  const entry = did === parts.did ? parts.outbox.byClientId(cid, clientId) : undefined;
  return entry && equal(entry.sealed.envelope, blob) ? entry : undefined;
}

function openAll(chat, events, { clock }) {
  const nowMs = clock.now();
  const chains = new Map([...chat.chains].map(([key, chain]) => [key, chain.skipped.length ? dropExpired(chain, nowMs) : chain]));
  const epochs = new Map(chat.keys ? [[chat.keys.epoch, chat.keys]] : []);
  const items = events.map(({ blob, uid, did }) => ({ envelope: blob, sender: { uid: unhex(uid), did: unhex(did) }, seenMid: seenMid(chat, blob, did) }));
  return openEnvelopes(items, { cid: unhex(chat.cid), epochs, chains, nowMs });
}

function seenMid({ seen, keys }, blob, did) {
  try {
    const header = parseHeader(blob);
    if (header.epoch !== keys?.epoch) return null;
    return seen.get(did)?.find(([counter]) => counter === header.counter)?.[1] ?? null;
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

// What this browser sealed itself: what it says is in the outbox.
async function keepOwn(draft, { event, entry, opened }, parts) {
  const { sealed } = entry;
  if (draft.entries.includes(entry)) return;
  const isPresent = sealed.epoch === draft.chat.crypto.epoch;
  const late = isPresent ? takePlace(draft, { did: event.did, counter: sealed.counter, ack: {} }) : null;
  await keepContent(draft, event, { opened, isMine: true, late, isNew: false, was: entry.was ?? null }, parts);
  if (isPresent) {
    remember(draft, event, { header: sealed, mid: sealed.mid });
    draft.set({ ownAccepted: sealed.counter + 1 });
  }
  draft.ring.push({ name: entry.name });
  draft.entries.push(entry);
}

async function keepOne(draft, { event, opened, error }, parts) {
  if (error) keepRefused(draft, event, error);
  else await keepOpened(draft, event, opened, parts);
}

function keepRefused(draft, event, { code }) {
  if (code === "DUPLICATE") return;
  if (code === "NO_EPOCH_KEY" && draft.chat.crypto.timerS && isOutside(draft.chat)) return; // section 12: nothing in mode 1
  draft.refuse(event, code);
  if (code === "NO_EPOCH_KEY") draft.set({ missing: [...draft.chat.missing, event.seq].slice(-MISSING_MAX) });
}

async function keepOpened(draft, event, opened, parts) {
  const { header, content } = opened;
  const { chat } = draft;
  const isMine = event.uid === parts.me.uid;
  remember(draft, event, opened);
  if (event.did === parts.did) meetOwn(draft, header);
  const late = takePlace(draft, { did: event.did, counter: header.counter, ack: content.ack });
  if (late === null) findGaps(draft, event, opened, parts);
  parts.heads.set(event.did, opened.chain.next);
  if (!isMine || chat.peer === parts.me.uid) draft.set(reachedByMessage(chat, header.epoch, content, parts.me.uid));
  if (isMine) settle(draft, content, parts);
  await keepContent(draft, event, { opened, isMine, late, isNew: true }, parts);
}

// Sealed by these keys, unknown here: an older copy of this browser. What it wrote since counts, or the next record would tell of messages held back.
function meetOwn(draft, { counter }) {
  draft.block("STATE_ROLLBACK");
  draft.set({ ownAccepted: Math.max(draft.chat.ownAccepted, counter + 1) });
}

// What says nothing of its own leaves no row.
async function keepContent(draft, event, given, parts) {
  const { opened, isMine } = given;
  const { content } = opened;
  if (content.t === "receipt") return applyReceipt(draft, event, content, parts);
  if (content.t === "sync" && draft.chat.peer === parts.me.uid) draft.syncs.push(content);
  if (isSilent(content.t)) return undefined;
  if (isAction(content.t)) return applyAction(draft, event, actionOf(event, opened), parts);
  const { tag, row } = parts.stored.get(event);
  const known = draft.found(tag) ?? row;
  if (known) return putAgain(draft, known, opened.mid, parts);
  return showContent(draft, event, { ...given, tag, id: isMine ? content.id : tag }, parts);
}

/**
 * A message whose keys came later, in the place that was kept for it; what shows nothing, or stands elsewhere, leaves no place.
 * @param {import("./draft.js").Draft} draft @param {object} event @param {object} opened @param {{me: {uid: string}, targets: object}} parts
 */
export async function applyLate(draft, event, opened, parts) {
  const { content } = opened;
  const { cid, missing } = draft.chat;
  draft.set({ missing: missing.filter((seq) => seq !== event.seq) });
  draft.takeBack(placeOf(event.seq));
  if (content.t === "receipt") return applyReceipt(draft, event, content, parts);
  if (isSilent(content.t)) return undefined;
  if (isAction(content.t)) return applyAction(draft, event, actionOf(event, opened), parts);
  const tag = await tagOf(cid, event.uid, content.id);
  const row = rowOf(event, { opened, isMine: event.uid === parts.me.uid, id: lineId(cid, event.seq) });
  const place = placeOf(event.seq);
  const known = await parts.targets.withTag(tag, draft);
  if (known) return known.place > place ? draft.move(known, place) : undefined; // what was sent twice stands where it came first
  return putMessage(draft, { place, tag, row, isNew: false }, parts);
}

// Sent under earlier keys of this browser: what waits with the same id is settled.
function settle(draft, { id }, { outbox }) {
  const waiting = outbox.of(draft.chat.cid).find((entry) => entry.id === id && !draft.entries.includes(entry));
  if (!waiting) return;
  draft.ring.push({ name: waiting.name });
  draft.entries.push(waiting);
}

function remember(draft, { did }, { header, mid }) {
  const mids = [...(draft.chat.seen.get(did) ?? []), [header.counter, mid]].slice(-MIDS_KEPT);
  draft.set({ seen: new Map(draft.chat.seen).set(did, mids) });
}

/**
 * @param {{uid: string, did: string, at: number}} event @param {{opened: object, isMine: boolean, id: string}} given id: the name under which the interface knows it
 * @returns {object} row of the mail store
 */
export function rowOf(event, { opened, isMine, id }) {
  const { header, mid, content, supported } = opened;
  const kind = supported && isBubble(content.t) ? content.t : "unsupported";
  const detail = !isMine && Math.abs(content.ts - event.at) > CLOCK_SKEW_MS ? { clockSkew: true } : null;
  const sent = { epoch: header.epoch, did: event.did, counter: header.counter };
  const said = { text: kind === "text" ? content.body : "", re: kind === "text" ? content.re : undefined, file: kind === "file" ? fileIn(content) : undefined };
  return { id, kind, mine: isMine, ...said, at: content.ts, detail, uid: event.uid, mid, ...sent };
}

async function showContent(draft, event, { opened, tag, id, isMine, late, isNew, was = null }, parts) {
  const row = rowOf(event, { opened, isMine, id });
  const inTurn = placeOf(event.seq);
  const place = await putMessage(draft, { place: late ?? inTurn, tag, row, was, ack: opened.content.ack, isNew }, parts);
  if (place === inTurn) draft.set({ last: newestOf(draft.found(tag).value), late: null });
  else tellLate(draft, event);
  draft.set({ updatedAt: event.at });
  tellSkew(draft, event, row);
  if (isMine) return draft.set({ wrote: true });
  countUnread(draft, event);
  return owe(draft, event.seq, row.mid, parts.me.uid);
}

// Once, until the clocks agree again.
function tellSkew(draft, { seq, at }, { mine, detail }) {
  const { standing } = draft.chat;
  const isKnown = standing.includes(SKEW);
  if (mine || isKnown === (detail?.clockSkew === true)) return;
  if (!isKnown) draft.notice(seq, SKEW, at);
  draft.set({ standing: isKnown ? standing.filter((code) => code !== SKEW) : [...standing, SKEW] });
}

function countUnread(draft, event) {
  const { unread, readSeq } = draft.chat;
  const isUnread = !draft.quiet && event.seq > readSeq;
  draft.set({ unread: isUnread ? [...unread, event.seq].slice(-UNREAD_MAX) : unread, ackOwed: draft.quiet ? draft.chat.ackOwed : true });
}

/** @param {object} chat @param {string} did own @returns {object|null} the own chain of the present epoch */
export function ownChain(chat, did) {
  return chat.chains.get(chainKey(chat.crypto.epoch, unhex(did))) ?? null;
}
