/** Own epoch records that were made but not yet answered: kept before they are posted, dropped when another one won. */

const PENDING = "pending:";

/** @typedef {{cid: string, clientId: string, proposal: object}} Pending proposal: see crypto/epoch-make.js */

/** @see Pending */
export class PendingRecords {
  #ring;
  #records = new Map();

  /** @param {{ring: object}} parts */
  constructor({ ring }) {
    this.#ring = ring;
  }

  /** From the keyring. */
  async load() {
    for (const [, pending] of await this.#ring.withPrefix(PENDING)) this.#records.set(pending.cid, pending);
  }

  /** @param {string} cid @returns {Pending|undefined} */
  get(cid) {
    return this.#records.get(cid);
  }

  /** @param {Pending} pending */
  async keep(pending) {
    await this.#ring.commit({ ring: [{ name: PENDING + pending.cid, value: pending }] });
    this.#records.set(pending.cid, pending);
  }

  /** @param {string} cid */
  async drop(cid) {
    await this.#ring.commit({ ring: [this.dropChange(cid)] });
    this.forget(cid);
  }

  /** For a greater transaction; then `forget`. @param {string} cid @returns {object} ring change */
  dropChange(cid) {
    return { name: PENDING + cid };
  }

  /** @param {string} cid */
  forget(cid) {
    this.#records.delete(cid);
  }
}
