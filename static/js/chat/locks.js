/** Who may do it: one tab for an account, one change at a time for a conversation. */

/** @typedef {{request: (name: string, options: object, work: () => Promise<any>) => Promise<any>}} LockManager as navigator.locks */

/** Changes of one conversation stand in a queue. */
export class ConversationLocks {
  #locks;
  #uid;

  /** @param {LockManager} locks @param {string} uid */
  constructor(locks, uid) {
    this.#locks = locks;
    this.#uid = uid;
  }

  /** Never ask for it again inside `work`. @template T @param {string} cid @param {() => Promise<T>} work @returns {Promise<T>} */
  with(cid, work) {
    return this.#locks.request(`llave:${this.#uid}:${cid}`, {}, work);
  }
}

/** The right to be the tab in charge. */
export class Charge {
  #locks;
  #name;
  #release = null;
  #onLost;

  /** @param {LockManager} locks @param {string} uid @param {() => void} onLost another tab took over */
  constructor(locks, uid, onLost) {
    this.#locks = locks;
    this.#name = `llave:${uid}`;
    this.#onLost = onLost;
  }

  /** @param {{steal?: boolean}} [how] @returns {Promise<boolean>} whether this tab is in charge now */
  take({ steal = false } = {}) {
    if (this.#release) return Promise.resolve(true);
    return new Promise((resolve) => {
      const options = steal ? { steal: true } : { ifAvailable: true };
      const held = this.#locks.request(this.#name, options, (lock) => this.#hold(lock, resolve));
      held.catch(() => this.#lost());
    });
  }

  /** @returns {void} */
  release() {
    this.#release?.();
    this.#release = null;
  }

  #hold(lock, resolve) {
    resolve(lock !== null);
    if (lock === null) return Promise.resolve();
    return new Promise((done) => {
      this.#release = done;
    });
  }

  // A stolen lock rejects its request.
  #lost() {
    this.#release = null;
    this.#onLost();
  }
}
