/** One browser of a schedule: the product's Messenger on simulated time, disk and line. */

import { Messenger } from "/static/js/chat/messenger.js";
import { createApi } from "/static/js/transport/api.js";
import { socketMaker } from "/static/js/transport/socket.js";
import { ORIGIN } from "/tests/js_chat/fake-server.js";
import { Liar } from "./liar.js";
import { Disk, MemoryLocks } from "./profile.js";

export const PASSPHRASE = "abcd-efgh-ijkm-npqr-stuv";
const PAGE = 200;
const STEP_MS = 60_000;
const AWAKE_MS = 300_000;

export class Member {
  /** @param {{sim: object, server: object}} world @param {object} person @param {string} name of the browser, for the trace */
  constructor({ sim, server }, person, name) {
    Object.assign(this, { sim, server, person, name, disk: new Disk(), locks: new MemoryLocks(), marks: new Set(), asked: [], problems: [], saved: null });
    this.client = server.client(person);
    this.liar = new Liar(server, this.client);
    this.isOpen = false;
    this.isOffline = false;
    this.isRemoved = false;
  }

  /** A page load. @returns {Promise<object>} phase */
  async load() {
    const { sim, client } = this;
    const api = createApi({ fetch: (path, options) => this.#travel(path, client.fetch(path, options)), csrf: "x" });
    const createSocket = socketMaker({ url: "ws", api, schedule: sim.schedule, open: client.open, network: new EventTarget() });
    const openDatabase = (name) => this.disk.open(name);
    const { locks, marks } = this;
    const messenger = new Messenger({ api, createSocket, openDatabase, locks, marks, schedule: sim.schedule, clock: sim.clock, storage: null, origin: ORIGIN, manifestHash: null });
    messenger.addEventListener("problem", ({ detail }) => this.problems.push(detail.cause ? `${detail.code} ${detail.cause}` : detail.code));
    this.messenger = messenger;
    this.#stayAwake(messenger);
    return sim.done(messenger.open());
  }

  /** Up to the open chat, as the first browser of a person. */
  async setUp() {
    await this.load();
    await this.sim.done(this.messenger.createKeys({ passphrase: PASSPHRASE }));
    await this.sim.done(this.messenger.proveKeyFile({ bytes: await this.keyFile(), passphrase: PASSPHRASE }));
    this.isOpen = true;
  }

  /** As a further browser of a person. @param {Uint8Array} file */
  async join(file) {
    await this.load();
    await this.sim.done(this.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE }));
    this.isOpen = true;
  }

  /** @returns {Promise<Uint8Array>} */
  async keyFile() {
    return (await this.sim.done(this.messenger.makeKeyFile({ passphrase: PASSPHRASE }))).bytes;
  }

  /** The tab goes, whatever it was doing. */
  crash() {
    this.messenger.end();
    [...this.server.sockets].filter(({ client }) => client === this.client).forEach((socket) => socket.shut(1001));
    this.isOpen = false;
  }

  /** @returns {Promise<void>} the page again, and the passphrase */
  async reopen() {
    await this.load();
    await this.sim.done(this.messenger.unlock({ passphrase: PASSPHRASE }));
    this.isOpen = true;
  }

  /** @param {boolean} isOffline */
  network(isOffline) {
    this.isOffline = isOffline;
    if (isOffline) this.client.goOffline();
    else this.client.goOnline();
    if (!isOffline) this.messenger.poke();
  }

  /** What the disk holds now; it may come back later. */
  save() {
    this.saved = { disk: this.disk.copy(), did: this.client.did };
  }

  /** @returns {Promise<boolean>} the older disk was used further than it knows */
  async restore() {
    const { disk, did } = this.saved;
    this.crash();
    this.disk.putBack(disk);
    this.saved = null;
    const isOlder = (this.server.writeNumbers.get(did) ?? 0) > this.disk.writeNo;
    await this.reopen();
    return isOlder;
  }

  /** @param {string} cid @returns {Promise<object[]>} every line of the chat, oldest first */
  async lines(cid) {
    const lines = [];
    for (let before; ; ) {
      const { items, more } = await this.sim.done(this.messenger.messages(cid, { limit: PAGE, ...(before === undefined ? {} : { before }) }));
      lines.unshift(...items);
      const first = items.find(({ seq }) => seq !== null);
      if (!more || !first) return lines;
      before = first.seq;
    }
  }

  /** Time passes until it is so. @param {() => boolean} condition @param {string} what @param {number} [minutes] */
  async until(condition, what, minutes = 10) {
    for (let left = minutes; left > 0; left -= 1) {
      if (condition()) return;
      await this.sim.advance(STEP_MS);
    }
    if (!condition()) throw new Error(`${this.name}: never ${what}`);
  }

  /** @returns {string} how it stands, and what it waits for */
  describe() {
    const state = this.isRemoved ? "removed" : this.isOpen ? `${this.messenger.phase}, ${this.messenger.connection}` : "closed";
    return `${this.name} ${state}, locks [${this.locks.asking}], no answer yet to [${this.asked}]`;
  }

  // Somebody sits in front of it: it never locks by itself.
  #stayAwake(messenger) {
    if (messenger !== this.messenger) return;
    messenger.touch();
    this.sim.after(AWAKE_MS, () => this.#stayAwake(messenger));
  }

  async #travel(path, answering) {
    this.asked.push(path);
    try {
      const answer = await answering;
      await new Promise((resolve) => this.sim.carry(resolve, {}));
      return answer;
    } finally {
      this.asked.splice(this.asked.indexOf(path), 1);
    }
  }
}
