/**
 * The silent answer that makes the second tick, a content "void" with what was received, or a "receipt" of what was read. Only in a chat
 * that the person has opened on this browser, only for content that shows something, and at most one in ten seconds (attack A60).
 */

import { isOutside } from "./conversations.js";
import { dueReceipts } from "./receipts.js";
import { newUuid } from "./uuid.js";

const BATCH_MS = 1_500;
const COOL_MS = 10_000;

/** @typedef {{chats: object, outbox: object, settings: object, clock: object, schedule: object, run: (cid: string) => void}} AckParts */

/** @see AckParts */
export class Acks {
  #parts;
  #state = new Map(); // cid -> "timer" | "due" | "cooling"

  /** @param {AckParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** After something arrived or was read, or the chat was opened. @param {string} cid */
  consider(cid) {
    if (this.#state.has(cid) || !this.#isOwed(cid)) return;
    this.#state.set(cid, "timer");
    this.#parts.schedule.after(BATCH_MS, () => {
      this.#state.set(cid, "due");
      this.#parts.run(cid);
    });
  }

  /** @param {string} cid @returns {boolean} */
  isDue(cid) {
    if (this.#state.get(cid) !== "due") return false;
    if (this.#isOwed(cid)) return true;
    this.#state.delete(cid); // a text carried it
    return false;
  }

  /** @param {string} cid @returns {object} Entry of kind void or receipt, not kept: it costs nothing to lose it before it is sealed */
  take(cid) {
    this.#state.set(cid, "cooling");
    this.#parts.schedule.after(COOL_MS, () => {
      this.#state.delete(cid);
      this.consider(cid);
    });
    const { outbox, chats, settings, clock } = this.#parts;
    const seen = dueReceipts(chats.get(cid), settings);
    const wish = seen.length ? { kind: "receipt", fields: { seen } } : { kind: "void" };
    return outbox.make({ cid, id: newUuid(), at: clock.now(), ...wish });
  }

  #isOwed(cid) {
    const { chats, settings } = this.#parts;
    const chat = chats.get(cid);
    const isDue = chat.ackOwed || dueReceipts(chat, settings).length > 0;
    return isDue && chat.opened && !chat.blocked && !isOutside(chat);
  }
}

/** @param {string} kind of a content @returns {boolean} it says nothing that a person wrote or did */
export function isSilent(kind) {
  return kind === "void" || kind === "receipt" || kind === "sync";
}
