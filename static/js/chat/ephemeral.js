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
    await this.#sweep().catch((error) => this.#parts.events.problem(error)); // a full disk keeps nobody from what is on it
  }

  /** @param {{until?: number, untilWall?: number}} row @returns {boolean} its time is over: nobody is shown it, destroyed or not yet */
  isOver(row) {
    return row.until !== undefined && this.#left(row) <= 0;
  }

  /** Gives the new rows of an epoch with a timer their end. @param {object} draft not committed yet @returns {{marked: Dying[], gone: string[]}} for `remember` */
  mark(draft) {
    const { cid, timers } = draft.chat;
    const [marked, gone] = [[], []];
    draft.mail = draft.mail.map((change) => {
      const name = `${DYING}${cid}:${change.place}`;
      if (change.value === undefined && this.#dying.has(name)) gone.push(name);
      const value = this.#withEnd(change.value, timers);
      if (!value) return change;
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

  // What has its end keeps it, wherever it is put and however old its epoch is.
  #withEnd(value, timers) {
    if (value?.until !== undefined) return value;
    const timerS = timers.get(value?.epoch);
    return timerS ? { ...this.#endOf(timerS), ...value } : null;
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

  #arm({ least = 0 } = {}) {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#dying.size === 0) return;
    const next = [...this.#dying.values()].reduce((soonest, one) => Math.min(soonest, this.#left(one)), TICK_MS);
    const { schedule, events } = this.#parts;
    this.#cancel = schedule.after(Math.max(next, least), () => events.guard(this.#sweep()));
  }

  async #sweep() {
    const { ring, clock } = this.#parts;
    const over = [...this.#dying.values()].filter((one) => this.isOver(one));
    let least = TICK_MS; // after a failure
    try {
      for (const cid of new Set(over.map((one) => one.cid))) await this.#destroy(cid, over.filter((one) => one.cid === cid));
      if (this.#dying.size) await ring.commit({ ring: [{ name: CLOCK, value: { elapsed: this.#elapsed(), wall: clock.now() } }] });
      least = 0;
    } finally {
      this.#arm({ least });
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
