/** The chats of this browser: what is remembered of each, in memory and sealed in the keyring. */

import { unhex } from "../lib/bytes.js";
import { newConversation } from "../crypto/epoch.js";
import { seqOf } from "../store/mail.js";
import { earlierOf, reactionsOf } from "./actions.js";
import { fileView } from "./attachments.js";
import { ChatError } from "./codes.js";
import { isDelivered } from "./delivered.js";
import { isBubble } from "./kinds.js";

const CONVERSATION = "conv:";
const DRAFT = "draft:";
const ADDED = { missing: [], gaps: [], late: null, waiting: [], wrote: false, untold: [], standing: [], isSecond: false, timers: new Map(), timerWish: null, starved: false, ackBefore: new Map(), lacksOneTime: false }; // what the chats of older versions lack

/**
 * @typedef {object} Chat one conversation; never changed in place: `commit` puts the next one in its place
 * @property {string} cid @property {string[]} uids lo, hi @property {string} peer uid, my own in a chat with myself
 * @property {number} cursor last event applied @property {string|null} tail its sha256
 * @property {object} crypto ConversationState @property {object|null} keys EpochKeys of the present epoch
 * @property {Map<string, object>} chains by chainKey @property {Map<string, [number, Uint8Array][]>} seen mids by did, the latest
 * @property {boolean} settle my entry carries a prekey @property {boolean} refresh a new epoch before the next message
 * @property {boolean} repair the person chose it @property {number} ownAccepted own messages of this epoch that the server has @property {number} ownSent since the last record @property {number} recordAt @property {number} leafAt
 * @property {{key: string, at: number}|null} unreached bundle versions under which a device could not be reached
 * @property {Map<number, Map<string, number>>} delivered epoch -> own did -> next counter that the peer has; promised: must have to go on after my own record
 * @property {Map<string, number>} ackBefore did of the peer -> next counter: received in the epoch before, and not counted by the record that ended it
 * @property {boolean} lacksOneTime a browser was reached without a one-time prekey when the keys were agreed (attack A14)
 * @property {boolean} ackOwed @property {boolean} opened @property {number} readSeq @property {number[]} unread
 * @property {object|null} last the newest message @property {{code: string, detail: any}|null} blocked
 * @property {number} refused objects of class R @property {number[]} missing events whose keys were not there, to be read later @property {object[]} gaps Gap, what is missing in the present epoch @property {{seq: number, count: number}|null} late the last that came late
 * @property {boolean} isSecond there was a chat of this pair before @property {string[]} standing codes of lines that are still so: not told again
 * @property {boolean} wrote this person has written here @property {[number, string][]} untold sequence and mid of messages of the peer without a receipt
 * @property {{tag: string, until: number}[]} waiting messages that did not come yet, of which something is kept that is about them
 * @property {Map<number, number>} timers epoch -> seconds, of the latest epochs in mode 1 @property {number|null} timerWish chosen, but not in a record yet; 0: messages stay @property {boolean} starved it was said that the keys of this epoch cannot be renewed @property {number} updatedAt
 */

/** @see Chat */
export class Conversations {
  #ring;
  #me;
  #chats = new Map();
  #drafts = new Map();

  /** @param {{ring: object, me: {uid: string}}} parts */
  constructor({ ring, me }) {
    this.#ring = ring;
    this.#me = me;
  }

