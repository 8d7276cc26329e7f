/** The contract's long poll in memory: a request waits until something is new for its person, or for the server's 20 s. */

import { after } from "./pace.js";

const WAIT_MS = 400; // 20 s, as fast as the scenarios' timers

export class FakePolls {
  seen = 0;
  #server;
  #waiting = new Set(); // functions

  /** @param {object} server FakeServer */
  constructor(server) {
    this.#server = server;
  }

  /** @param {object} client @param {string} since @returns {Promise<object>} */
  async answer(client, since) {
    this.seen += 1;
    const known = this.#all(client);
    if (since !== known.since) return since.startsWith(known.incarnation) ? { ...known, f: "heads" } : { ...known, f: "welcome" };
    const isOffline = () => this.#server.offline.has(client);
    await this.#until(() => isOffline() || this.#all(client).since !== known.since || this.#server.log.size > known.log_size);
    if (isOffline()) throw new TypeError("network");
    const now = this.#all(client);
    return { ...now, f: "heads", heads: Object.fromEntries(Object.entries(now.heads).filter(([cid, seq]) => known.heads[cid] !== seq)) };
  }

  /** Something changed: whoever waits for it goes on. */
  look() {
    this.#waiting.forEach((look) => look());
  }

  #until(claim) {
    return new Promise((resolve) => {
      const end = () => {
        this.#waiting.delete(look);
        cancel();
        resolve();
      };
      const look = () => claim() && end();
      const cancel = after(WAIT_MS, end);
      this.#waiting.add(look);
    });
  }

  #all(client) {
    const { incarnation, log } = this.#server;
    const heads = this.#server.heads(client);
    const counts = Object.values(heads);
    const since = `${incarnation} ${counts.length} ${counts.reduce((sum, seq) => sum + seq, 0)}`;
    return { incarnation, heads, log_size: log.size, now_ms: this.#server.now(), since };
  }
}
