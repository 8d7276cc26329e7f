/** Everything that exists only while the keys are open: made at unlock, dropped as a whole at lock. */

import { ProtocolError } from "../crypto/errors.js";
import { buildOf, isReleased } from "../crypto/log.js";
import { Acks } from "./acks.js";
import { Bundles } from "./bundles.js";
import { codeOf } from "./codes.js";
import { Conversations } from "./conversations.js";
import { DeviceKeys } from "./device-keys.js";
import { Directory } from "./directory.js";
import { isRecordDue } from "./epoch-wish.js";
import { Ephemeral } from "./ephemeral.js";
import { Epochs } from "./epochs.js";
import { keepRefusedHead } from "./evidence.js";
import { Inbox } from "./inbox.js";
import { Line } from "./line.js";
import { ConversationLocks } from "./locks.js";
import { LogReplay, isLogAlarm } from "./log-replay.js";
import { Outbox } from "./outbox.js";
import { isRemovedHere } from "./own-browsers.js";
import { hashesInTheMaking } from "./own-bundle.js";
import { PendingRecords } from "./pending.js";
import { SingleFlight } from "./schedule.js";
import { Sending } from "./sending.js";
import { Settings } from "./settings.js";
import { Sync } from "./sync.js";
import { Targets } from "./targets.js";
import { Trust } from "./trust.js";
import { Uploads } from "./uploads.js";
import { Watch } from "./watch.js";
import { Withheld } from "./withheld.js";
import { bindSession } from "./web-session.js";
import { WriteNumber } from "./write-number.js";

const SETTLE_MS = [1_000, 30_000];
const CHANGE_MS = [1_000, 5_000]; // random, so that members seldom race
const UNTRUSTED = "CODE_UNTRUSTED";
const VAULT_OPEN_MS = 5 * 60_000;

/**
 * @typedef {object} UnlockedParts
 * @property {object} api @property {object} db @property {{ring: object, close: () => void}} open @property {object} card @property {{uid: string, name: string, displayName: string}} me
 * @property {Uint8Array|null} manifestHash of the import map that this page runs under
 * @property {string} origin @property {object} clock @property {object} schedule @property {object} locks @property {object} events
 * @property {(handlers: object) => object} createSocket @property {() => void} onReplaced
 */

/** @see UnlockedParts */
export class Unlocked {
  #parts;
  #historySeeds = null;
  #forgetHistory = () => {}; // the way to cancel it
  #stopped = false;
  #flight = new SingleFlight();
  #isRemovalTold = false;
  #timers = new Map(); // way to cancel -> what is run instead
  /** What came of a file whose fetching broke off: {blob, pieces} or null. */
  broken = null;
  /** Roots that a dialog showed, by uid. */
  compared = new Map();

