/** A change of one chat while it is being worked out: nothing of it holds until it is committed as a whole. */

import { sha256 } from "../crypto/primitives.js";
import { ERROR_CLASSES } from "../crypto/errors.js";
import { hex, utf8 } from "../lib/bytes.js";
import { placeOf } from "../store/mail.js";

const LISTS = ["ring", "mail", "shown", "removed", "opks", "entries", "syncs"];

/** Collects the next state of a chat, rows, ring changes, and what to tell the interface afterwards. */
export class Draft {
  ring = [];
  mail = [];
  shown = []; // rows, with `isNew`
  removed = []; // ids of rows that are gone
  opks = []; // one-time prekeys used up
  entries = []; // of the outbox, that became mail
  syncs = []; // contents of kind sync, to be applied once this holds
  dropsPending = false;
  #after = new Map();

  /** @param {object} chat @param {{quiet?: boolean}} [how] quiet: history, nothing of it is news */
  constructor(chat, { quiet = false } = {}) {
    this.chat = chat;
    this.before = chat;
    this.quiet = quiet;
  }

  /** @returns {object} where it stands, for `backTo` */
  mark() {
    return { chat: this.chat, dropsPending: this.dropsPending, lengths: LISTS.map((name) => this[name].length) };
  }

  /** @param {object} mark what came after it never was */
  backTo({ chat, dropsPending, lengths }) {
    this.chat = chat;
    this.dropsPending = dropsPending;
    LISTS.forEach((name, i) => this[name].splice(lengths[i]));
  }

  /** @param {object} fields of the chat that change */
  set(fields) {
    this.chat = { ...this.chat, ...fields };
  }

  /** A line for an event. @param {number} seq @param {object} value row @param {{isNew?: boolean}} [more] */
  show(seq, value, { isNew = true } = {}) {
    const place = value.kind === "notice" ? this.#placeAfter(seq) : placeOf(seq);
    this.put({ cid: this.chat.cid, place, value }, isNew);
  }

  /** A line without an id of its own goes. @param {number} place */
  drop(place) {
    this.mail.push({ cid: this.chat.cid, place });
    this.removed.push(lineIdAt(this.chat.cid, place));
  }

  /** The line of a refusal that is none any more. @param {number} place */
  takeBack(place) {
    this.drop(place);
    this.set({ refused: this.chat.refused - 1 });
  }

  /** The same line at another place. @param {object} known as the mail store has it @param {number} place */
  move(known, place) {
    this.mail.push({ cid: known.cid, place: known.place });
    this.put({ ...known, place }, false);
  }

  /** @param {object} change of the mail store @param {boolean} isNew */
  put(change, isNew) {
    const row = { id: lineIdAt(change.cid, change.place), ...change.value };
    this.removed = this.removed.filter((id) => id !== row.id);
    this.mail.push({ ...change, value: row });
    this.shown.push({ row: { ...row, place: change.place }, isNew: isNew && !this.quiet });
  }

  /** @param {number} seq @param {string} code @param {number} at @param {object|null} [detail] */
  notice(seq, code, at, detail = null) {
    this.show(seq, { kind: "notice", mine: false, code, detail, at });
    if (ERROR_CLASSES.get(code) === "B") this.block(code, detail);
  }

  /** A line that no event left. @param {number} place @param {{code: string, detail: object|null, at: number, blocks?: boolean}} line blocks: else its class says so */
  noticeAt(place, { code, detail, at, blocks }) {
    this.put({ cid: this.chat.cid, place, value: { kind: "notice", mine: false, code, detail, at } }, true);
    if (blocks ?? ERROR_CLASSES.get(code) === "B") this.block(code, detail);
  }

  /** Nothing is sealed or sent until the person decided; the first reason stays. @param {string} code @param {object|null} [detail] */
  block(code, detail = null) {
    this.set({ blocked: this.chat.blocked ?? { code, detail } });
  }

  /** What stays of a refused event is a line with the reason. @param {object} event @param {string} code */
  refuse({ seq, at, uid, did }, code) {
    this.show(seq, { kind: "missing", mine: false, code, at, detail: { uid, did } });
    this.set({ refused: this.chat.refused + 1 });
    if (ERROR_CLASSES.get(code) === "B") this.block(code);
  }

  /** @param {string} tag @returns {object|undefined} what this change makes of the message that it finds */
  found(tag) {
    return this.mail.findLast(({ tags, value }) => value && tags?.includes(tag));
  }

  /** @param {number} place @returns {object|undefined} what this change makes of a row */
  at(place) {
    return this.mail.findLast((change) => change.place === place && change.value);
  }

  // Notices of one event stand behind each other, and behind its message.
  #placeAfter(seq) {
    const nth = (this.#after.get(seq) ?? 0) + 1;
    this.#after.set(seq, nth);
    return placeOf(seq, nth);
  }
}

/** @param {string} cid @param {number} seq @returns {string} the id of the row that stands for an event without a content id of its own */
export function lineId(cid, seq) {
  return lineIdAt(cid, placeOf(seq));
}

/** @param {string} cid @param {string} id @returns {number|null} */
export function placeOfLine(cid, id) {
  const start = `line:${cid}:`;
  return id.startsWith(start) ? Number(id.slice(start.length)) : null;
}

function lineIdAt(cid, place) {
  return `line:${cid}:${place}`;
}

/** Finds a content id again without keeping it in clear: "id" of one uid is shown once. @param {string} cid @param {string} uid @param {string} id @returns {Promise<string>} */
export async function tagOf(cid, uid, id) {
  return hex((await sha256(utf8(`${cid}/${uid}/${id}`))).slice(0, 16));
}
