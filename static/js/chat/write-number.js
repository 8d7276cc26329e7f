/** How far this browser's keyring has come, told to the server: an older copy of the browser sees that it is one (section 10). */

const TELL_EVERY_MS = 60_000;

/** Beside the line, from connect on. Nothing is told before the server was asked, however long that takes without a network. */
export class WriteNumber {
  #parts;
  #told = null; // not asked yet
  #isOlder = false;

  /** @param {{api: object, ring: object, schedule: object, line: () => object}} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @returns {boolean} the server still has to be asked */
  get isUnasked() {
    return this.#told === null;
  }

  /** @returns {Promise<boolean>} this was opened as an older copy of what the server has seen */
  async isRolledBack() {
    this.#told = await this.#parts.api.writeNumber();
    this.#isOlder = this.#told > this.#parts.ring.openedNo;
    return this.#isOlder;
  }

  /** Now and then from here on. */
  keepTelling() {
    this.#parts.schedule.after(TELL_EVERY_MS, () => {
      this.#tell().catch(() => {}); // told again with the next one
      this.keepTelling();
    });
  }

  async #tell() {
    const { api, ring, line } = this.#parts;
    const number = ring.writtenNo;
    if (this.isUnasked || this.#isOlder || line().state !== "online" || number <= this.#told) return;
    this.#told = await api.tellWriteNumber(number);
  }
}
