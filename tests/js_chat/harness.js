/** People, browsers and waiting, for the scenarios. */

import { createMessenger } from "/static/js/chat/messenger.js";
import { openDatabase } from "/static/js/store/database.js";
import { createApi } from "/static/js/transport/api.js";
import { socketMaker } from "/static/js/transport/socket.js";
import { openTabs as openRealTabs } from "/static/js/transport/tabs.js";
import { ORIGIN } from "./fake-server.js";
import { after, pause } from "./pace.js";

export const PASSPHRASE = "abcd-efgh-ijkm-npqr-stuv";
const FASTER = 50; // seconds become 20 ms; what waits for minutes stays
const MINUTES = 5 * 60_000;
const PATIENCE_MS = 8_000;
let databases = 0;

/** One profile of a browser: it outlives the Messenger, as a disk outlives a reload. */
export class Browser {
  constructor(server, person) {
    databases += 1;
    Object.assign(this, { server, person, prefix: `t${databases}:`, problems: [], messages: [], phases: [], lines: new Set(), stops: new Set(), marks: new Set() });
    this.client = server.client(person);
    this.timers = new Set();
  }

  /** A page load: a new Messenger on what is kept. */
  async load() {
    const { client, answerWithinMs } = this;
    const api = createApi({ fetch: client.fetch, csrf: "x", answerWithinMs, onLoginRequired: () => this.messenger.loggedOut() });
    const schedule = { random: Math.random, after: (ms, run) => this.after(ms, run) };
    const createSocket = socketMaker({ url: "ws", api, schedule, open: client.open });
    const open = (name) => openDatabase(this.prefix + name);
    const locks = { request: (name, options, work) => navigator.locks.request(this.prefix + name, options, work) };
    const openTabs = (name, onMessage) => this.#openTabs(this.prefix + name, onMessage);
    const clock = { now: () => Date.now() + (this.skew ?? 0), elapsed: () => performance.now() + (this.elapsed ?? 0) };
    const { marks, manifestHash } = this;
    const messenger = (this.messenger = createMessenger({ api, createSocket, openDatabase: open, schedule, locks, openTabs, marks, origin: ORIGIN, manifestHash, clock }));
    messenger.addEventListener("problem", ({ detail }) => this.problems.push(detail));
    messenger.addEventListener("message", ({ detail }) => this.messages.push(detail));
    messenger.addEventListener("phase", ({ detail }) => this.phases.push(detail));
    this.#watch(messenger);
    return messenger.open();
  }

