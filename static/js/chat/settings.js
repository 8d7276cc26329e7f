/** What the person chose for this browser; sealed like everything else. */

const SETTINGS = "settings";
const CHOSEN = Object.freeze({ receipts: true, notifications: false });

export class Settings {
  #ring;
  #chosen = CHOSEN;

  /** @param {{ring: object}} parts */
  constructor({ ring }) {
    this.#ring = ring;
  }

  /** From the keyring. */
  async load() {
    this.#chosen = { ...CHOSEN, ...(await this.#ring.get(SETTINGS)) };
  }

  /** Others are told when this person has read, and this person sees when they have: both or neither. @returns {boolean} */
  get receipts() {
    return this.#chosen.receipts;
  }

  /** The desktop is told that something came while nobody looks at the page. @returns {boolean} */
  get notifications() {
    return this.#chosen.notifications;
  }

  /** @param {{receipts?: boolean, notifications?: boolean}} choice */
  async choose(choice) {
    const chosen = { ...this.#chosen, ...choice };
    await this.#ring.commit({ ring: [{ name: SETTINGS, value: chosen }] });
    this.#chosen = chosen;
  }
}
