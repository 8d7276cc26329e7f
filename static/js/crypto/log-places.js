/**
 * Where the leaves of an idx stand in the log: a hash table of their places, in numbers alone. Fifty thousand are looked at one after
 * another, and an object or a text for each costs more than all the rest that is done with it.
 */

import { HASH_BYTES } from "./labels.js";
import { randomBytes } from "./primitives.js";

const WORDS = HASH_BYTES / 4; // of an idx
const FIRST_ROOM = 1 << 8; // places
const SLOTS = 2; // for each place there is room for: at most half of them are taken
const NONE = -1; // no place
const NO_IDX = -2; // in the stead of the place before: the leaf has no idx

/** It grows at its end only; a log that is shorter takes no notice of what was added since, so that the next log needs no copy of it. */
export class Places {
  #size = 0;
  #words = new Uint32Array(WORDS * FIRST_ROOM); // by place: the idx
  #bytes = new Uint8Array(this.#words.buffer); // the same
  #before = new Int32Array(FIRST_ROOM); // by place: the place of the same idx before it
  #newest = new Int32Array(SLOTS * FIRST_ROOM).fill(NONE); // by slot: the newest place of an idx
  #seeds = new Uint32Array(randomBytes(HASH_BYTES).buffer).map((seed) => seed | 1); // so that nobody can make all share a slot

  /** @returns {number} leaves that it knows */
  get size() {
    return this.#size;
  }

  /** The next leaf. @param {Uint8Array|null} leaf null: it has no idx @param {number} at where its idx begins @returns {number} the place of the same idx before it, or -1 */
  add(leaf, at) {
    const place = this.#size;
    if (leaf === null) {
      this.#makeRoom();
      this.#before[place] = NO_IDX;
    } else {
      this.#write(leaf, at);
      this.#put(place);
    }
    this.#size += 1;
    return Math.max(NONE, this.#before[place]);
  }

  /** What was added since never was. @param {number} size */
  cutTo(size) {
    while (this.#size > size) {
      this.#size -= 1;
      const before = this.#before[this.#size];
      if (before !== NO_IDX) this.#newest[this.#slotOf(this.#size)] = before; // the last that came stands in nobody's way
    }
  }

  /** @param {Uint8Array} idx @param {number} size of the log that asks @returns {number[]} newest first */
  of(idx, size) {
    this.#write(idx, 0);
    const places = [];
    for (let place = this.#newest[this.#slotOf(this.#size)]; place >= 0; place = this.#before[place]) if (place < size) places.push(place);
    return places;
  }

  /** For a log that goes on from `size`. @param {number} size @returns {Places} this one, or a copy when another log went on from there */
  from(size) {
    if (size === this.#size) return this;
    const other = new Places();
    for (let place = 0; place < size; place += 1) other.add(this.#before[place] === NO_IDX ? null : this.#bytes, HASH_BYTES * place);
    return other;
  }

  // Behind the last one.
  #write(bytes, at) {
    this.#makeRoom();
    const idx = this.#bytes;
    const start = HASH_BYTES * this.#size;
    for (let i = 0; i < HASH_BYTES; i += 1) idx[start + i] = bytes[at + i];
  }

  #put(place) {
    const slot = this.#slotOf(place);
    this.#before[place] = this.#newest[slot];
    this.#newest[slot] = place;
  }

  // Where the idx of a place stands, or would.
  #slotOf(place) {
    const words = this.#words;
    const seeds = this.#seeds;
    const newest = this.#newest;
    let hash = 0;
    for (let i = 0, at = WORDS * place; i < WORDS; i += 1, at += 1) {
      hash = Math.imul(hash ^ words[at], seeds[i]);
      hash ^= hash >>> 15;
    }
    let slot = hash & (newest.length - 1);
    while (newest[slot] >= 0 && !this.#isSame(newest[slot], place)) slot = (slot + 1) & (newest.length - 1);
    return slot;
  }

  #isSame(one, other) {
    for (let i = 0; i < WORDS; i += 1) if (this.#words[WORDS * one + i] !== this.#words[WORDS * other + i]) return false;
    return true;
  }

  #makeRoom() {
    if (this.#size < this.#before.length) return;
    const room = 2 * this.#before.length;
    this.#words = copyOf(this.#words, new Uint32Array(WORDS * room));
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#before = copyOf(this.#before, new Int32Array(room));
    this.#newest = new Int32Array(SLOTS * room).fill(NONE);
    for (let place = 0; place < this.#size; place += 1) if (this.#before[place] !== NO_IDX) this.#put(place);
  }
}

function copyOf(from, into) {
  into.set(from);
  return into;
}
