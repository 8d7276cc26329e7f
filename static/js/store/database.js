/**
 * The only place that opens IndexedDB. One database for each account of this browser; each verb below is one whole
 * transaction with strict durability, and nothing else is ever awaited inside it.
 *
 *     clear   name -> what may stand in clear (device id, salts) and the vault, which is a sealed file
 *     ring    object name -> {n, blob}                 sealed objects of the keyring
 *     parts   [blob, number] -> bytes                   ciphertext of attachments that wait to be sent; each under a key of its own
 *     mail    [cid, place] -> {cid, place, n, blob, tags}   sealed messages; tags: hashes that find a message again
 */

import { slicesOf } from "../lib/breath.js";

const VERSION = 3;
const STORES = ["clear", "ring", "mail", "parts"];
const STRICT = { durability: "strict" };
const AT_ONCE = { count: 32, bytes: 2 ** 19 }; // changes of a large transaction, objects of a long list; the page breathes between two slices

/** The disk of this browser is full, or it refuses to keep anything. */
export class StorageError extends Error {
  /** @param {string} code STORAGE_FULL or STORAGE_FAILED */
  constructor(code) {
    super(code);
    this.name = "StorageError";
    this.code = code;
  }
}

/** @typedef {{store: "clear"|"ring"|"mail"|"parts", key: IDBValidKey|IDBKeyRange, value?: object}} Change no value: delete */

/**
 * @param {string} name @param {{factory?: IDBFactory, onGone?: () => void}} [parts] onGone: another page deleted it
 * @returns {Promise<Database>}
 */
export async function openDatabase(name, { factory = globalThis.indexedDB, onGone = () => {} } = {}) {
  const request = factory.open(name, VERSION);
  request.onupgradeneeded = ({ oldVersion }) => build(request, oldVersion);
  const db = await answer(request);
  db.onversionchange = () => {
    db.close();
    onGone();
  };
  return new Database(db, () => answer(factory.deleteDatabase(name)));
}

/** @see openDatabase */
export class Database {
  #db;
  #remove;

  constructor(db, remove) {
    this.#db = db;
    this.#remove = remove;
  }

  /** @param {"clear"|"ring"|"mail"|"parts"} store @param {IDBValidKey} key @returns {Promise<object|undefined>} */
  get(store, key) {
    return this.#read(store, (objects) => objects.get(key));
  }

  /** @param {"clear"|"ring"} store @param {string} prefix of the names @returns {Promise<[string, object][]>} */
  withPrefix(store, prefix) {
    return this.#everything(store, prefix, `${prefix}\uffff`);
  }

  /** Newest first. @param {string} cid @param {{before: number, limit: number}} page before: a place @returns {Promise<object[]>} rows */
  mailBefore(cid, { before, limit }) {
    return new Promise((resolve, reject) => {
      const rows = [];
      const range = IDBKeyRange.bound([cid, 0], [cid, before], false, true);
      const request = this.#begin("mail", "readonly").objectStore("mail").openCursor(range, "prev");
      request.onerror = () => reject(failure(request.error));
      request.onsuccess = () => {
        const cursor = request.result;
        if (cursor) rows.push(cursor.value);
        if (cursor && rows.length < limit) cursor.continue();
        else resolve(rows);
      };
    });
  }

  /** @param {string} cid @param {{from: number, to: number}} places @returns {Promise<object[]>} rows, oldest first */
  mailBetween(cid, { from, to }) {
    return this.#read("mail", (objects) => objects.getAll(IDBKeyRange.bound([cid, from], [cid, to])));
  }

