/** How far the peer has what this person wrote: only from what the peer's own browsers authenticated (protocol.md, sections 6 and 8). */

import { hex } from "../lib/bytes.js";
import { receivedWithoutGap } from "../crypto/chain.js";
import { NEXT } from "../crypto/labels.js";

/** @typedef {Map<number, Map<string, number>>} Reached epoch -> own did -> next counter that the peer has */

/** @param {object} chat @param {{epoch: number, did: string, counter: number}} sent @returns {boolean} */
export function isDelivered(chat, { epoch, did, counter }) {
  return (chat.delivered.get(epoch)?.get(did) ?? 0) > counter;
}

/**
 * What the acknowledgements of a peer's message say. A message of a later epoch also keeps the promise of my own records before it: the
 * peer took their finals, or would have cried MESSAGES_WITHHELD.
 * @param {object} chat @param {number} epoch of the message @param {import("../crypto/content.js").Content} content @param {string} myUid
 * @returns {{delivered: Reached, promised: Reached}}
 */
export function reachedByMessage(chat, epoch, { ack, ack_before: ackBefore = {} }, myUid) {
  const kept = [...chat.promised].filter(([before]) => before < epoch);
  const promised = kept.length ? new Map([...chat.promised].filter(([before]) => before >= epoch)) : chat.promised;
  const delivered = kept.reduce((reached, [before, counters]) => withReached(reached, before, [...counters]), chat.delivered);
  const [now, before] = [ack, ackBefore].map((counters) => ofMine(chat, Object.entries(counters), myUid));
  return { delivered: withReached(withReached(delivered, epoch, now), epoch - 1, before), promised };
}

/**
 * What the finals of a record say: the peer's, what it has of the epoch that ended; my own, what it must have to go on.
 * @param {object} chat before the record @param {object} core @param {string} myUid
 * @returns {{delivered: Reached, promised: Reached}}
 */
export function reachedByRecord(chat, core, myUid) {
  const { delivered, promised } = chat;
  if (core.kind !== NEXT) return { delivered, promised };
  const finals = ofMine(chat, core.finals.map(({ did, nextCounter }) => [hex(did), nextCounter]), myUid);
  const isFromPeer = hex(core.sUid) !== myUid || chat.peer === myUid;
  if (isFromPeer) return { delivered: withReached(delivered, core.epoch - 1, finals), promised };
  return { delivered, promised: withReached(promised, core.epoch - 1, finals) };
}

/**
 * What the peer wrote in the epoch that a record ends and the record does not count, since both were under way at once: told in the new
 * epoch as `ack_before`, for no other word of it reaches the peer any more.
 * @param {object} chat before the record @param {object} core @param {string} ownDid @returns {Map<string, number>} did of the peer -> next counter
 */
export function uncountedByRecord(chat, core, ownDid) {
  if (core.kind !== NEXT) return new Map();
  const counted = new Map(core.finals.map(({ did, nextCounter }) => [hex(did), nextCounter]));
  const theirs = [...chat.chains.values()].filter(({ uid, epoch }) => hex(uid) === chat.peer && epoch === core.epoch - 1);
  const received = theirs.map((chain) => [hex(chain.did), receivedWithoutGap(chain)]);
  return new Map(received.filter(([did, next]) => did !== ownDid && next > (counted.get(did) ?? 0)));
}

// Only what is said of this person's own browsers.
function ofMine({ crypto }, counters, myUid) {
  const mine = new Set(crypto.members.filter(({ uid }) => hex(uid) === myUid).map(({ did }) => hex(did)));
  return counters.filter(([did]) => mine.has(did));
}

// A new map, never less.
function withReached(reached, epoch, counters) {
  const known = reached.get(epoch) ?? new Map();
  const news = counters.filter(([did, next]) => next > (known.get(did) ?? 0));
  return news.length ? new Map(reached).set(epoch, new Map([...known, ...news])) : reached;
}