  /** From the keyring. */
  async load() {
    for (const [, chat] of await this.#ring.withPrefix(CONVERSATION)) this.#chats.set(chat.cid, { ...ADDED, ...chat });
    for (const [name, text] of await this.#ring.withPrefix(DRAFT)) this.#drafts.set(name.slice(DRAFT.length), text);
  }

  /** @returns {Chat[]} */
  all() {
    return [...this.#chats.values()];
  }

  /** @param {string} cid @returns {boolean} */
  has(cid) {
    return this.#chats.has(cid);
  }

  /** @param {string} cid @returns {Chat} @throws UNKNOWN_CONVERSATION */
  get(cid) {
    const chat = this.#chats.get(cid);
    if (!chat) throw new ChatError("UNKNOWN_CONVERSATION");
    return chat;
  }

  /** @returns {Map<string, number>} for hello */
  cursors() {
    return new Map(this.all().map((chat) => [chat.cid, chat.cursor]));
  }

  /** Those of the server's list that are new here. @param {{cid: string, uids: string[], updatedAt?: number}[]} list @returns {Promise<Chat[]>} */
  async add(list) {
    const peers = new Set(this.all().map(({ peer }) => peer));
    const fresh = list.filter((one) => !this.#chats.has(one.cid) && this.#isMine(one)).map((one) => this.#newChat(one, peers));
    if (fresh.length) await this.#ring.commit({ ring: fresh.map(chatChange) });
    fresh.forEach((chat) => this.#chats.set(chat.cid, chat));
    return fresh;
  }

  /** The chat as it is from now on, with all that belongs to the change, in one transaction. @param {Chat} chat @param {{ring?: object[], mail?: object[]}} [more] */
  async commit(chat, { ring = [], mail = [] } = {}) {
    await this.#ring.commit({ ring: [chatChange(chat), ...ring], mail });
    this.#chats.set(chat.cid, chat);
  }

  /** @param {string} cid @returns {string} */
  draft(cid) {
    return this.#drafts.get(cid) ?? "";
  }

  /** @param {string} cid @param {string} text */
  async setDraft(cid, text) {
    this.get(cid);
    this.#drafts.set(cid, text);
    await this.#ring.commit({ ring: [{ name: DRAFT + cid, value: text || undefined }] });
  }

  // A pair in order, and this person one of the two: nobody else is ever let into a chat.
  #isMine({ uids: [lo, hi] }) {
    return hi !== undefined && lo <= hi && (lo === this.#me.uid || hi === this.#me.uid);
  }

  // A pair has one chat: further ones that a server shows are told apart and never merged.
  #newChat({ cid, uids, updatedAt = 0 }, peers) {
    const [lo, hi] = uids;
    const peer = lo === this.#me.uid ? hi : lo;
    const isSecond = peers.has(peer);
    peers.add(peer);
    const crypto = newConversation({ cid: unhex(cid), uidLo: unhex(lo), uidHi: unhex(hi) });
    return {
      cid, uids, peer, cursor: 0, tail: null, crypto, keys: null, chains: new Map(), seen: new Map(),
      settle: false, refresh: false, repair: false, ownAccepted: 0, ownSent: 0, recordAt: 0, leafAt: 0, unreached: null,
      delivered: new Map(), promised: new Map(), ackOwed: false, opened: false, readSeq: 0, unread: [], last: null, blocked: null, refused: 0, ...ADDED, isSecond, updatedAt,
    };
  }
}

/** @param {Chat} chat @param {object} row of the mail store, opened @returns {object} Message */
export function messageOf(chat, row) {
  const { place, id, mine, kind, text = "", at, code = null, detail = null } = row;
  const state = mine && isBubble(kind) ? reachOf(chat, row) : "sent";
  const about = { re: row.reId ?? row.re ?? null, deleted: row.deleted === true, earlier: earlierOf(row), reactions: reactionsOf(row, myUidOf(chat)) };
  return { id, cid: chat.cid, mine, kind, text, file: fileView(row.file), at, seq: seqOf(place), order: place, state, code, detail, edited: about.earlier.length > 0, ...about };
}

/** How far a message of mine got. @param {Chat} chat @param {object} row @returns {"sent"|"delivered"|"read"} */
export function reachOf(chat, row) {
  if (row.read) return "read";
  return isDelivered(chat, row) ? "delivered" : "sent";
}

/** @param {object} row @returns {object} what a chat remembers of its newest message */
export function newestOf({ id, mid, text, file, at, mine, kind, deleted, read, epoch, did, counter }) {
  return { id, mid, text, fileName: fileView(file)?.name, at, mine, kind, deleted, read, epoch, did, counter };
}

/** @param {Chat} chat @returns {string} */
export function myUidOf({ uids, peer }) {
  return uids.find((uid) => uid !== peer) ?? peer;
}

/** @param {Chat} chat @returns {boolean} no usable next: only a NEXT by a member, or a RESTART, lets this browser write */
export function isOutside(chat) {
  return chat.crypto.epoch >= 0 && chat.crypto.next === null;
}

/** @param {Chat} chat @returns {object} ring change */
export function chatChange(chat) {
  return { name: CONVERSATION + chat.cid, value: chat };
}
