/** The people of this server. Names shown come from here; whom a chat is with is decided by uid and keys alone. */

import { Queue } from "./schedule.js";

const KNOWN = "people";
const ASK_MAX = 100;

/** @typedef {{uid: string, name: string, displayName: string, hasKeys: boolean}} Person */

/** Remembers whom it met, so that the list of chats needs no server. */
export class Directory {
  #api;
  #ring;
  #known = new Map();
  #queue = new Queue();

  /** @param {{api: object, ring: object}} parts */
  constructor({ api, ring }) {
    this.#api = api;
    this.#ring = ring;
  }

  /** From the keyring. */
  async load() {
    this.#known = (await this.#ring.get(KNOWN)) ?? new Map();
  }

  /** @param {string} uid @returns {Person} */
  person(uid) {
    return this.#known.get(uid) ?? { uid, name: "", displayName: "", hasKeys: false };
  }

  /** @param {{q?: string, after?: string, limit?: number}} page @returns {Promise<{people: Person[], next: string|null}>} */
  async search(page) {
    const { people, next } = await this.#api.people(page);
    return { people: people.map(personOf), next };
  }

  /** Asks again for these people. @param {string[]} uids @returns {Promise<void>} */
  learn(uids) {
    return this.#queue.run(() => this.#learn(uids));
  }

  async #learn(uids) {
    const known = new Map(this.#known);
    for (let i = 0; i < uids.length; i += ASK_MAX) {
      const asked = uids.slice(i, i + ASK_MAX);
      const { people } = await this.#api.peopleByUid(asked);
      people.filter(({ uid }) => asked.includes(uid)).map(personOf).forEach((person) => known.set(person.uid, person));
    }
    await this.#ring.commit({ ring: [{ name: KNOWN, value: known }] });
    this.#known = known;
  }

  /** @param {string} uid @returns {Promise<string>} user name */
  async nameOf(uid) {
    if (!this.#known.has(uid)) await this.learn([uid]);
    return this.person(uid).name;
  }
}

// Bidi controls are stripped from names (protocol.md, section 8).
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

function personOf({ uid, name, display_name: displayName, has_keys: hasKeys }) {
  return { uid, name, displayName: (displayName || name).replace(BIDI, ""), hasKeys };
}
