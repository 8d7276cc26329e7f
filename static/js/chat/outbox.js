/** What was written and is not yet known to be stored by the server, in order, each entry sealed in the keyring. */

import { fileView } from "./attachments.js";
import { ChatError } from "./codes.js";
import { isBubble } from "./kinds.js";
import { Queue } from "./schedule.js";

const OUT = "out:";

/**
 * @typedef {object} Entry
 * @property {string} name in the ring @property {string} cid @property {string} id content id @property {"text"|"file"|"edit"|"delete"|"react"|"void"} kind
 * @property {string} text @property {number} at @property {object} fields of the content beside a body @property {string|null} reId of the Message that it answers
 * @property {string|null} was mid of the same content as it was sent before a rewritten past
 * @property {{clientId: string, envelope: Uint8Array, epoch: number, counter: number, mid: Uint8Array}|null} sealed once a counter was given to it
 * @property {boolean} waits its attachment is not at the server yet @property {string|null} failed code
 */

/** @see Entry */
export class Outbox {
  #ring;
  #entries = new Map();
  #number = 0;
  #queue = new Queue();

  /** @param {{ring: object}} parts */
  constructor({ ring }) {
    this.#ring = ring;
  }

  /** From the keyring. */
  async load() {
    for (const [, entry] of await this.#ring.withPrefix(OUT)) this.#put(entry);
    this.#number = [...this.#entries.keys()].reduce((highest, name) => Math.max(highest, Number(name.split(":")[2])), 0);
  }

  /** @param {string} cid @returns {Entry[]} in order */
  of(cid) {
    const mine = [...this.#entries.values()].filter((entry) => entry.cid === cid);
    return mine.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @param {string} cid @returns {Entry|undefined} the one to send now */
  next(cid) {
    return this.of(cid).find((entry) => entry.failed === null && !entry.waits);
  }

  /** @returns {Entry[]} with an attachment, of all chats */
  files() {
    const files = [...this.#entries.values()].filter(({ kind }) => kind === "file");
    return files.sort((a, b) => a.at - b.at);
  }

  /** @param {string} cid @returns {Entry[]} that are shown as messages */
  bubbles(cid) {
    return this.of(cid).filter(({ kind }) => isBubble(kind));
  }

  /** Nobody took it back or changed it meanwhile. @param {Entry} entry @returns {boolean} */
  isCurrent(entry) {
    return this.#entries.get(entry.name) === entry;
  }

  /** @param {string} cid @param {string} clientId @returns {Entry|undefined} */
  byClientId(cid, clientId) {
    return this.of(cid).find((entry) => entry.sealed?.clientId === clientId);
  }

  /** @param {string} cid @param {string} id @returns {Entry} */
  byId(cid, id) {
    const entry = this.of(cid).find((one) => one.id === id);
    if (!entry) throw new ChatError("NOT_FOUND");
    return entry;
  }

  /** @param {{cid: string, id: string, kind: string, at: number, text?: string, fields?: object, reId?: string|null, was?: string|null, waits?: boolean, drops?: string}} wish @returns {Entry} not kept yet */
  make({ cid, id, kind, at, text = "", fields = {}, reId = null, was = null, waits = false, drops }) {
    this.#number += 1;
    return { name: `${OUT}${cid}:${String(this.#number).padStart(10, "0")}`, cid, id, kind, text, at, fields, reId, was, waits, drops, sealed: null, failed: null };
  }

  /** One after another: what was written first is there first. @param {Entry} entry @returns {Promise<void>} */
  keep(entry) {
    return this.#queue.run(async () => {
      await this.#ring.commit({ ring: [this.change(entry)] });
      this.#put(entry);
    });
  }

  /** @param {Entry} entry */
  async drop(entry) {
    await this.#ring.commit({ ring: [{ name: entry.name }] });
    this.forget(entry);
  }

  /** For a greater transaction; then `remember`. @param {Entry} entry @returns {object} ring change */
  change(entry) {
    return { name: entry.name, value: entry };
  }

  /** @param {Entry} entry */
  remember(entry) {
    this.#put(entry);
  }

  /** @param {Entry} entry */
  forget(entry) {
    this.#entries.delete(entry.name);
  }

  #put(entry) {
    this.#entries.set(entry.name, entry);
  }
}

/** @param {Entry} entry @returns {object} Message */
export function messageOfEntry({ cid, id, kind, text, at, fields, reId = null, failed }) {
  const nothing = { file: kind === "file" ? fileView(fields) : null, detail: null, deleted: false, edited: false, earlier: [], reactions: [] };
  return { id, cid, mine: true, kind, text, at, seq: null, order: null, state: failed ? "failed" : "queued", code: failed, re: reId, ...nothing };
}

/** The fields that stand in the content beside the common ones. @param {Entry} entry @returns {object} */
export function fieldsOf({ kind, text, fields = {} }) {
  return kind === "text" || kind === "edit" ? { body: text, ...fields } : fields;
}

/** As if it had come from somebody else. @param {Entry} entry sealed @returns {object} header, mid and content of what was sealed */
export function openedOfEntry(entry) {
  const { kind, id, at, sealed } = entry;
  return { header: sealed, mid: sealed.mid, supported: true, content: { t: kind, id, ts: at, ack: {}, ...fieldsOf(entry) } };
}
