/** The one object that the interface talks to; what it promises stands in docs/architecture.md, "The page". */

import { openDatabase as openRealDatabase } from "../store/database.js";
import { makeConversationFile, readConversationFile } from "./archive.js";
import { ChatError } from "./codes.js";
import { Events } from "./events.js";
import { makeAccountFile } from "./key-files.js";
import { Life } from "./life.js";
import { suggestPassphrase } from "./passphrases.js";
import { browserClock, browserSchedule } from "./schedule.js";
import * as verbs from "./verbs.js";
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
  /** @type {"online"|"connecting"|"offline"} */
  connection = "offline";

  constructor(parts) {
    super();
    this.#events = new Events(this);
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
    return verbs.startWith(this.#open(), uid);
  }

  /** @param {string} cid @param {{before?: number, limit?: number}} [page] before: a sequence number @returns {Promise<{items: object[], more: boolean}>} oldest first */
  async messages(cid, page) {
    await verbs.lookInto(this.#open(), cid);
    return messagePage(this.#open(), cid, page);
  }

  /** @param {string} cid @param {string} text @returns {Promise<object>} Message, queued @throws EMPTY_TEXT, TEXT_TOO_LONG, STORAGE_FULL */
  async send(cid, text) {
    return verbs.send(this.#open(), cid, text);
  }

  /** @param {string} cid @param {string} id @returns {Promise<object>} Message */
  async retry(cid, id) {
    return verbs.retry(this.#open(), cid, id);
  }

  /** @param {string} cid @param {string} id @throws ALREADY_SENT */
  async discard(cid, id) {
    return verbs.discard(this.#open(), cid, id);
  }

  /** @param {string} cid @param {number} seq */
  async markRead(cid, seq) {
    return verbs.markRead(this.#open(), cid, seq);
  }

  /** @param {string} cid @param {string} text @returns {Promise<void>} */
  async setDraft(cid, text) {
    return this.#open().chats.setDraft(cid, text);
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
    return verbs.safetyNumberOf(this.#open(), cid);
  }

  /** After the numbers were compared. @param {string} cid @param {boolean} verified */
  async setVerified(cid, verified) {
    return verbs.setVerified(this.#open(), cid, verified);
  }

  /** @param {string} cid @param {"continue"|"repair"} choice */
  async decide(cid, choice) {
    return verbs.decide(this.#open(), cid, choice);
  }

  #open() {
    const { open, phase } = this.#life;
    if (!open || phase !== "open") throw new ChatError("NOT_UNLOCKED");
    return open;
  }

  #turn(state) {
    this.connection = state;
    this.#events.emit("connection", { state });
  }
}
