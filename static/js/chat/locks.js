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

/** The right to be the tab in charge. The browser takes it back from a tab that is closed or dies, and gives it to the next. */
export class Charge {
  #locks;
  #name;
  #release = null;
  #queue = null;
  #onLost;

  /** @param {LockManager} locks @param {string} uid @param {() => void} onLost another tab took over */
  constructor(locks, uid, onLost) {
    this.#locks = locks;
    this.#name = `llave:${uid}`;
    this.#onLost = onLost;
  }

  /** @returns {boolean} */
  get isHeld() {
    return this.#release !== null;
  }

  /** @param {{steal?: boolean}} [how] @returns {Promise<boolean>} whether this tab is in charge now */
  take({ steal = false } = {}) {
    if (this.#release) return Promise.resolve(true);
    this.#leaveQueue();
    return this.#ask(steal ? { steal: true } : { ifAvailable: true });
  }

  /** @returns {Promise<boolean>} true when this tab's turn has come; false when it does not wait any more */
  wait() {
    if (this.#release) return Promise.resolve(true);
    this.#leaveQueue();
    this.#queue = new AbortController();
    return this.#ask({ signal: this.#queue.signal });
  }

  /** @returns {void} */
  release() {
    this.#leaveQueue();
    this.#release?.();
    this.#release = null;
  }

  // A request that is given up, or whose lock is stolen, is rejected.
  #ask(options) {
    return new Promise((resolve) => {
      let held = false;
      const hold = (lock) => {
        held = lock !== null;
        resolve(held);
        return held ? this.#hold() : undefined;
      };
      this.#locks.request(this.#name, options, hold).catch(() => {
        if (held) this.#lost();
        else resolve(false);
      });
    });
  }

  #hold() {
    this.#queue = null;
    return new Promise((done) => {
      this.#release = done;
    });
  }

  #leaveQueue() {
    this.#queue?.abort();
    this.#queue = null;
  }

  #lost() {
    this.#release = null;
    this.#onLost();
  }
}
