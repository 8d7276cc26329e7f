/** The own copy of the transparency log: replayed at login, hourly, and whenever it grew (protocol.md, section 4). */

import { equal } from "../lib/bytes.js";
import { acceptHead, checkPrefix, emptyLog, isHeadOld, leavesOf, logRoot, parseHead, restoreLog, topsOf } from "../crypto/log.js";
import { ProtocolError, check } from "../crypto/errors.js";
import { codeOf } from "./codes.js";
import { fetchLeaves } from "./log-pages.js";
import { Queue, SingleFlight } from "./schedule.js";

const TRIES = 3; // the log may grow between two requests
const HEAD = "log-head";
const RUN = "log:"; // and its number

/** @typedef {{api: object, ring: object, clock: object, me: {name: string}, ownHashes: () => Promise<Uint8Array[]>}} ReplayParts ownHashes: of the bundles that were made under the own root */

/** @see ReplayParts */
export class LogReplay {
  #parts;
  #flight = new SingleFlight();
  #writes = new Queue(); // of the head
  log = emptyLog();
  lgPub = null;
  #pinnedSize = null; // of a key file's log; else the own size
  /** The key changed since the person was told of its last change. */
  isKeyNew = false;
  /** The newest head that was accepted, as the log signed it. @type {{head: Uint8Array, sig: Uint8Array}|null} */
  signed = null;
  /** Why the last answer was refused, when it lies: then nobody can be trusted until the person decided. @type {string|null} */
  alarm = null;
  /** The last answer, when it was refused. @type {{head: Uint8Array, sig: Uint8Array}|null} */
  refused = null;

  /** @param {ReplayParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** From the keyring. */
  async load() {
    const head = await this.#parts.ring.get(HEAD);
    if (!head) return;
    const runs = await this.#parts.ring.withPrefix(RUN);
    this.lgPub = head.lgPub;
    this.isKeyNew = head.isKeyNew ?? false;
    this.signed = head.signed ?? null;
    this.log = await restoreLog(runs.map(([, kept]) => kept), head.tops ?? []);
    check(this.log.size === head.size && equal(await logRoot(this.log), head.root), "STATE_ROLLBACK");
  }

  /** The log key and the head of a key file, before anything was fetched. @param {{lgPub: Uint8Array, log: {size: number}}} file */
  pin({ lgPub, log }) {
    if (this.lgPub !== null) return;
    this.lgPub = lgPub;
    this.#pinnedSize = log.size;
  }

  /** The person was told of the new key. */
  keyTold() {
    return this.#writes.run(async () => {
      const ring = [{ name: HEAD, value: { ...(await this.#parts.ring.get(HEAD)), isKeyNew: false } }];
      await this.#parts.ring.commit({ ring });
      this.isKeyNew = false;
    });
  }

  /** @returns {boolean} the last head that was accepted is too old to go by: what a log comes to that is not answered */
  get isLate() {
    return this.signed !== null && isHeadOld(parseHead(this.signed.head), this.#parts.clock.now());
  }

  /** @param {{size: number, root: Uint8Array}} earlier head of a key file @throws LOG_SPLIT_VIEW */
  checkPrefix(earlier) {
    return checkPrefix(this.log, earlier);
  }

  /** @returns {Promise<{size: number, root: Uint8Array}>} */
  async head() {
    return { size: this.log.size, root: await logRoot(this.log) };
  }

  /**
   * The whole log as it was judged, with a head that covers exactly it: for an export.
   * @returns {Promise<{leaves: Uint8Array[], head: Uint8Array, headSig: Uint8Array, lgPub: Uint8Array}>} @throws LOG_SPLIT_VIEW and the refusals of section 4
   */
  async evidence() {
    for (let left = TRIES; left > 0; left -= 1) {
      await this.catchUp();
      const { size } = this.log;
      const { head, sig, leaves, size: theirs } = await this.#parts.api.log(size);
      if (theirs !== size) continue;
      const own = { log: this.log, lgPub: this.lgPub, nowMs: this.#parts.clock.now(), myName: this.#parts.me.name, myBundleHashes: [] };
      await acceptHead({ head, sig, leaves: [leaves] }, own);
      return { leaves: await leavesOf(this.log), head, headSig: sig, lgPub: this.lgPub };
    }
    throw new ProtocolError("LOG_SPLIT_VIEW");
  }

  /** Fetches and judges what is new. @returns {Promise<boolean>} whether the log grew */
  catchUp() {
    return this.#flight.run("log", () => this.#catchUp().catch((error) => this.#fail(error)));
  }

  #fail(error) {
    if (isLogAlarm(error)) this.alarm = codeOf(error);
    throw error;
  }

  async #catchUp() {
    const fetched = await fetchLeaves(this.#parts.api, this.log.size);
    const pinned = this.lgPub ? { lgPub: this.lgPub, pinnedSize: this.#pinnedSize ?? this.log.size } : { lgPub: fetched.logPub, pinnedSize: fetched.size };
    const own = { log: this.log, ...pinned, nowMs: this.#parts.clock.now(), myName: this.#parts.me.name, myBundleHashes: await this.#ownHashes(fetched) };
    const { log, lgPub } = await this.#judge(fetched, own);
    const grew = log.size > this.log.size;
    if (grew || this.lgPub === null) await this.#writes.run(() => this.#keep(log, { lgPub, isKeyNew: this.isKeyNew || !equal(lgPub, pinned.lgPub) }));
    return grew;
  }

  async #judge(fetched, own) {
    this.refused = { head: fetched.head, sig: fetched.sig };
    const accepted = await acceptHead(fetched, own);
    [this.signed, this.refused, this.alarm] = [this.refused, null, null];
    return accepted;
  }

  #ownHashes({ leaves }) {
    return leaves.some(({ starts }) => starts.length) ? this.#parts.ownHashes() : [];
  }

  async #keep(log, key) {
    const runs = log.runs.flatMap((run, i) => (run === this.log.runs[i] ? [] : { name: nameOfRun(i), value: run.bytes }));
    const head = { name: HEAD, value: { size: log.size, root: await logRoot(log), ...key, tops: topsOf(log), signed: this.signed } };
    await this.#parts.ring.commit({ ring: [head, ...runs] });
    this.log = log;
    this.lgPub = key.lgPub;
    this.isKeyNew = key.isKeyNew;
    this.#pinnedSize = null;
  }
}

/** Whether a failure of the log means that nobody can be trusted until the person decided. @param {unknown} error @returns {boolean} */
export function isLogAlarm(error) {
  return error instanceof ProtocolError && error.class === "B";
}

function nameOfRun(number) {
  return `${RUN}${String(number).padStart(8, "0")}`;
}
