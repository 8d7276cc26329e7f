/**
 * What a person's browsers tell each other under seal, in the conversation with oneself: marks of comparison, what was read, settings
 * (protocol.md, section 8, "sync"). Every browser applies all of it in the order of that conversation, its own words too: so all end alike.
 */

import { equal, fromBase64Url, toBase64Url } from "../lib/bytes.js";
import { readUpTo } from "./receipts.js";
import { Queue } from "./schedule.js";
import { newUuid } from "./uuid.js";
import { startWith } from "./verbs.js";

const GATHER_MS = 2_000;
const ENTRIES_MAX = 200; // of one content; what is read has room again with the next one
const ID = /^[0-9a-f]{32}$/;

/** @typedef {object} SyncParts Unlocked: chats, bundles, outbox, settings, sending, locks, events, me, clock, schedule */

/** @see SyncParts */
export class Sync {
  #open;
  #pins = new Map();
  #read = new Map();
  #settings = null;
  #isWaiting = false;
  #queue = new Queue();

  /** @param {object} open Unlocked */
  constructor(open) {
    this.#open = open;
  }

  /** @param {string} uid @param {Uint8Array|null} rootPub that was compared; null: the mark was taken away */
  tellMark(uid, rootPub) {
    this.#pins.set(uid, rootPub && toBase64Url(rootPub));
    this.#later();
  }

  /** @param {string} cid @param {number} seq */
  tellRead(cid, seq) {
    this.#read.set(cid, seq);
    this.#later();
  }

  /** @param {{receipts: boolean}} settings */
  tellSettings(settings) {
    this.#settings = settings;
    this.#later();
  }

  /** What another browser, or this one, told, in its order; whatever does not fit is left out. @param {object} content of kind sync @returns {Promise<void>} */
  apply(content) {
    return this.#queue.run(() => this.#apply(content));
  }

  async #apply({ pins, read, settings }) {
    for (const { uid, rs } of listOf(pins)) await this.#mark(uid, rs);
    for (const [cid, seq] of Object.entries(objectOf(read))) await this.#readUpTo(cid, seq);
    const { receipts } = objectOf(settings);
    if (typeof receipts === "boolean" && receipts !== this.#open.settings.receipts) await this.#open.settings.choose({ receipts });
    this.#open.events.emit("conversations");
  }

  // Nobody listens while this is the only browser.
  #later() {
    const { bundles, me, schedule, events } = this.#open;
    if (this.#isWaiting || (bundles.last(me.uid)?.devices.length ?? 0) < 2) return;
    this.#isWaiting = true;
    const done = () => (this.#isWaiting = false);
    schedule.after(GATHER_MS, () => events.guard(this.#send().finally(done).then(() => this.#goOn())));
  }

  // What was told while the last of it was stored, or had no room in it.
  #goOn() {
    if (this.#pins.size || this.#read.size || this.#settings) this.#later();
  }

  async #send() {
    const { me, outbox, clock, sending } = this.#open;
    const cid = await startWith(this.#open, me.uid);
    const [pins, read, settings] = [firstOf(this.#pins), firstOf(this.#read), this.#settings];
    const fields = { pins: pins.map(([uid, rs]) => ({ uid, rs })), read: Object.fromEntries(read), settings: settings ?? {} };
    await outbox.keep(outbox.make({ cid, id: newUuid(), kind: "sync", at: clock.now(), fields }));
    pins.forEach(([uid, rs]) => this.#pins.get(uid) === rs && this.#pins.delete(uid));
    read.forEach(([chat, seq]) => this.#read.get(chat) === seq && this.#read.delete(chat));
    if (this.#settings === settings) this.#settings = null;
    sending.run(cid);
  }

  // A mark counts for the root that was compared, and only where that root is in use.
  async #mark(uid, rs) {
    const { bundles } = this.#open;
    const last = ID.test(uid) && bundles.last(uid);
    if (!last || (rs !== null && !isKey(rs, last.rootPub))) return;
    await bundles.setVerified(uid, rs === null ? null : last.rootPub);
  }

  async #readUpTo(cid, seq) {
    const { chats, locks } = this.#open;
    if (!chats.has(cid) || !Number.isSafeInteger(seq)) return;
    // Who reads tells of it: this browser sends no receipt of its own for it.
    await locks.with(cid, () => {
      const chat = chats.get(cid);
      const upTo = Math.min(seq, chat.cursor);
      return upTo > chat.readSeq ? chats.commit(readUpTo(chat, upTo, { receipts: false })) : undefined;
    });
  }
}

function firstOf(entries) {
  return [...entries].slice(0, ENTRIES_MAX);
}

function listOf(value) {
  return Array.isArray(value) ? value.slice(0, ENTRIES_MAX).map(objectOf) : [];
}

function objectOf(value) {
  return typeof value === "object" && value !== null ? value : {};
}

function isKey(text, key) {
  try {
    return equal(fromBase64Url(text), key);
  } catch {
    return false;
  }
}
