/** What is missing and does not come for a minute, while the line is up, is said to be held back (protocol.md, section 7; attack A41). */

import { Draft } from "./draft.js";
import { tellWithheld, untold } from "./gaps.js";

const WAIT_MS = 60_000;

/** @typedef {{chats: object, inbox: object, locks: object, events: object, schedule: object, line: () => object}} WithheldParts */

/** @see WithheldParts */
export class Withheld {
  #parts;
  #waiting = new Set();

  /** @param {WithheldParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** After a change, or when the keys were opened. @param {string} cid */
  consider(cid) {
    const { chats, schedule, events } = this.#parts;
    const bases = new Set(untold(chats.get(cid)).map(({ base }) => base));
    if (!bases.size || this.#waiting.has(cid)) return;
    this.#waiting.add(cid);
    schedule.after(WAIT_MS, () => {
      this.#waiting.delete(cid);
      events.guard(this.#due(cid, bases));
    });
  }

  async #due(cid, bases) {
    const { chats, inbox, locks, line } = this.#parts;
    if (line().state !== "online") return this.consider(cid);
    await locks.with(cid, async () => {
      const draft = new Draft(chats.get(cid));
      tellWithheld(draft, bases);
      if (draft.mail.length) await inbox.commit(draft);
    });
    return this.consider(cid);
  }
}
