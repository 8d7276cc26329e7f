/**
 * Messages that are known to be missing, and the place that is kept for each. Inside a sender the counter is the order, and nothing
 * stands above what it acknowledges (protocol.md, section 8): who comes late takes that place, whatever the server's order says.
 */

import { hex } from "../lib/bytes.js";
import { SKIP_MAX } from "../crypto/labels.js";
import { placeOf } from "../store/mail.js";

const WIDTH = 4_096; // places of one gap, above SKIP_MAX: those of a sequence number are whole, these lie between two

/**
 * Counters from `from` up to `to` (not included) of `did` in the present epoch have not come. `first` is the one that stands at `base`.
 * `own`: this browser wrote them and shows them as waiting, so no line tells of them. `by`: who acknowledged them; null: their own sender
 * left them out. `told`: said to be held back.
 * @typedef {{did: string, own: boolean, first: number, from: number, to: number, base: number, at: number,
 *   by: {did: string, counter: number}|null, told: boolean}} Gap
 */

/**
 * What a message shows to be missing before it: lower counters of its sender, and what it acknowledges.
 * @param {object} draft @param {object} event @param {object} opened @param {{did: string, heads: Map<string, number>}} parts heads: next counter by did
 */
export function findGaps(draft, event, { header, gap, content }, { did: ownDid, heads }) {
  const { ownAccepted, crypto } = draft.chat;
  const isMember = new Set(crypto.members.map(({ did }) => hex(did)));
  const by = { did: event.did, counter: header.counter };
  const acked = Object.entries(content.ack).filter(([did]) => did !== event.did && isMember.has(did));
  const spans = acked.map(([did, to]) =>
    did === ownDid ? { did, by, from: ownAccepted, to: Math.min(to, heads.get(did) ?? 0) } : { did, by, from: heads.get(did) ?? 0, to },
  );
  const all = [{ did: event.did, by: null, from: header.counter - gap, to: header.counter }, ...spans];
  const fresh = all.map((span) => ({ ...span, from: Math.max(span.from, knownUpTo(draft.chat.gaps, span.did)) }));
  fresh
    .filter(({ from, to }) => from < to && to - from <= SKIP_MAX)
    .forEach((span, nth) => open(draft, { ...span, own: span.did === ownDid, base: placeOf(event.seq, -1 - nth), at: event.at }));
}

/**
 * The place that was kept for a message that comes late; its line shrinks or goes.
 * @param {object} draft @param {{did: string, counter: number, ack: Record<string, number>}} message
 * @returns {number|null} null: it comes in its turn, as one that acknowledges whoever said that it was missing
 */
export function takePlace(draft, { did, counter, ack }) {
  const gap = draft.chat.gaps.find((one) => one.did === did && one.from <= counter && counter < one.to);
  if (!gap) return null;
  const rest = [{ ...gap, to: counter }, { ...gap, from: counter + 1 }].filter(({ from, to }) => from < to);
  draft.set({ gaps: [...draft.chat.gaps.filter((one) => one !== gap), ...rest] });
  if (gap.from === counter && !gap.own) draft.drop(placeIn(gap, counter));
  rest.forEach((one) => showLine(draft, one));
  const isLie = gap.by !== null && (ack[gap.by.did] ?? 0) > gap.by.counter;
  return isLie ? null : placeIn(gap, counter);
}

/** One line for all that come late without a message in its turn between them. @param {object} draft @param {{seq: number, at: number}} event */
export function tellLate(draft, { seq, at }) {
  const { late } = draft.chat;
  const count = late ? late.count + 1 : 1;
  if (late) draft.drop(placeOf(late.seq, 1));
  draft.notice(seq, "ORDER_CHANGED", at, { count });
  draft.set({ late: { seq, count } });
}

/** Those that did not come in time are said to be held back. @param {object} draft @param {Set<number>} bases of the gaps that waited */
export function tellWithheld(draft, bases) {
  const due = untold(draft.chat).filter(({ base }) => bases.has(base));
  draft.set({ gaps: draft.chat.gaps.map((gap) => (due.includes(gap) ? { ...gap, told: true } : gap)) });
  due.forEach((gap) => showLine(draft, { ...gap, told: true }));
}

/** @param {{gaps: Gap[]}} chat @returns {Gap[]} of which nobody said that they may be held back */
export function untold({ gaps }) {
  return gaps.filter(({ own, told }) => !own && !told);
}

function open(draft, span) {
  const gap = { ...span, first: span.from, told: false };
  draft.set({ gaps: [...draft.chat.gaps, gap] });
  showLine(draft, gap);
}

function showLine(draft, gap) {
  if (gap.own) return;
  const code = gap.told ? "MESSAGES_WITHHELD" : "COUNTER_GAP";
  const value = { kind: "missing", mine: false, code, at: gap.at, detail: { count: gap.to - gap.from } };
  draft.put({ cid: draft.chat.cid, place: placeIn(gap, gap.from), value }, true);
}

function placeIn({ base, first }, counter) {
  return base + (counter - first) / WIDTH;
}

function knownUpTo(gaps, did) {
  return gaps.reduce((top, gap) => (gap.did === did ? Math.max(top, gap.to) : top), 0);
}
