/** What the line told and nobody looked at yet, as little as matters of it: a storm of bells takes no more room than one. */

const CHATS_MAX = 20_000;

/** Gathers welcome, heads and bells. */
export class Hints {
  /** @type {object|null} the last welcome */
  welcome = null;
  /** @type {Map<string, number>} the newest event that was told of */
  heads = new Map();
  /** @type {Map<string, number>} what a list said, that has every number of a chat, where it is lower than what was applied by then */
  listed = new Map();
  /** @type {number|undefined} */
  logSize = undefined;

  /** @param {object} frame welcome, heads, bell, or the event that came instead of one @param {(cid: string) => number} cursorOf what was applied when it came */
  add(frame, cursorOf) {
    if (frame.name === "welcome") this.welcome = frame;
    if (frame.cid) this.#hear(frame.cid, frame.seq);
    for (const [cid, seq] of frame.heads ?? []) {
      this.#hear(cid, seq);
      if (this.heads.has(cid) && seq < cursorOf(cid)) this.listed.set(cid, seq);
    }
    if (frame.logSize !== undefined) this.logSize = Math.max(frame.logSize, this.logSize ?? 0);
  }

  /** @returns {boolean} */
  get isEmpty() {
    return this.welcome === null && this.heads.size === 0 && this.logSize === undefined;
  }

  #hear(cid, seq) {
    if (this.heads.size < CHATS_MAX || this.heads.has(cid)) this.heads.set(cid, Math.max(seq, this.heads.get(cid) ?? 0));
  }
}
