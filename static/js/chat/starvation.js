/**
 * A server that takes no epoch records keeps old keys in use (attack A38). Messages go on without a record that only age asks for; it is
 * said after 300 own ones or 72 hours, and after 1000 under the same keys nothing is sealed any more.
 */

import { STARVED_LIMIT, STARVED_MESSAGES, STARVED_MS } from "../crypto/labels.js";
import { freePlace } from "../store/mail.js";
import { ChatError, LaterError, codeOf } from "./codes.js";
import { Draft } from "./draft.js";
import { isOnlyWorn } from "./epoch-wish.js";

const CODE = "KEYS_NOT_RENEWED";
const AGAIN_MS = 60_000;

/** @typedef {object} StarvationParts chats, bundles, trust, inbox, locks, line(), clock, schedule, store */

/** @see StarvationParts */
export class Starvation {
  #parts;
  #resting = new Set(); // chats whose record was refused a moment ago

  /** @param {StarvationParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * Work that may post a record: when the server does not take it and nothing but age asks for it, that is no reason to stop.
   * @param {string} cid @param {() => Promise<void>} work @returns {Promise<void>} @throws KEYS_NOT_RENEWED, what `work` throws
   */
  async during(cid, work) {
    if (this.#isResting(cid) && this.#isOnlyWorn(cid)) return this.#goOn(cid);
    try {
      return await work();
    } catch (error) {
      if (!this.#isRefusal(error) || !this.#isOnlyWorn(cid)) throw error;
      this.#rest(cid);
      return this.#goOn(cid);
    }
  }

  // Where nothing more may be sealed, every attempt counts.
  #isResting(cid) {
    return this.#resting.has(cid) && this.#parts.chats.get(cid).ownSent < STARVED_LIMIT;
  }

  // A record without an answer, while others are answered, is refused, too.
  #isRefusal(error) {
    return error instanceof LaterError || (codeOf(error) === "OFFLINE" && this.#parts.line().state === "online");
  }

  #isOnlyWorn(cid) {
    const { chats, bundles, clock } = this.#parts;
    const chat = chats.get(cid);
    const current = [...new Set(chat.uids)].map((uid) => bundles.last(uid));
    return isOnlyWorn(chat, { bundles: current, nowMs: clock.now() });
  }

  #rest(cid) {
    this.#resting.add(cid);
    this.#parts.schedule.after(AGAIN_MS, () => this.#resting.delete(cid));
  }

  async #goOn(cid) {
    const { chats, clock, trust } = this.#parts;
    const { ownSent, recordAt, starved } = chats.get(cid);
    if (ownSent >= STARVED_LIMIT) {
      await trust.block(cid, CODE);
      throw new ChatError(CODE);
    }
    if (!starved && (ownSent >= STARVED_MESSAGES || clock.now() - recordAt >= STARVED_MS)) await this.#tell(cid);
  }

  #tell(cid) {
    const { chats, clock, inbox, locks, store } = this.#parts;
    return locks.with(cid, async () => {
      const draft = new Draft(chats.get(cid));
      draft.noticeAt(await freePlace(store, cid, draft.chat.cursor), { code: CODE, detail: null, at: clock.now(), blocks: false });
      draft.set({ starved: true });
      await inbox.commit(draft);
    });
  }
}
