/** The one object that the interface talks to; what it promises stands in docs/architecture.md, "The page". */

import { equal } from "../lib/bytes.js";
import { BODY_MAX_CHARS } from "../crypto/labels.js";
import { safetyNumber } from "../crypto/safety-number.js";
import { openDatabase as openRealDatabase } from "../store/database.js";
import { makeConversationFile, readConversationFile } from "./archive.js";
import { ChatError } from "./codes.js";
import { Events } from "./events.js";
import { makeAccountFile } from "./key-files.js";
import { Life } from "./life.js";
import { messageOfEntry } from "./outbox.js";
import { suggestPassphrase } from "./passphrases.js";
import { browserClock, browserSchedule } from "./schedule.js";
import { newUuid } from "./uuid.js";
import { conversationList, conversationView, messagePage } from "./views.js";

/**
 * @param {{api: object, createSocket: (handlers: object) => object, openDatabase?: (name: string) => Promise<object>, clock?: object,
 *   schedule?: object, locks?: object, storage?: object, origin: string}} parts
 * @returns {Messenger}
 */
export function createMessenger({
  api, createSocket, openDatabase = openRealDatabase, clock = browserClock, schedule = browserSchedule, locks = globalThis.navigator.locks,
  storage = globalThis.navigator.storage, origin,
}) {
  return new Messenger({ api, createSocket, openDatabase, clock, schedule, locks, storage, origin });
}

/** @see createMessenger */
export class Messenger extends EventTarget {
  #life;
  #events;
  #clock;
  /** @type {"online"|"connecting"|"offline"} */
  connection = "offline";

  constructor(parts) {
    super();
    this.#events = new Events(this);
    this.#clock = parts.clock;
    this.#life = new Life({ ...parts, events: this.#events, onConnection: (state) => this.#turn(state) });
  }

  /** @returns {{uid: string, name: string, displayName: string}|null} */
  get me() {
    return this.#life.me;
  }

  /** @returns {string|null} phase */
  get phase() {
    return this.#life.phase;
  }

  // Life of the keys

  /** @returns {Promise<{phase: string}>} */
  open() {
    return this.#life.begin();
  }

  /** @returns {string} */
  suggestPassphrase() {
    return suggestPassphrase();
  }

  /** @param {{passphrase: string, onStep?: (step: "make"|"protect"|"publish"|"log") => void}} wish @returns {Promise<{phase: string}>} */
  createKeys(wish) {
    return this.#life.create(wish);
  }

