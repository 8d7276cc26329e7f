/**
 * Pure bookkeeping of a long chat: all messages that were read from the store, and the slice of them that stands in the
 * page. Ten thousand messages stay some eighty rows: a message is one, many refusals behind each other are one together.
 */
import { dayKey } from "./dates.js";
import { isLine, isSaidAbove } from "./message-words.js";

const FIRST = 5; // rows that a chat begins with: what each of them needs is made and read for the first time
const BEFORE = 3; // of them above what one went to
const STEP = 10; // rows that are drawn at once: more would hold the page
const MOST_IN_PAGE = 80; // rows, where the screen does not show more
const LEAST_ROW_PX = 32;
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

/** The first index whose value is not below this one. @param {number[]} ascending */
function placeIn(ascending, value) {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class MessageWindow {
  items = [];
  more = false;
  from = 0;
  to = 0;
  #starts = null; // of items, by rows
  #most = MOST_IN_PAGE;

  /** @param {object[]} items oldest first  @param {boolean} more */
  reset(items, more) {
    this.items = [...items];
    this.more = more;
    this.#starts = null;
    this.toEnd();
  }

  /** @param {number} px so high is what has to be drawn: what one sees, and what lies next to it */
  fit(px) {
    this.#most = Math.max(MOST_IN_PAGE, Math.ceil(px / LEAST_ROW_PX) + 2 * STEP);
  }

  toEnd() {
    const end = this.#rows.length;
    this.#show(end - FIRST, end);
  }

  /** Where each row begins in `items`; counted anew when these changed. */
  get #rows() {
    this.#starts ??= startsOfRows(this.items);
    return this.#starts;
  }

  /** @param {number} first  @param {number} end  rows; what lies outside is left out */
  #show(first, end) {
    const edge = (row) => this.#rows[row] ?? this.items.length;
    this.from = edge(Math.max(0, first));
    this.to = edge(end);
  }

  /** Without the first ones where it would be too many. @param {number} first  @param {number} end  rows */
  #endAt(first, end) {
    this.#show(Math.max(first, end - this.#most), end);
  }

  /** @returns {[number, number]} rows */
  get #shownRows() {
    return [placeIn(this.#rows, this.from), placeIn(this.#rows, this.to)];
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
    this.#starts = null;
    this.from += fresh.length;
    this.to += fresh.length;
    this.more = more && items.length > 0;
  }

  /** @returns {boolean} whether there was something older at hand */
  older() {
    if (this.from === 0) return false;
    const [was, end] = this.#shownRows;
    const first = Math.max(0, was - STEP);
    this.#show(first, Math.min(end, first + this.#most));
    return true;
  }

  /** @returns {boolean} whether there was something newer at hand */
  newer() {
    if (this.atEnd) return false;
    const [first, was] = this.#shownRows;
    this.#endAt(first, Math.min(this.#rows.length, was + STEP));
    return true;
  }

  /** A message came or changed; what stands above all that was read so far will be read in its turn. @returns {boolean} whether it is new here */
  put(message) {
    if (this.more && this.items.length && message.order !== null && message.order < this.items[0].order) return false;
    const at = this.items.findIndex(({ id }) => id === message.id);
    this.#starts = null;
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
    if (this.to - this.from > this.#most) this.#endAt(...this.#shownRows);
  }

  /** @param {string} id */
  remove(id) {
    const at = this.items.findIndex((one) => one.id === id);
    if (at < 0) return;
    this.items.splice(at, 1);
    this.#starts = null;
    if (at < this.from) this.from -= 1;
    if (at < this.to) this.to -= 1;
  }

  /** Shows the part of the list around one message; the rest comes step by step. @param {number} index */
  around(index) {
    const first = Math.max(0, placeIn(this.#rows, index + 1) - 1 - BEFORE);
    this.#show(first, first + STEP);
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

/** @returns {number} where the refusals that are one line end, when enough of them are behind each other; else the next message */
function endOfRow(items, start) {
  let end = start;
  while (end < items.length && isRefusal(items[end]) && items[end].at - items[start].at < MANY_MS) end += 1;
  return end - start < MANY_REFUSED ? start + 1 : end;
}

/** @param {object[]} items  @returns {number[]} where each row begins */
function startsOfRows(items) {
  const starts = [];
  for (let at = 0; at < items.length; at = endOfRow(items, at)) starts.push(at);
  return starts;
}

/** @param {object[]} shown @param {string|null} unreadFrom @returns {object[]} with one line in the place of many refusals behind each other */
function folded(shown, unreadFrom) {
  return startsOfRows(shown).map((start, row, starts) => {
    const run = shown.slice(start, starts[row + 1]);
    return run.length === 1 ? run[0] : lineOfMany(run, unreadFrom);
  });
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