  /** @returns {Promise<object[]>} every row */
  async allMail() {
    return (await this.#everything("mail", [], [[]])).map(([, row]) => row);
  }

  /** @param {string[]} tags @returns {Promise<(object|undefined)[]>} a row for each, all out of one transaction */
  async mailByTags(tags) {
    if (tags.length === 0) return [];
    const index = this.#begin("mail", "readonly").objectStore("mail").index("tags");
    return Promise.all(tags.map((tag) => answer(index.get(tag))));
  }

  /** @returns {Promise<[string, number][]>} blob and number of every part that waits */
  partKeys() {
    return this.#read("parts", (objects) => objects.getAllKeys());
  }

  /** @param {string} blob @returns {Promise<void>} its parts are gone */
  dropParts(blob) {
    return this.write([{ store: "parts", key: IDBKeyRange.bound([blob, 0], [blob, Infinity]) }]);
  }

  /** All or nothing. @param {Change[]} changes @returns {Promise<void>} @throws STORAGE_FULL */
  write(changes) {
    return new Promise((resolve, reject) => {
      const transaction = this.#begin(STORES, "readwrite", STRICT);
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(failure(transaction.error));
      const slices = slicesOf(changes, { ...AT_ONCE, bytesOf: ({ value }) => sizeOf(value) });
      const putFrom = (nth) => {
        try {
          const asked = (slices[nth] ?? []).map((change) => put(transaction, change));
          if (nth + 1 < slices.length) asked.at(-1).onsuccess = () => putFrom(nth + 1);
          else transaction.commit?.();
        } catch {
          transaction.abort(); // what was put before the one that cannot be stored goes, too
        }
      };
      putFrom(0);
    });
  }

  /** Empties it; for a browser that starts over. @returns {Promise<void>} */
  clear() {
    return new Promise((resolve, reject) => {
      const transaction = this.#begin(STORES, "readwrite", STRICT);
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(failure(transaction.error));
      STORES.forEach((store) => transaction.objectStore(store).clear());
    });
  }

  /** For "forget this browser". @returns {Promise<void>} */
  async remove() {
    this.close();
    await this.#remove();
  }

  /** @returns {void} */
  close() {
    this.#db.close();
  }

  // A closed database throws at once.
  #begin(...asked) {
    try {
      return this.#db.transaction(...asked);
    } catch (error) {
      throw failure(error);
    }
  }

  // Out of one transaction, a page at a time.
  #everything(store, from, to) {
    const objects = this.#begin(store, "readonly").objectStore(store);
    return new Promise((resolve, reject) => {
      const found = [];
      const getFrom = (range, count) => {
        const [keys, values] = [objects.getAllKeys(range, count), objects.getAll(range, count)];
        keys.onerror = values.onerror = ({ target }) => reject(failure(target.error));
        values.onsuccess = () => {
          keys.result.forEach((key, i) => found.push([key, values.result[i]]));
          if (keys.result.length < count) resolve(found);
          else getFrom(IDBKeyRange.bound(keys.result.at(-1), to, true), countLike(values.result));
        };
      };
      getFrom(IDBKeyRange.bound(from, to), 1);
    });
  }

  async #read(store, ask) {
    return answer(ask(this.#begin(store, "readonly").objectStore(store)));
  }
}

function build({ result: db, transaction }, oldVersion) {
  if (oldVersion === 0) makeStores(db);
  if (oldVersion < 2) transaction.objectStore("mail").createIndex("tags", "tags", { multiEntry: true });
  if (oldVersion < 3) db.createObjectStore("parts");
}

function makeStores(db) {
  db.createObjectStore("clear");
  db.createObjectStore("ring");
  db.createObjectStore("mail", { keyPath: ["cid", "place"] });
}

// As many as may come at once when they are as large as these.
function countLike(values) {
  const each = values.reduce((sum, value) => sum + sizeOf(value), 0) / values.length;
  return Math.max(1, Math.min(AT_ONCE.count, Math.floor(AT_ONCE.bytes / each)));
}

// What is large in a row is its sealed object, or the row is a part of a blob.
function sizeOf(value) {
  return (value?.blob ?? value)?.length ?? 0;
}

function put(transaction, { store, key, value }) {
  const objects = transaction.objectStore(store);
  if (value === undefined) return objects.delete(key);
  return store === "mail" ? objects.put(value) : objects.put(value, key);
}

function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(failure(request.error));
  });
}

function failure(error) {
  return new StorageError(error?.name === "QuotaExceededError" ? "STORAGE_FULL" : "STORAGE_FAILED");
}
