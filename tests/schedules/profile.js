/** A browser's disk and its locks in memory; a disk can be copied, and an older copy put back. */

import { StorageError } from "/static/js/store/database.js";

const STORES = ["clear", "ring", "mail", "parts"];

/** What survives a reload: name of a database -> its stores. */
export class Disk {
  #databases = new Map();

  /** @returns {Map<string, object>} */
  copy() {
    return new Map([...this.#databases].map(([name, stores]) => [name, copyOf(stores)]));
  }

  /** @param {Map<string, object>} older */
  putBack(older) {
    this.#databases = new Map([...older].map(([name, stores]) => [name, copyOf(stores)]));
  }

  /** @param {string} name @returns {Promise<MemoryDatabase>} */
  async open(name) {
    if (!this.#databases.has(name)) this.#databases.set(name, Object.fromEntries(STORES.map((store) => [store, new Map()])));
    return new MemoryDatabase(this.#databases.get(name), () => this.#databases.delete(name));
  }

  /** @returns {number} the highest write number that is kept */
  get writeNo() {
    return Math.max(0, ...[...this.#databases.values()].map(({ clear }) => clear.get("write_no") ?? 0));
  }
}

/** The verbs of store/database.js. */
class MemoryDatabase {
  #stores;
  #remove;
  #isOpen = true;

  constructor(stores, remove) {
    this.#stores = stores;
    this.#remove = remove;
  }

  async get(store, key) {
    return this.#of(store).get(nameOf(key));
  }

  async withPrefix(store, prefix) {
    return [...this.#of(store)].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  async mailBefore(cid, { before, limit }) {
    return this.#mail(cid).filter(({ place }) => place < before).reverse().slice(0, limit);
  }

  async mailBetween(cid, { from, to }) {
    return this.#mail(cid).filter(({ place }) => place >= from && place <= to);
  }

  async allMail() {
    return [...this.#of("mail").values()];
  }

  async mailByTags(wanted) {
    return wanted.map((tag) => [...this.#of("mail").values()].find(({ tags }) => tags?.includes(tag)));
  }

  async partKeys() {
    return [...this.#of("parts").keys()].map((key) => key.split("/"));
  }

  async dropParts(blob) {
    for (const key of this.#of("parts").keys()) if (key.startsWith(`${blob}/`)) this.#of("parts").delete(key);
  }

  async write(changes) {
    for (const { store, key, value } of changes) {
      if (value === undefined) this.#of(store).delete(nameOf(key));
      else this.#of(store).set(nameOf(key), structuredClone(value));
    }
  }

  async clear() {
    STORES.forEach((store) => this.#of(store).clear());
  }

  async remove() {
    this.#remove();
  }

  close() {
    this.#isOpen = false;
  }

  #of(store) {
    if (!this.#isOpen) throw new StorageError("STORAGE_FAILED");
    return this.#stores[store];
  }

  #mail(cid) {
    return [...this.#of("mail").values()].filter((row) => row.cid === cid).sort((a, b) => a.place - b.place);
  }
}

/** As navigator.locks: one at a time under a name. */
export class MemoryLocks {
  #held = new Map();
  #asking = [];

  /** @returns {string[]} names of the locks that are held or waited for, as often as that */
  get asking() {
    return [...this.#asking];
  }

  async request(name, { ifAvailable = false }, work) {
    const before = this.#held.get(name);
    if (ifAvailable && before) return work(null);
    const mine = (before ?? Promise.resolve()).then(() => work({ name }));
    this.#asking.push(name);
    const over = mine.catch(() => {}).then(() => {
      this.#asking.splice(this.#asking.indexOf(name), 1);
      if (this.#held.get(name) === over) this.#held.delete(name);
    });
    this.#held.set(name, over);
    return mine;
  }
}

function nameOf(key) {
  return Array.isArray(key) ? key.join("/") : key;
}

function copyOf(stores) {
  return Object.fromEntries(Object.entries(stores).map(([store, rows]) => [store, new Map(rows)]));
}
