/** What a message answers: looked up among the messages at hand, then in the local store; never taken from the answer itself. */
import { authorOf, lineOf } from "./message-verbs.js";

export class Quotes {
  #found = new Map();
  #parts;

  /** @param {{atHand: (id: string) => object|undefined, ask: (id: string) => Promise<object|null>|undefined, onFound: () => void}} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  clear() {
    this.#found = new Map();
  }

  /** It changed, or it is gone: what answers it asks again. @param {string} id */
  forget(id) {
    this.#found.delete(id);
  }

  /** @param {object} message  @param {string} name of the other person  @returns {{who: string, text: string}|null} */
  of({ re }, name) {
    if (!re) return null;
    const original = this.#parts.atHand(re) ?? this.#stored(re);
    return { who: original ? authorOf(original, name) : "", text: original === undefined ? "…" : lineOf(original) };
  }

  #stored(id) {
    if (!this.#found.has(id)) this.#fetch(id, this.#found);
    return this.#found.get(id);
  }

  async #fetch(id, found) {
    found.set(id, undefined);
    const original = await Promise.resolve(this.#parts.ask(id)).catch(() => null);
    found.set(id, original ?? null);
    if (found === this.#found) this.#parts.onFound();
  }
}
