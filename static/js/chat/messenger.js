/** The one object that the interface talks to; what it promises stands in docs/architecture.md, "The page". */

import { openDatabase as openRealDatabase } from "../store/database.js";
import { keptMarks } from "../store/mark.js";
import { makeConversationFile, readConversationFile } from "./archive.js";
import * as changes from "./changes.js";
import { ChatError } from "./codes.js";
import { evidenceFile } from "./evidence.js";
import { exportConversation } from "./export.js";
import { checkFile, openFile, pictureIn, sendFile } from "./files.js";
import { MessengerKeys, lifeOf } from "./messenger-keys.js";
import { browserClock, browserSchedule } from "./schedule.js";
import { readAgain } from "./read-again.js";
import { SharedMessenger } from "./shared-messenger.js";
import { setTimer } from "./timers.js";
import * as verbs from "./verbs.js";
import { conversationList, conversationView, messageById, messagePage } from "./views.js";

/**
 * @param {{api: object, createSocket: (handlers: object) => object, openDatabase?: (name: string) => Promise<object>, clock?: object,
 *   schedule?: object, locks?: object, openTabs?: Function, storage?: object, marks?: object, origin: string, manifestHash?: Uint8Array|null}} parts
 *   manifestHash: of the program that runs
 * @returns {SharedMessenger} with the verbs of Messenger, in this tab or in the one in charge
 */
export function createMessenger({
  api, createSocket, openDatabase = openRealDatabase, clock = browserClock, schedule = browserSchedule, locks = globalThis.navigator.locks,
  openTabs, storage = globalThis.navigator.storage, marks = keptMarks(), origin, manifestHash = null,
}) {
  const messenger = new Messenger({ api, createSocket, openDatabase, clock, schedule, locks, storage, marks, origin, manifestHash });
  return new SharedMessenger({ messenger, schedule, openTabs });
}