  // What the person was shown on the way: codes of lines, and of what stopped the writing.
  #watch(messenger) {
    messenger.addEventListener("message", ({ detail }) => detail.message.code && this.lines.add(detail.message.code));
    messenger.addEventListener("phase", ({ detail }) => detail.code && this.stops.add(detail.code));
    messenger.addEventListener("conversation", ({ detail: { cid } }) => {
      const { blocked } = messenger.conversations().find((one) => one.cid === cid) ?? {};
      if (blocked) this.stops.add(blocked.code);
    });
  }

  // `isMute`: nothing that this tab says is heard by the others. `isDeaf`: it hears nothing.
  #openTabs(name, onMessage) {
    const { post, close } = openRealTabs(name, (message) => this.isDeaf || onMessage(message));
    return { post: (message) => this.isMute || post(message), close };
  }

  after(ms, run) {
    const cancel = after(this.impatient ? 100 : ms >= MINUTES ? ms : ms / FASTER, () => {
      this.timers.delete(cancel);
      run();
    });
    this.timers.add(cancel);
    return () => {
      this.timers.delete(cancel);
      cancel();
    };
  }

  /** Up to the open chat. */
  async setUp() {
    await this.load();
    return this.makeKeys();
  }

  /** From phase setup to the open chat. */
  async makeKeys() {
    await this.messenger.createKeys({ passphrase: PASSPHRASE });
    await this.messenger.proveKeyFile({ bytes: await this.vault(), passphrase: PASSPHRASE });
    await this.online();
    return this;
  }

  /** The vault is a key file, too: it proves as well and spares the making of one. */
  async vault() {
    const db = await openDatabase(`${this.prefix}llave:${this.person.uid}`);
    const bytes = await db.get("clear", "vault");
    db.close();
    return bytes;
  }

  /** @returns {Promise<object[]>} the disk as it is, for `putBack` */
  async copy() {
    const db = await openDatabase(`${this.prefix}llave:${this.person.uid}`);
    const rows = [];
    for (const store of ["clear", "ring"]) for (const [key, value] of await db.withPrefix(store, "")) rows.push({ store, key, value });
    const cids = rows.filter(({ key }) => key.startsWith("conv:")).map(({ key }) => key.slice(5));
    for (const cid of cids) for (const value of await db.mailBetween(cid, { from: 0, to: Infinity })) rows.push({ store: "mail", key: [cid, value.place], value });
    db.close();
    return rows;
  }

  /** An older copy of the disk comes back. @param {object[]} rows */
  async putBack(rows) {
    this.messenger.end();
    const db = await openDatabase(`${this.prefix}llave:${this.person.uid}`);
    await db.clear();
    await db.write(rows);
    db.close();
    await this.load();
  }

  /** The disk turns a byte of every object whose name begins so. @param {string} prefix */
  async spoilRing(prefix) {
    const db = await openDatabase(`${this.prefix}llave:${this.person.uid}`);
    for (const [key, { n, blob }] of await db.withPrefix("ring", prefix)) {
      blob[blob.length - 1] ^= 1;
      await db.write([{ store: "ring", key, value: { n, blob } }]);
    }
    db.close();
  }

  /** @returns {Promise<Uint8Array>} a key file of today */
  async keyFile() {
    return (await this.messenger.makeKeyFile({ passphrase: PASSPHRASE })).bytes;
  }

  online() {
    return until(() => this.messenger.connection === "online", `${this.person.name} online`);
  }

  async reload() {
    this.messenger.end();
    await this.load();
    await this.messenger.unlock({ passphrase: PASSPHRASE });
  }

  async texts(cid) {
    const { items } = await this.messenger.messages(cid, { limit: 200 });
    return items.filter(({ kind }) => kind === "text").map(({ text }) => text);
  }

  async codes(cid) {
    const { items } = await this.messenger.messages(cid, { limit: 200 });
    return items.filter(({ code }) => code).map(({ code }) => code);
  }

  async states(cid) {
    const { items } = await this.messenger.messages(cid, { limit: 200 });
    return items.filter(({ kind, mine }) => kind === "text" && mine).map(({ state }) => state);
  }

  /** A chat that is new to this browser comes with what is seen of it. */
  sees(cid, ...texts) {
    const seen = () => (this.messenger.conversations().some((chat) => chat.cid === cid) ? this.texts(cid) : []);
    return until(async () => same(await seen(), texts), `${this.person.name} sees ${texts}`, seen);
  }
}

/** @param {() => any} condition @param {string} what @param {() => any} [instead] */
export async function until(condition, what, instead = () => "") {
  let isOver = false;
  const cancel = after(PATIENCE_MS, () => (isOver = true));
  for (;;) {
    if (await condition()) return cancel();
    if (isOver) throw new Error(`never: ${what}; ${JSON.stringify(await instead())}`);
    await pause(10);
  }
}

export function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function expect(value, wanted, what) {
  if (!same(value, wanted)) throw new Error(`${what}: ${JSON.stringify(value)} instead of ${JSON.stringify(wanted)}`);
}

/** @param {Promise<any>} work @param {string} code */
export async function refuses(work, code) {
  const error = await work.then(() => null, (reason) => reason);
  if (error?.code !== code) throw new Error(`refused with ${error?.code ?? error} instead of ${code}; ${error?.stack ?? ""}`);
}
