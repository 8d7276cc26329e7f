/**
 * Time that passes only when nothing is under way, so that hours of a chat take seconds and a seed gives the same choices
 * again. WebCrypto is watched: how much of it is under way, and under which key and nonce something was sealed. So are the breaths
 * between slices of long work, of which a busy machine takes more than a quiet one.
 */

import { breathe } from "/static/js/lib/breath.js";

const BEGAN_MS = 1_800_000_000_000;
const LINE_MS = [1, 400]; // how long a frame is on its way

/** Mulberry32. @param {number} seed @returns {() => number} 0 <= x < 1, always the same row */
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Timers in the order of their time. */
export class Simulator {
  #timers = [];
  #number = 0;
  #last = new WeakMap(); // line -> when its last frame arrives
  #passing = 0; // who lets time pass
  nowMs = BEGAN_MS;

  /** @param {() => number} random */
  constructor(random) {
    this.random = random;
    this.clock = { now: () => Math.floor(this.nowMs), elapsed: () => this.nowMs - BEGAN_MS };
    this.schedule = { random, after: (ms, run) => this.after(ms, run) };
  }

  /** @param {number} ms @param {() => void} run @returns {() => void} cancels it */
  after(ms, run) {
    this.#number += 1;
    const timer = { at: this.nowMs + Math.max(0, ms), number: this.#number, run };
    let place = this.#timers.length;
    while (place > 0 && this.#timers[place - 1].at > timer.at) place -= 1;
    this.#timers.splice(place, 0, timer);
    return () => {
      timer.run = () => {};
    };
  }

  /** One frame after another on a line, each after a while. @param {() => void} run @param {object} line */
  carry(run, line) {
    const [least, most] = LINE_MS;
    const arrives = Math.max(this.nowMs + least + this.random() * (most - least), this.#last.get(line) ?? 0);
    this.#last.set(line, arrives);
    this.after(arrives - this.nowMs, run);
  }

  /** @param {number} ms everything that happens in this time */
  advance(ms) {
    return this.#pass(ms, () => false);
  }

  /**
   * Time passes until work is done: whatever is asked of a browser goes through here, since it may wait for an answer that takes its time.
   * @template T @param {Promise<T>} work @param {number} [withinMs] @returns {Promise<T>}
   */
  async done(work, withinMs = 600_000) {
    let outcome = null;
    work.then((value) => (outcome = { value }), (error) => (outcome = { error }));
    await this.#pass(withinMs, () => outcome !== null);
    if (!outcome) throw new Error("it never ended");
    if (outcome.error) throw outcome.error;
    return outcome.value;
  }

  /** @returns {string} what is under way */
  describe() {
    const [next] = this.#timers;
    const due = next ? `, the next in ${Math.round(next.at - this.nowMs)} ms` : "";
    const passes = this.#passing ? "time passes" : "nobody lets time pass";
    return `${passes}, ${this.#timers.length} timers${due}, ${underWay} operations of WebCrypto`;
  }

  async #pass(ms, isOver) {
    const end = this.nowMs + ms;
    this.#passing += 1;
    try {
      for (await atRest(); !isOver(); await atRest()) {
        if (!this.#timers.length || this.#timers[0].at > end) {
          this.nowMs = end;
          return;
        }
        const { at, run } = this.#timers.shift();
        this.nowMs = Math.max(this.nowMs, at);
        run();
      }
    } finally {
      this.#passing -= 1;
    }
  }
}

const STUCK_MS = 60_000; // of real time
let underWay = 0;
let resting = []; // who waits until nothing is under way
let steps = 0;
let [posts, ownPosts] = [0, 0]; // messages between ports: breaths of the page's long work, and those of this file

/** @returns {number} it goes up as long as anything goes on */
export function stepsTaken() {
  return steps;
}

// Behind every breath that somebody asked for already.
function turn() {
  ownPosts += 1;
  return breathe();
}

async function atRest() {
  for (let quiet = 0; quiet < 2; quiet += 1) {
    const before = posts - ownPosts;
    await turn();
    if (underWay === 0 && posts - ownPosts === before) continue;
    quiet = -1;
    if (underWay > 0) await cryptoEnded();
  }
}

function cryptoEnded() {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${underWay} operations of WebCrypto never ended`)), STUCK_MS);
    resting.push(() => resolve(clearTimeout(late)));
  });
}

const WATCHED = ["digest", "sign", "verify", "encrypt", "decrypt", "deriveBits", "importKey", "exportKey", "generateKey"];
const keyBytes = new WeakMap();
const used = new Set();

/** "key/nonce" that sealed twice, in this page. @type {string[]} */
export const reused = [];

/** A key and a nonce that sealed something, here or elsewhere. @param {Uint8Array} key @param {Uint8Array} nonce */
export function sealedUnder(key, nonce) {
  const pair = String.fromCharCode(...key.subarray(0, 12), ...nonce);
  if (used.has(pair)) reused.push([...nonce].join());
  used.add(pair);
}

/** From now on it is known what goes on in the page without a timer: breaths of long work, and WebCrypto. */
export function watchWork() {
  const { postMessage } = MessagePort.prototype;
  MessagePort.prototype.postMessage = function counted(...given) {
    posts += 1;
    steps += 1;
    return postMessage.apply(this, given);
  };
  watchCrypto(globalThis.crypto);
}

// PBKDF2 takes one round here: what it takes is not what is looked at.
function watchCrypto({ subtle }) {
  for (const name of WATCHED) {
    subtle[name] = (...given) => {
      const asked = given[0]?.name === "PBKDF2" && name === "deriveBits" ? [{ ...given[0], iterations: 1 }, ...given.slice(1)] : given;
      if (name === "encrypt") sealedUnder(keyBytes.get(given[1]), given[0].iv);
      const key = name === "importKey" && given[2] === "AES-GCM" ? given[1].slice() : null;
      underWay += 1;
      const done = SubtleCrypto.prototype[name].apply(subtle, asked);
      done.then((value) => key && keyBytes.set(value, key), () => {}).finally(ended);
      return done;
    };
  }
}

function ended() {
  steps += 1;
  underWay -= 1;
  if (underWay > 0) return;
  const woken = resting;
  resting = [];
  woken.forEach((wake) => wake());
}
