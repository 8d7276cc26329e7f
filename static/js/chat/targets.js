/**
 * Finds a message by its mid or by the name that the interface knows. The disk shows neither: a mid is found through a MAC under a key
 * of the keyring, so a thief cannot tell which event of the server a row is, nor what refers to it (protocol.md, section 10).
 */

import { LABEL } from "../crypto/labels.js";
import { mac, randomBytes } from "../crypto/primitives.js";
import { hex, unhex } from "../lib/bytes.js";
import { mailAt, mailWith, mailWithEach } from "../store/mail.js";
import { ChatError } from "./codes.js";
import { placeOfLine, tagOf } from "./draft.js";

const KEY = "find";
const HEX_ID = /^[0-9a-f]{32}$/;

/** @typedef {{cid: string, place: number, tags: string[], value: object}} Found a row of the mail store */

/** @param {Found|null} found @returns {string} mid, hex @throws NOT_FOUND: there is no such message, or nothing can be done with it */
export function midOf(found) {
  if (!found?.value.mid || found.value.deleted) throw new ChatError("NOT_FOUND");
  return hex(found.value.mid);
}

export class Targets {
  #store;
  #me;
  #key = null;

  /** @param {{store: {db: object, ring: object}, me: {uid: string}}} parts */
  constructor({ store, me }) {
    this.#store = store;
    this.#me = me;
  }

  /** From the keyring. */
  async load() {
    this.#key = (await this.#store.ring.get(KEY)) ?? (await this.#makeKey());
  }

  /** @param {string} cid @param {string} mid hex @returns {Promise<string>} */
  async tagOf(cid, mid) {
    return hex((await mac(this.#key, LABEL.find, unhex(cid), unhex(mid))).slice(0, 16));
  }

  /** @param {string} tag @param {object} [draft] whose changes count already @returns {Promise<Found|null>} */
  async withTag(tag, draft) {
    return draft?.found(tag) ?? mailWith(this.#store, tag);
  }

  /** In one go: one by one that costs more than opening the messages. @param {string[]} tags @returns {Promise<Map<string, Found|null>>} by tag, as the store has them */
  withTags(tags) {
    return mailWithEach(this.#store, tags);
  }

  /** @param {string} cid @param {string} mid hex @param {object} [draft] @returns {Promise<Found|null>} */
  async byMid(cid, mid, draft) {
    return this.withTag(await this.tagOf(cid, mid), draft);
  }

  /** @param {number} place @param {object} draft @returns {Promise<Found|null>} */
  async at(place, draft) {
    return draft.at(place) ?? mailAt(this.#store, draft.chat.cid, place);
  }

  /** @param {string} cid @param {string} id of a Message @returns {Promise<Found|null>} */
  async byId(cid, id) {
    const found = await this.#named(cid, id);
    return found?.cid === cid && found.value.id === id ? found : null;
  }

  // A line by its place, a message of somebody else by its tag, one of mine by its content id.
  async #named(cid, id) {
    const place = placeOfLine(cid, id);
    if (place !== null) return mailAt(this.#store, cid, place);
    return mailWith(this.#store, HEX_ID.test(id) ? id : await tagOf(cid, this.#me.uid, id));
  }

  async #makeKey() {
    const key = randomBytes(32);
    await this.#store.ring.commit({ ring: [{ name: KEY, value: key }] });
    return key;
  }
}
