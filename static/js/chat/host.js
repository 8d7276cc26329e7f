/** The tab in charge, as the others see it: it does what they ask for and tells them what it tells its own interface. */

import { ACTS, received } from "./acts.js";
import { codeOf } from "./codes.js";

const LIST_MS = 250; // the whole list at most so often; the chat of a message comes with the message

/** What the interface may ask about without waiting, while the keys are closed. */
export const NOTHING_CHOSEN = Object.freeze({ receipts: true, notifications: false });

/** @typedef {{messenger: object, post: (message: object) => void, tab: string, schedule: object}} HostParts messenger: of this tab; tab: its id */

/** @see HostParts */
export class Host {
  #parts;
  #listDue = null;
  #aborters = new Map(); // by the id of what was asked for
  #ended = false;

  /** @param {HostParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** What another tab posted. @param {object} message */
  take(message) {
    if (message.t === "hello") this.tellAll();
    else if (message.t === "ask" && ACTS.has(message.name)) this.#do(message);
    else if (message.t === "cancel") this.#aborters.get(message.id)?.abort();
  }

  /** What this tab's own interface was told. @param {string} name @param {object} detail */
  tell(name, detail) {
    if (name === "phase") this.tellAll(detail.code);
    else if (name === "conversations") this.#listDue ??= this.#parts.schedule.after(LIST_MS, () => this.#tellList());
    else this.#post({ t: "event", name, detail, conversation: this.#viewOf(detail.cid ?? detail.message?.cid), ...this.#connection() });
  }

  /** Where everything stands. @param {string} [code] why it came to this phase */
  tellAll(code) {
    const { phase, build } = this.#parts.messenger;
    if (phase) this.#post({ t: "state", phase, code, build, ...this.#connection(), ...this.#list() });
  }

  /** Another tab is in charge now. */
  end() {
    this.#ended = true;
    this.#listDue?.();
  }

  async #do({ from, id, name, given }) {
    const answer = { t: "answer", to: from, id };
    const aborter = new AbortController();
    this.#aborters.set(id, aborter);
    const call = (at, callName, values) => this.#post({ t: "call", to: from, id, at, name: callName, values });
    const args = received(given, { call, signal: aborter.signal });
    try {
      this.#post({ ...answer, value: await this.#parts.messenger[name](...args) });
    } catch (error) {
      this.#post({ ...answer, error: { code: codeOf(error), detail: error.detail, retryAfter: error.retryAfter, message: String(error.message) } });
    } finally {
      this.#aborters.delete(id);
    }
  }

  #tellList() {
    this.#listDue = null;
    this.#post({ t: "event", name: "conversations", detail: {}, ...this.#list(), ...this.#connection() });
  }

  #list() {
    const { messenger } = this.#parts;
    if (messenger.phase !== "open") return { conversations: [], chosen: NOTHING_CHOSEN };
    try {
      const chosen = { receipts: messenger.readReceipts(), notifications: messenger.notifications() };
      return { chosen, conversations: messenger.conversations() };
    } catch {
      return {}; // the keys are being changed, and the chats closed for that moment
    }
  }

  #connection() {
    return { connection: this.#parts.messenger.connection };
  }

  #viewOf(cid) {
    return cid && this.#parts.messenger.conversations().find((one) => one.cid === cid);
  }

  #post(message) {
    if (!this.#ended) this.#parts.post({ ...message, tab: this.#parts.tab });
  }
}