  /** @param {UnlockedParts} parts */
  constructor(parts) {
    this.#parts = parts;
    const { api, db, open, card, me, clock, schedule, events } = parts;
    const ring = open.ring;
    Object.assign(this, { api, db, ring, me, clock, events, origin: parts.origin, did: card.did, schedule: this.#ownSchedule(schedule) });
    this.locks = new ConversationLocks(parts.locks, me.uid);
    this.device = new DeviceKeys({ ring, uid: me.uid });
    this.directory = new Directory({ api, ring });
    this.chats = new Conversations({ ring, me });
    this.outbox = new Outbox({ ring });
    this.pending = new PendingRecords({ ring });
    this.targets = new Targets({ store: { db, ring }, me });
    this.settings = new Settings({ ring });
    this.ephemeral = new Ephemeral(this);
    this.sync = new Sync(this);
    this.#connectParts();
  }

  /** From the keyring. */
  async load() {
    const parts = [this.device, this.directory, this.chats, this.outbox, this.pending, this.targets, this.settings, this.replay, this.bundles, this.ephemeral, this.uploads];
    for (const part of parts) await part.load();
    this.trust.resume();
    this.chats.all().forEach(({ cid }) => this.withheld.consider(cid));
  }

  /** Binds the web session and opens the line; without a network the line finds it later. */
  async connect() {
    const isBound = await this.bind().then(() => true, (error) => this.#unbound(error));
    if (isBound) await this.#lookBack().catch((error) => this.events.problem(error));
    this.writeNumber.keepTelling();
    if (!this.#stopped && !this.isRemoved) this.line.start();
  }

  /** One at a time: the server knows one nonce of a session. @returns {Promise<void>} */
  bind() {
    return this.#flight.run("bind", () => bindSession({ api: this.api, origin: this.origin, uid: this.me.uid }, this.device.own));
  }

  /**
   * What the server answers only to a browser that it knows, also while the session is being bound, or after another login.
   * @template T @param {() => Promise<T>} work @returns {Promise<T>}
   */
  async asDevice(work) {
    try {
      return await work();
    } catch (error) {
      if (error.code !== "DEVICE_REQUIRED") throw error;
      await this.bind();
      return work();
    }
  }

  /** @returns {boolean} this browser was taken off the account: it reads what it has, and writes nothing */
  get isRemoved() {
    return isRemovedHere(this);
  }

  /** For reading old epochs; forgotten after five minutes, counted anew with each call. @param {Uint8Array[]} seeds HK of every generation */
  openHistory(seeds) {
    if (this.#stopped) return;
    this.#forgetHistory();
    this.#historySeeds = seeds;
    this.#forgetHistory = this.schedule.after(VAULT_OPEN_MS, () => {
      this.#historySeeds = null;
    });
  }

  /** Up to the present log, and whoever changed since; what it means reaches the chats. */
  async catchUp() {
    let isStale = false;
    try {
      await this.replay.catchUp();
    } catch (error) {
      if (isLogAlarm(error)) {
        await keepRefusedHead(this, error);
        return this.trust.alarm(error);
      }
      if (codeOf(error) === "NAME_REBOUND") await this.trust.stands("NAME_REBOUND", true);
      if (codeOf(error) !== "LOG_STALE") {
        if (this.watch.isLogKnown && this.replay.isLate) await this.trust.stands("LOG_STALE", true); // before that nothing is sealed
        throw error;
      }
      isStale = true; // a warning: what is known so far stays good
    }
    if (this.replay.isKeyNew) await this.#tellOfLogKey();
    await this.trust.stands("LOG_STALE", isStale);
    await this.checkCode();
    const uids = this.bundles.pin(this.me.uid) ? this.bundles.uidsBehind() : [this.me.uid];
    for (const uid of uids) await this.#refresh(uid);
    return this.trust.told();
  }

  async #tellOfLogKey() {
    await this.trust.note("LOG_KEY_ROTATED");
    await this.replay.keyTold();
  }

  /** This very program must be one that the log names (section 4); a page without an import map has nothing to compare. */
  async checkCode() {
    const { manifestHash } = this.#parts;
    if (!manifestHash || isReleased(this.replay.log, manifestHash)) await this.trust.lift(UNTRUSTED);
    else await this.trust.alarm(new ProtocolError(UNTRUSTED));
  }

  /** What stops every chat stops one that is new here, too. @param {string[]} cids */
  async checkNew(cids) {
    const { alarm } = this.replay;
    if (alarm) for (const cid of cids) await this.trust.block(cid, alarm);
    if (this.watch.isLogKnown) await this.checkCode();
  }

  /** No timer, no socket, no key from here on. */
  stop() {
    this.#stopped = true;
    this.line.stop();
    this.#historySeeds = null;
    const timers = [...this.#timers];
    this.#timers.clear(); // what they hold would stay in memory until they are due
    timers.forEach(([cancel, orElse]) => {
      cancel();
      orElse();
    });
    this.#parts.open.close();
  }

  #connectParts() {
    const { api, ring, me, clock, device, schedule } = this;
    const lateBound = {
      line: () => this.line, historySeeds: () => this.#historySeeds, isRemoved: () => this.isRemoved, run: (cid) => this.sending.run(cid),
      checkNew: (cids) => this.checkNew(cids),
    };
    this.replay = new LogReplay({ api, ring, clock, me, ownHashes: () => this.bundles.ownHashes() });
    this.bundles = new Bundles({
      api, ring, replay: this.replay, me, ownRoot: () => device.own.rootPub, nameOf: (uid) => this.directory.nameOf(uid),
      inTheMaking: () => hashesInTheMaking(ring),
      onNews: (uid) => this.#news(uid), onRebound: (uid, detail) => this.trust.warn(uid, "NAME_REBOUND", detail),
    });
    const shared = () => ({ ...this, ...lateBound, store: { db: this.db, ring } });
    this.acks = new Acks({ ...shared(), schedule });
    this.inbox = new Inbox({ ...shared(), onApplied: (cid, draft) => this.#applied(cid, draft) });
    this.trust = new Trust({ ...shared(), onTold: (cid) => this.#look(cid) });
    this.epochs = new Epochs({ ...shared(), newsTold: () => this.trust.told(), isLogKnown: () => this.watch.isLogKnown });
    this.uploads = new Uploads(shared());
    this.sending = new Sending(shared());
    this.withheld = new Withheld(shared());
    this.watch = new Watch(shared(), () => this.catchUp());
    this.writeNumber = new WriteNumber({ api, ring, schedule, line: () => this.line });
    this.line = new Line({
      ...this, createSocket: this.#parts.createSocket, rebind: () => this.#bindAgain(), onReplaced: this.#parts.onReplaced,
      hello: () => ({ did: this.did, cursors: this.chats.cursors(), incarnation: this.watch.incarnation, build: buildOf(this.#parts.manifestHash) }),
      onHint: (frame) => this.watch.hear(frame), onState: (state) => this.#turned(state),
    });
  }

  // Sealing goes on only after the person decided: these keys were used further than this browser knows.
  async #lookBack() {
    if (!(await this.writeNumber.isRolledBack())) return;
    for (const { cid } of this.chats.all()) await this.trust.block(cid, "STATE_ROLLBACK");
  }

  // Opened without a network: the server is asked as soon as there is one.
  #turned(state) {
    if (state === "online" && this.writeNumber.isUnasked) this.events.guard(this.#lookBack());
    this.#parts.onConnection(state);
  }

  // A browser that was removed cannot bind; the log says why.
  async #unbound(error) {
    if (error.status === 403 || error.status === 404) await this.catchUp().catch((failed) => this.events.problem(failed));
    else if (!this.#stopped) this.events.problem(error); // whose login ended was told
    return false;
  }

  // The server closed the line for want of a device: the log says whether it is this one.
  async #bindAgain() {
    try {
      await this.bind();
    } catch (error) {
      if (error.status === 403) this.events.guard(this.catchUp());
      throw error;
    }
  }

  #news(uid) {
    this.trust.hear(uid);
    this.#tellRemoval(uid);
  }

  #tellRemoval(uid) {
    if (this.#isRemovalTold || uid !== this.me.uid || !this.isRemoved) return;
    this.#isRemovalTold = true;
    this.line.stop();
    this.events.emit("problem", { code: "DEVICE_REMOVED_HERE" });
    this.events.emit("conversations");
  }

  #applied(cid, { before, chat, syncs }) {
    syncs.forEach((content) => this.events.guard(this.sync.apply(content)));
    if (chat.settle && !before.settle) this.sending.upkeepIn(cid, this.#between(SETTLE_MS));
    if (chat.crypto !== before.crypto) this.#look(cid);
    this.acks.consider(cid);
    this.withheld.consider(cid);
    if (this.outbox.next(cid)) this.sending.run(cid);
  }

  // Members who are not devices any more, devices that are not members yet.
  #look(cid) {
    const chat = this.chats.get(cid);
    const bundles = [...new Set(chat.uids)].map((uid) => this.bundles.last(uid));
    const isDue = isRecordDue({ ...chat, settle: false }, { bundles, nowMs: this.clock.now() });
    if (isDue) this.sending.upkeepIn(cid, this.#between(CHANGE_MS));
    this.events.emit("conversation", { cid });
  }

  async #refresh(uid) {
    try {
      await this.bundles.current(uid);
      this.#tellRemoval(uid);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const concerned = this.chats.all().filter((chat) => chat.uids.includes(uid));
      for (const { cid } of concerned) await this.#refused(cid, error);
    }
  }

  // One person's bad bundle is a matter of the chats with that person.
  async #refused(cid, error) {
    if (isLogAlarm(error)) await this.trust.block(cid, codeOf(error));
    else this.events.problem(error, cid);
  }

  #between([lowest, highest]) {
    return lowest + this.schedule.random() * (highest - lowest);
  }

  // Timers of a closed keyring are gone.
  #ownSchedule({ after, random }) {
    const begin = (ms, run, orElse = () => {}) => {
      if (this.#stopped) {
        orElse();
        return () => {};
      }
      const cancel = after(ms, () => {
        this.#timers.delete(cancel);
        run();
      });
      this.#timers.set(cancel, orElse);
      return () => this.#timers.delete(cancel) && cancel();
    };
    return { random, after: begin };
  }
}