  /** Needs the passphrase of this browser, for the vault. @param {{passphrase: string}} wish @returns {Promise<{name: string, bytes: Uint8Array}>} */
  async makeKeyFile({ passphrase }) {
    if (!this.#life.open) await this.#life.unlock({ passphrase });
    return makeAccountFile(this.#life.open, passphrase);
  }

  /** @param {{bytes: Uint8Array, passphrase: string}} file @returns {Promise<{phase: string}>} @throws KEYFILE_* */
  proveKeyFile(file) {
    return this.#life.prove(file);
  }

  /** @param {{passphrase: string}} wish @returns {Promise<{phase: string}>} @throws WRONG_PASSPHRASE */
  unlock(wish) {
    return this.#life.unlock(wish);
  }

  /** @param {{bytes: Uint8Array, passphrase: string, onStep?: Function, onHistory?: (done: number, total: number) => void}} wish @returns {Promise<{phase: string, notices: string[]}>} */
  importKeyFile(wish) {
    return this.#life.import(wish);
  }

  /** With a passphrase the new keys are made at once, without one `createKeys` comes next. @param {{name: string, passphrase?: string, onStep?: Function}} wish @returns {Promise<{phase: string}>} */
  async resetKeys({ name, passphrase, onStep }) {
    const reset = await this.#life.reset({ name });
    return passphrase === undefined ? reset : this.#life.create({ passphrase, onStep });
  }

  /** @returns {Promise<{phase: string}>} */
  async lock() {
    return this.#life.lock();
  }

  /** @returns {Promise<{phase: string}>} */
  takeOver() {
    return this.#life.begin({ steal: true });
  }

  /** @returns {Promise<{phase: string}>} */
  forgetBrowser() {
    return this.#life.forget();
  }

  /** The person did something. */
  touch() {
    this.#life.touch();
  }

  /** The network or the page came back. */
  poke() {
    this.#life.open?.line.poke();
  }

  /** The page is left. */
  end() {
    this.#life.end();
  }

  /** @param {{cid: string, passphrase: string}} wish @returns {Promise<{name: string, bytes: Uint8Array}>} */
  async conversationFile({ cid, passphrase }) {
    return makeConversationFile(this.#open(), cid, passphrase);
  }

  /** @param {{bytes: Uint8Array, passphrase: string}} file @returns {Promise<{cid: string, peer: object, messages: object[]}>} */
  async readConversationFile(file) {
    return readConversationFile(this.#open(), file);
  }

  // Everyday

  /** @returns {object[]} Conversations, newest first */
  conversations() {
    return this.#life.open ? conversationList(this.#life.open) : [];
  }

  /** @param {string} cid @returns {object} Conversation */
  conversation(cid) {
    const open = this.#open();
    return conversationView(open, open.chats.get(cid));
  }

  /** @param {string} uid @returns {Promise<string>} cid */
  async startWith(uid) {
    const open = this.#open();
    const known = open.chats.all().find((chat) => chat.peer === uid);
    if (known) return known.cid;
    await open.directory.learn([uid]);
    const { cid, uids } = await open.api.startConversation(uid);
    await open.chats.add([{ cid, uids, updatedAt: this.#clock.now() }]);
    this.#events.emit("conversations");
    return cid;
  }

  /** @param {string} cid @param {{before?: number, limit?: number}} [page] before: a sequence number @returns {Promise<{items: object[], more: boolean}>} oldest first */
  async messages(cid, page) {
    const open = this.#open();
    await this.#opened(open, cid);
    return messagePage(open, cid, page);
  }

  /** @param {string} cid @param {string} text @returns {Promise<object>} Message, queued @throws EMPTY_TEXT, TEXT_TOO_LONG, STORAGE_FULL */
  async send(cid, text) {
    const open = this.#open();
    open.chats.get(cid);
    if (text.trim() === "") throw new ChatError("EMPTY_TEXT");
    if ([...text].length > BODY_MAX_CHARS) throw new ChatError("TEXT_TOO_LONG");
    const entry = open.outbox.make({ cid, id: newUuid(), kind: "text", text: text.toWellFormed?.() ?? text, at: this.#clock.now() });
    await open.outbox.keep(entry);
    return this.#queued(open, entry, true);
  }

  /** @param {string} cid @param {string} id @returns {Promise<object>} Message */
  async retry(cid, id) {
    const open = this.#open();
    const entry = { ...open.outbox.byId(cid, id), failed: null };
    await open.outbox.keep(entry);
    return this.#queued(open, entry, false);
  }

  /** A message that failed, or waits without having been sealed. @param {string} cid @param {string} id */
  async discard(cid, id) {
    const open = this.#open();
    const entry = open.outbox.byId(cid, id);
    if (entry.sealed) throw new ChatError("ALREADY_SENT");
    await open.outbox.drop(entry);
    this.#events.emit("conversation", { cid });
    this.#events.emit("conversations");
  }

  /** @param {string} cid @param {number} seq */
  async markRead(cid, seq) {
    const open = this.#open();
    await this.#opened(open, cid);
    if (open.chats.get(cid).readSeq >= seq) return;
    await open.locks.with(cid, () => {
      const chat = open.chats.get(cid);
      return open.chats.commit({ ...chat, readSeq: Math.max(seq, chat.readSeq), unread: chat.unread.filter((one) => one > seq) });
    });
    this.#events.emit("conversation", { cid });
  }

  /** @param {string} cid @param {string} text @returns {Promise<void>} */
  async setDraft(cid, text) {
    await this.#open().chats.setDraft(cid, text);
  }

  /** @param {string} cid @returns {string} */
  draft(cid) {
    return this.#open().chats.draft(cid);
  }

  /** @param {{q?: string, after?: string, limit?: number}} [page] @returns {Promise<{people: object[], next: string|null}>} */
  async people(page) {
    return this.#open().directory.search(page);
  }

  /** @param {string} cid @returns {Promise<{digits: string, mine: string, theirs: string, qr: Uint8Array}>} 60 digits, 30 of each */
  async safetyNumber(cid) {
    const { chats, bundles, me } = this.#open();
    const { peer } = chats.get(cid);
    const [own, other] = [await bundles.current(me.uid), await bundles.current(peer)];
    const { digits, qr } = await safetyNumber(own, other);
    const [low, high] = [digits.slice(0, 30), digits.slice(30)];
    const isLow = me.uid < peer || equal(own.uid, other.uid);
    return { digits, mine: isLow ? low : high, theirs: isLow ? high : low, qr };
  }

  /** After the numbers were compared. @param {string} cid @param {boolean} verified */
  async setVerified(cid, verified) {
    const { chats, bundles } = this.#open();
    await bundles.setVerified(chats.get(cid).peer, verified);
    this.#events.emit("conversation", { cid });
    this.#events.emit("conversations");
  }

  /** @param {string} cid @param {"continue"|"repair"} choice */
  async decide(cid, choice) {
    const open = this.#open();
    await open.trust.decide(cid, choice);
    open.sending.run(cid);
    if (choice === "repair") open.sending.upkeepIn(cid, 0);
  }

  #open() {
    const { open, phase } = this.#life;
    if (!open || phase !== "open") throw new ChatError("NOT_UNLOCKED");
    return open;
  }

  // Acknowledgements are sent only for chats that the person has looked into here.
  async #opened(open, cid) {
    if (open.chats.get(cid).opened) return;
    await open.locks.with(cid, () => open.chats.commit({ ...open.chats.get(cid), opened: true }));
    open.acks.consider(cid);
  }

  #queued(open, entry, isNew) {
    const message = messageOfEntry(entry);
    this.#events.emit("message", { message, isNew });
    this.#events.emit("conversations");
    open.sending.run(entry.cid);
    return message;
  }

  #turn(state) {
    this.connection = state;
    this.#events.emit("connection", { state });
  }
}
