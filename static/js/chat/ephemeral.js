/**
 * Messages that disappear (mode 1; protocol.md, section 7): each text is kept under the keyring until its timer ends, counted from its
 * opening by a clock that only goes forward, and capped by the wall clock. Then the row is destroyed, here and at the next unlock.
 */

import { seqOf } from "../store/mail.js";

const DYING = "dying:"; // ring objects: when which row ends
const CLOCK = "timer-clock"; // ring object {elapsed, wall}
const TICK_MS = 60_000;

/** @typedef {{name: string, cid: string, place: number, id: string, until: number, untilWall: number}} Dying until: by the forward clock */
/** @typedef {{ring: object, chats: object, locks: object, events: object, schedule: object, clock: {now: () => number, elapsed: () => number}}} EphemeralParts */

/** @see EphemeralParts */
export class Ephemeral {
  #parts;
  #dying = new Map();
  #base = 0;
  #from = 0;
  #cancel = null;

  /** @param {EphemeralParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** From the keyring; what ended meanwhile goes before anything is shown. */
  async load() {
    const { ring, clock } = this.#parts;
    const kept = (await ring.get(CLOCK)) ?? { elapsed: 0, wall: clock.now() };
    this.#base = kept.elapsed + Math.max(0, clock.now() - kept.wall); // closed: only the wall clock can tell, and only forward
    this.#from = clock.elapsed();
    for (const [name, one] of await ring.withPrefix(DYING)) this.#dying.set(name, one);
    await this.#sweep();
  }

  /** Gives the new rows of an epoch with a timer their end. @param {object} draft not committed yet @returns {{marked: Dying[], gone: string[]}} for `remember` */
  mark(draft) {
    const { cid, timers } = draft.chat;
    const [marked, gone] = [[], []];
    draft.mail = draft.mail.map((change) => {
      const name = `${DYING}${cid}:${change.place}`;
      if (change.value === undefined && this.#dying.has(name)) gone.push(name);
      const timerS = timers.get(change.value?.epoch);
      if (!timerS) return change;
      const value = { ...this.#endOf(timerS), ...change.value };
      marked.push({ name, cid, place: change.place, id: value.id, until: value.until, untilWall: value.untilWall });
      return { ...change, value };
    });
    draft.ring.push(...gone.map((name) => ({ name })), ...marked.map((one) => ({ name: one.name, value: one })));
    return { marked, gone };
  }

  /** They are on the disk. @param {{marked: Dying[], gone: string[]}} changes */
  remember({ marked, gone }) {
    gone.forEach((name) => this.#dying.delete(name));
    marked.forEach((one) => this.#dying.set(one.name, one));
    if (marked.length > 0) this.#arm();
  }

  #endOf(timerS) {
    return { until: this.#elapsed() + timerS * 1000, untilWall: this.#parts.clock.now() + timerS * 1000 };
  }

  #elapsed() {
    return this.#base + this.#parts.clock.elapsed() - this.#from;
  }

  #left({ until, untilWall }) {
    return Math.min(until - this.#elapsed(), untilWall - this.#parts.clock.now());
  }

  #arm() {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#dying.size === 0) return;
    const next = [...this.#dying.values()].reduce((least, one) => Math.min(least, this.#left(one)), TICK_MS);
    const { schedule, events } = this.#parts;
    this.#cancel = schedule.after(Math.max(next, 0), () => events.guard(this.#sweep()));
  }

  async #sweep() {
    const { ring, clock } = this.#parts;
    const over = [...this.#dying.values()].filter((one) => this.#left(one) <= 0);
    try {
      for (const cid of new Set(over.map((one) => one.cid))) await this.#destroy(cid, over.filter((one) => one.cid === cid));
      if (this.#dying.size) await ring.commit({ ring: [{ name: CLOCK, value: { elapsed: this.#elapsed(), wall: clock.now() } }] });
    } finally {
      this.#arm();
    }
  }

  async #destroy(cid, ended) {
    const { chats, locks, events } = this.#parts;
    const [ids, seqs] = [new Set(ended.map(({ id }) => id)), new Set(ended.map(({ place }) => seqOf(place)))];
    await locks.with(cid, () => {
      const chat = chats.get(cid);
      const last = ids.has(chat.last?.id) ? null : chat.last;
      const mail = ended.map(({ place }) => ({ cid, place }));
      return chats.commit({ ...chat, last, unread: chat.unread.filter((seq) => !seqs.has(seq)) }, { ring: ended.map(({ name }) => ({ name })), mail });
    });
    ended.forEach(({ name }) => this.#dying.delete(name));
    ids.forEach((id) => events.emit("removed", { cid, id }));
    events.emit("conversation", { cid });
    events.emit("conversations");
  }
}
