/** The real clock and the real timers; tests hand in others. */

import { randomBytes } from "../crypto/primitives.js";

/** @type {{now: () => number, elapsed: () => number}} wall clock in ms, for display and dates in signed objects; and one that only goes forward */
export const browserClock = Object.freeze({ now: () => Date.now(), elapsed: () => performance.now() });

/**
 * `after` gives the way to cancel; the schedule of open keys runs `orElse` when they are closed before.
 * @type {{after: (ms: number, run: () => void, orElse?: () => void) => () => void, random: () => number}}
 */
export const browserSchedule = Object.freeze({
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: () => new DataView(randomBytes(4).buffer).getUint32(0) / 2 ** 32,
});

/** A pause, so that the page stays alive in long work. @param {object} schedule @param {number} [ms] @returns {Promise<void>} */
export function pause(schedule, ms = 0) {
  return new Promise((resolve) => {
    schedule.after(ms, resolve, resolve);
  });
}

/** One work after another, in the order in which they were asked for; one that fails keeps no other. */
export class Queue {
  #last = Promise.resolve();

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  run(work) {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

/** Work under a name; asking again while it runs gives the same promise. */
export class SingleFlight {
  #running = new Map();

  /** @template T @param {string} name @param {() => Promise<T>} work @returns {Promise<T>} */
  run(name, work) {
    if (!this.#running.has(name)) {
      const done = work().finally(() => this.#running.delete(name));
      this.#running.set(name, done);
    }
    return this.#running.get(name);
  }
}

/** For each name one call within `ms`: the first at once, and the last of those that come meanwhile when that time is over. */
export class Paced {
  #schedule;
  #ms;
  #act;
  #last = new Map(); // name -> what was said meanwhile, null: nothing

  /** @param {object} schedule @param {number} ms @param {(name: string, value: *) => void} act */
  constructor(schedule, ms, act) {
    this.#schedule = schedule;
    this.#ms = ms;
    this.#act = act;
  }

  /** @param {string} name @param {*} value not null */
  say(name, value) {
    const rests = this.#last.has(name);
    this.#last.set(name, rests ? value : null);
    if (rests) return;
    this.#act(name, value);
    this.#schedule.after(this.#ms, () => this.#goOn(name));
  }

  #goOn(name) {
    const value = this.#last.get(name);
    this.#last.delete(name);
    if (value !== null) this.say(name, value);
  }
}