/** All of it in one tab. @see createMessenger */
export class Messenger extends MessengerKeys {
  /** @param {{cid: string, passphrase: string}} wish @returns {Promise<{name: string, bytes: Uint8Array}>} */
  async conversationFile({ cid, passphrase }) {
    return makeConversationFile(this.#open(), cid, passphrase);
  }

  /** @param {{bytes: Uint8Array, passphrase: string}} file @returns {Promise<{cid: string, peer: object, messages: object[]}>} */
  async readConversationFile(file) {
    return readConversationFile(this.#open(), file);
  }

  /** @param {{cid: string, onProgress?: (done: number, total: number) => void}} wish @returns {Promise<{name: string, bytes: Uint8Array}>} */
  async exportConversation({ cid, onProgress = () => {} }) {
    return exportConversation(this.#open(), cid, onProgress);
  }

  /** @returns {Promise<{name: string, bytes: Uint8Array}|null>} what shows that the log of keys says different things; null: nothing was found */
  async logEvidence() {
    return evidenceFile(this.#open());
  }

  // Everyday

  /** @returns {object[]} Conversations, newest first */
  conversations() {
    return lifeOf(this).open ? conversationList(lifeOf(this).open) : [];
  }

  /** @param {string} cid @returns {object} Conversation */
  conversation(cid) {
    const open = this.#open();
    return conversationView(open, open.chats.get(cid));
  }

  /** @param {string} uid @returns {Promise<string>} cid */
  async startWith(uid) {
    const open = this.#open();
    const cid = await verbs.startWith(open, uid);
    if (uid === open.me.uid) await verbs.lookInto(open, cid); // from now on it is shown
    return cid;
  }

  /** @param {string} cid @param {{before?: number, limit?: number}} [page] before: a sequence number @returns {Promise<{items: object[], more: boolean}>} oldest first */
  async messages(cid, page) {
    const open = this.#open();
    const shown = await messagePage(open, cid, page);
    open.events.guard(verbs.lookInto(open, cid), cid); // not waited for: whoever has the lock may wait for the server
    return shown;
  }

  /** @param {string} cid @param {string} id @returns {Promise<object|null>} Message, wherever it stands in the chat */
  async message(cid, id) {
    return messageById(this.#open(), cid, id);
  }

  /**
   * @param {string} cid @param {string} text @param {{re?: string, id?: string}} [about] re: id of the Message that it answers; id: of its
   *   own, the same again is the same message
   * @returns {Promise<object>} Message, queued @throws EMPTY_TEXT, TEXT_TOO_LONG, STORAGE_FULL, NOT_FOUND
   */
  async send(cid, text, about) {
    return verbs.send(this.#open(), cid, text, about);
  }

  /**
   * @param {string} cid @param {{name: string, mime?: string, data: Blob, width?: number, height?: number, thumb?: Uint8Array|null, id?: string}} file
   *   id: of its own, the same again is the same message
   * @returns {Promise<object>} Message, queued @throws FILE_TOO_LARGE, FILES_WAITING, FILE_UNREADABLE, STORAGE_FULL
   */
  async sendFile(cid, file) {
    return sendFile(this.#open(), cid, file);
  }

  /**
   * @param {string} cid @param {string} id of a Message of kind file @param {{onProgress?: (done: number, total: number) => void, signal?: AbortSignal}} [how]
   * @returns {Promise<{name: string, data: Blob, image: object|null}>} image: what it may be drawn as @throws FILE_*, BAD_*, OFFLINE, CANCELLED
   */
  async openFile(cid, id, how) {
    return openFile(this.#open(), cid, id, how);
  }

  /** Before a file is read into memory. @param {number} size @throws FILE_TOO_LARGE, FILES_WAITING */
  async checkFile(size) {
    checkFile(this.#open(), size);
  }

  /** @param {Uint8Array} bytes @returns {{mime: string, width: number, height: number}|null} a picture that may be drawn */
  pictureIn(bytes) {
    return pictureIn(bytes);
  }

  /** @param {string} cid @param {string} id of a Message of mine @param {string} text @returns {Promise<object>} Message @throws NOT_FOUND, ACTION_NOT_OWNER, EMPTY_TEXT, TEXT_TOO_LONG */
  async edit(cid, id, text) {
    return changes.edit(this.#open(), cid, id, text);
  }

  /** For both. @param {string} cid @param {string} id of a Message of mine @returns {Promise<object>} Message @throws NOT_FOUND, ACTION_NOT_OWNER */
  async erase(cid, id) {
    return changes.erase(this.#open(), cid, id);
  }

  /** @param {string} cid @param {string} id @param {string} sign one grapheme @param {boolean} on @returns {Promise<object>} Message @throws NOT_FOUND, BAD_CONTENT */
  async react(cid, id, sign, on) {
    return changes.react(this.#open(), cid, id, sign, on);
  }

  /**
   * Reads what could not be opened for want of keys, in its place. @param {{cid: string, passphrase: string}} wish for the vault
   * @returns {Promise<{read: number, left: number}>} @throws WRONG_PASSPHRASE
   */
  async readAgain(wish) {
    return readAgain(this.#open(), wish);
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

  /** Whether others are told when something was read, and whether it shows when they have read. @returns {boolean} */
  readReceipts() {
    return this.#open().settings.receipts;
  }

  /** @param {boolean} on */
  async setReadReceipts(on) {
    const { settings, events, sync } = this.#open();
    await settings.choose({ receipts: on });
    sync.tellSettings({ receipts: on });
    events.emit("conversations");
  }

  /** Whether the person wants the desktop to tell that something came. @returns {boolean} */
  notifications() {
    return this.#open().settings.notifications;
  }

  /** @param {boolean} on */
  async setNotifications(on) {
    const { settings, events } = this.#open();
    await settings.choose({ notifications: on });
    events.emit("conversations");
  }

  /** The Conversation has it from now on. @param {string} cid @param {string} text @returns {Promise<void>} it is kept */
  async setDraft(cid, text) {
    const { chats, events } = this.#open();
    await chats.setDraft(cid, text);
    events.emit("conversation", { cid });
  }

  /** @param {{q?: string, after?: string, limit?: number}} [page] @returns {Promise<{people: object[], next: string|null}>} */
  async people(page) {
    return this.#open().directory.search(page);
  }

  /** @param {string} cid @returns {Promise<{digits: string, mine: string, theirs: string, qr: Uint8Array}>} 60 digits, 30 of each */
  async safetyNumber(cid) {
    return verbs.safetyNumberOf(this.#open(), cid);
  }

  /** @param {string} cid @returns {Promise<{before: string, now: string}|null>} the other person's 30 digits as they were compared, and as they are; null: no difference to show */
  async formerNumber(cid) {
    return verbs.formerNumberOf(this.#open(), cid);
  }

  /** After the numbers were compared. @param {string} cid @param {boolean} verified */
  async setVerified(cid, verified) {
    return verbs.setVerified(this.#open(), cid, verified);
  }

  /** Messages of this chat disappear after so long, at both sides. @param {{cid: string, timerS: number}} wish 0: they stay; else one hour to four weeks */
  async setTimer(wish) {
    return setTimer(this.#open(), wish);
  }

  /** @param {string} cid @param {"continue"|"repair"|"resend"} choice resend: after SEQ_REWRITE, what the server lost goes out again */
  async decide(cid, choice) {
    return verbs.decide(this.#open(), cid, choice);
  }

  #open() {
    const { open, phase } = lifeOf(this);
    if (!open || phase !== "open") throw new ChatError("NOT_UNLOCKED");
    return open;
  }
}
