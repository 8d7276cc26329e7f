/**
 * Pure bookkeeping of a long chat: all messages that were read from the store, and the slice of them that stands in the
 * page. Ten thousand messages stay a few hundred nodes.
 */
import { dayKey } from "./dates.js";
import { isLine, isSaidAbove } from "./message-words.js";

export const STEP = 15; // messages that are drawn at once: more would hold the page
export const MOST_IN_PAGE = 240;
const RUN_MS = 5 * 60_000;
const MANY_REFUSED = 10; // protocol.md, section 13: within a minute they become one line
const MANY_MS = 60_000;
const GAPS = new Set(["COUNTER_GAP", "SEQ_GAP", "MESSAGES_WITHHELD"]); // nothing was refused there

/** @param {object[]} items  @param {object} message  @returns {number} where it belongs; what has no order yet stands at the end */
function placeOf(items, { order }) {
  if (order === null) return items.length;
  let at = items.length;
  while (at > 0 && (items[at - 1].order === null || items[at - 1].order > order)) at -= 1;
  return at;
}

export class MessageWindow {
  items = [];
  more = false;
  from = 0;
  to = 0;

  /** @param {object[]} items oldest first  @param {boolean} more */
  reset(items, more) {
    this.items = [...items];
    this.more = more;
    this.toEnd();
  }

  toEnd() {
    this.to = this.items.length;
    this.from = Math.max(0, this.to - STEP);
  }

  get atEnd() {
    return this.to === this.items.length;
  }

  /** What the store is asked for next: everything before this sequence number. */
  get oldestSeq() {
    return this.items.find(({ seq }) => seq !== null && seq !== undefined)?.seq;
  }

  get shown() {
    return this.items.slice(this.from, this.to);
  }

  /** @param {{unread: number, readSeq: number}} conversation  @returns {string|null} id */
  firstUnread({ unread, readSeq }) {
    if (!unread) return null;
    return this.items.find((one) => !one.mine && one.kind !== "notice" && one.seq !== null && one.seq > (readSeq ?? -1))?.id ?? null;
  }

  /** Older messages came from the store. */
  prepend(items, more) {
    const known = new Set(this.items.map(({ id }) => id));
    const fresh = items.filter(({ id }) => !known.has(id));
    this.items.unshift(...fresh);
    this.from += fresh.length;
    this.to += fresh.length;
    this.more = more && items.length > 0;
  }

  /** @returns {boolean} whether there was something older at hand */
  older() {
    if (this.from === 0) return false;
    this.from = Math.max(0, this.from - STEP);
    this.to = Math.min(this.to, this.from + MOST_IN_PAGE);
    return true;
  }

  /** @returns {boolean} whether there was something newer at hand */
  newer() {
    if (this.atEnd) return false;
    this.to = Math.min(this.items.length, this.to + STEP);
    this.from = Math.max(this.from, this.to - MOST_IN_PAGE);
    return true;
  }

  /** A message came or changed; what stands above all that was read so far will be read in its turn. @returns {boolean} whether it is new here */
  put(message) {
    if (this.more && this.items.length && message.order !== null && message.order < this.items[0].order) return false;
    const at = this.items.findIndex(({ id }) => id === message.id);
    if (at < 0) this.#insert(message);
    else if (this.#fits(at, message)) this.items[at] = message;
    else this.#move(message);
    return at < 0;
  }

  #fits(at, { order }) {
    const [before, after] = [this.items[at - 1], this.items[at + 1]];
    const top = order ?? Infinity;
    return (before?.order ?? -Infinity) <= top && top <= (after?.order ?? Infinity);
  }

  #move(message) {
    this.remove(message.id);
    this.#insert(message);
  }

  #insert(message) {
    const followed = this.atEnd;
    const at = placeOf(this.items, message);
    this.items.splice(at, 0, message);
    if (at < this.from) this.from += 1;
    if (at < this.to || followed) this.to += 1;
    if (this.to - this.from > MOST_IN_PAGE) this.from = this.to - MOST_IN_PAGE;
  }

  /** @param {string} id */
  remove(id) {
    const at = this.items.findIndex((one) => one.id === id);
    if (at < 0) return;
    this.items.splice(at, 1);
    if (at < this.from) this.from -= 1;
    if (at < this.to) this.to -= 1;
  }

  /** Shows the part of the list around one message; the rest comes step by step. @param {number} index */
  around(index) {
    this.from = Math.max(0, index - STEP);
    this.to = Math.min(this.items.length, this.from + 2 * STEP);
  }

  /** Begins at a message that stands above the last ones. @param {string|null} id */
  beginAt(id) {
    const at = this.items.findIndex((one) => one.id === id);
    if (at >= 0 && at < this.from) this.around(at);
  }
}

const joins = (one, other) =>
  Boolean(one && other) && !isLine(one) && !isLine(other) && one.mine === other.mine &&
  Math.abs(other.at - one.at) < RUN_MS && dayKey(one.at) === dayKey(other.at) && one.state !== "failed";

const isRefusal = ({ kind, code }) => kind === "missing" && !GAPS.has(code);

/** @param {object[]} shown @param {string|null} unreadFrom @returns {object[]} with one line in the place of many refusals behind each other */
function folded(shown, unreadFrom) {
  const runs = [];
  for (const message of shown) {
    const run = runs.at(-1);
    const goesOn = run && isRefusal(run[0]) && isRefusal(message) && message.at - run[0].at < MANY_MS;
    if (goesOn) run.push(message);
    else runs.push([message]);
  }
  return runs.flatMap((run) => (run.length < MANY_REFUSED ? run : [lineOfMany(run, unreadFrom)]));
}

function lineOfMany(run, unreadFrom) {
  const { id } = run.find((one) => one.id === unreadFrom) ?? run[0];
  return { ...run[0], id, code: "MANY_REFUSED", detail: { count: run.length, again: run.some(({ code }) => code === "NO_EPOCH_KEY") } };
}

/**
 * What is drawn for a slice: days of messages, each told where in its run it stands.
 * @param {object[]} slice
 * @param {string|null} unreadFrom id of the first unread message
 * @returns {{day: string, id: string, at: number, rows: {message: object, unread: boolean, first: boolean, last: boolean}[]}[]} the same day stands
 *   there again where something of another one stands between (a message of yesterday that could not go out, a clock that goes wrong); each has its id
 */
export function daysOf(slice, unreadFrom) {
  const shown = folded(slice.filter((message) => !isSaidAbove(message)), unreadFrom);
  const days = [];
  shown.forEach((message, at) => {
    const key = dayKey(message.at);
    if (days.at(-1)?.day !== key) days.push({ day: key, id: idOfDay(days, key), at: message.at, rows: [] });
    const unread = message.id === unreadFrom;
    const next = shown[at + 1];
    const first = unread || !joins(shown[at - 1], message);
    const last = next?.id === unreadFrom || !joins(message, next) || next.state !== message.state;
    days.at(-1).rows.push({ message, unread, first, last });
  });
  return days;
}

const idOfDay = (days, key) => `${key}/${days.filter(({ day }) => day === key).length}`;
