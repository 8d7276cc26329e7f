/**
 * The keyring: every object sealed on its own under the key of the passphrase (protocol.md, section 10). `seal` and `open`
 * are handed in, for the store knows nothing of cryptography. write_no grows over all objects of the browser, and the
 * highest stands in the same transaction as what it numbers.
 */

import { rest, slicesOf } from "../lib/breath.js";
import { decodeObject, encodeObject } from "./codec.js";
import { StorageError } from "./database.js";

const WRITE_NO = "write_no";
const AT_ONCE = { count: 8, bytes: 2 ** 18 }; // objects that are sealed or opened; then the page may breathe

/** @typedef {{name: string, value?: unknown}} RingChange no value: delete */
/** @typedef {{cid: string, place: number, tags?: string[], value?: unknown}} MailChange no value: delete */

/** Opens and seals; holds no key itself. */
export class Keyring {
  #db;
  #seal;
  #open;
  #writeNo;
  /** The highest number that was on the disk before this ring wrote. */
  openedNo;
  /** The highest number that is on the disk for certain. */
  writtenNo;

  /**
   * @param {{db: object, writeNo: number, seal: (name: string, n: number, bytes: Uint8Array) => Promise<Uint8Array>,
   *   open: (name: string, n: number, blob: Uint8Array) => Promise<Uint8Array>}} parts
   */
  constructor({ db, writeNo, seal, open }) {
    this.#db = db;
    this.#writeNo = writeNo;
    this.openedNo = writeNo;
    this.writtenNo = writeNo;
    this.#seal = seal;
    this.#open = open;
  }

  /** @param {object} db @returns {Promise<number>} the highest number used in this browser */
  static async lastWriteNo(db) {
    return (await db.get("clear", WRITE_NO)) ?? 0;
  }

  /** @param {string} name @returns {Promise<any>} undefined: there is none */
  async get(name) {
    const row = await this.#db.get("ring", name);
    return row && this.#opened(name, row);
  }

  /** @param {string} prefix @returns {Promise<[string, any][]>} in the order of names */
  async withPrefix(prefix) {
    const rows = await this.#db.withPrefix("ring", prefix);
    return eachOf(rows, ([, row]) => row.blob.length, async ([name, row]) => [name, await this.#opened(name, row)]);
  }

  /** Rows of the mail store with their values. @param {object[]} rows @returns {Promise<object[]>} */
  mail(rows) {
    return eachOf(rows, ({ blob }) => blob.length, async (row) => ({ ...(await this.#opened(mailName(row), row)), place: row.place }));
  }

  /**
   * Seals first, then writes everything in ONE transaction: all of it or nothing.
   * @param {{ring?: RingChange[], mail?: MailChange[], clear?: {key: string, value?: unknown}[]}} batch @returns {Promise<void>}
   */
  async commit({ ring = [], mail = [], clear = [] }) {
    const changes = [...ring, ...mail];
    await this.#write(await eachOf(changes, ({ value }) => (value instanceof Uint8Array ? value.length : 0), (change) => this.#change(change)), clear);
  }

  async #write(changes, clear) {
    const plain = clear.map(({ key, value }) => ({ store: "clear", key, value }));
    const number = this.#writeNo;
    await this.#db.write([...changes, ...plain, { store: "clear", key: WRITE_NO, value: number }]);
    this.writtenNo = Math.max(this.writtenNo, number);
  }

  /**
   * Everything, sealed anew by another ring over the same database, and what stands beside it: in ONE transaction.
   * @param {Keyring} next nothing writes through this one any more @param {{key: string, value?: unknown}[]} clear
   */
  async handOver(next, clear) {
    const changes = [];
    for (const [name, row] of await this.#db.withPrefix("ring", "")) {
      changes.push({ store: "ring", key: name, value: await this.#resealed(next, name, row) });
      await rest();
    }
    for (const row of await this.#db.allMail()) {
      changes.push({ store: "mail", key: [row.cid, row.place], value: await this.#resealed(next, mailName(row), row) });
      await rest();
    }
    await next.#write(changes, clear);
  }

  async #resealed(next, name, row) {
    const bytes = await this.#openedBytes(name, row);
    return { ...row, ...(await next.#sealedBytes(name, bytes)) };
  }

  #change(change) {
    return "cid" in change ? this.#mailChange(change) : this.#ringChange(change);
  }

  async #ringChange({ name, value }) {
    if (value === undefined) return { store: "ring", key: name };
    return { store: "ring", key: name, value: await this.#sealed(name, value) };
  }

  async #mailChange({ cid, place, tags, value }) {
    if (value === undefined) return { store: "mail", key: [cid, place] };
    const row = { cid, place, ...(await this.#sealed(mailName({ cid, place }), value)) };
    return { store: "mail", key: [cid, place], value: tags ? { ...row, tags } : row };
  }

  #sealed(name, value) {
    return this.#sealedBytes(name, encodeObject(value));
  }

  async #sealedBytes(name, bytes) {
    this.#writeNo += 1;
    const n = this.#writeNo;
    return { n, blob: await this.#seal(name, n, bytes) };
  }

  async #opened(name, row) {
    return decodeObject(await this.#openedBytes(name, row));
  }

  async #openedBytes(name, { n, blob }) {
    try {
      return await this.#open(name, n, blob);
    } catch (error) {
      throw error.code === "NOT_UNLOCKED" ? error : new StorageError("STORAGE_DAMAGED");
    }
  }
}

// Side by side, but not so many that the page stands still.
async function eachOf(items, bytesOf, work) {
  const done = [];
  for (const slice of slicesOf(items, { ...AT_ONCE, bytesOf })) {
    done.push(...(await Promise.all(slice.map(work))));
    await rest();
  }
  return done;
}

function mailName({ cid, place }) {
  return `mail:${cid}:${place}`;
}
