/**
 * Who owns which browsers: verified chains of bundles, one pin for each person. A bundle is used only if it equals the last
 * leaf of its name in the log (protocol.md, sections 3 and 4).
 */

import { equal, hex, unhex } from "../lib/bytes.js";
import { decodeBundle, nameIndex } from "../crypto/bundle.js";
import { ProtocolError, check } from "../crypto/errors.js";
import { checkBundleInLog, lastLeaf, wasInLog } from "../crypto/log.js";
import { shortNumber } from "../crypto/safety-number.js";
import { Rebound, fetchBundles } from "./bundle-pages.js";
import { ChatError } from "./codes.js";
import { Queue } from "./schedule.js";

const PIN = "pin:";
const TRIES = 3; // a bundle may be published between two requests

/**
 * @typedef {object} Pin
 * @property {string} uid @property {string} name @property {object[]} chain every Bundle, version 1 first
 * @property {Uint8Array|null} verifiedRoot RS_pub that the person compared
 * @property {Uint8Array|null} expectedRoot RS_pub out of a key file, until the chain was fetched
 * @property {{notices: string[], added: string[]}[]} news changes that no chat was told yet; added: dids
 */

/**
 * @typedef {{api: object, ring: object, replay: object, me: {uid: string, name: string}, ownRoot: () => Uint8Array,
 *   inTheMaking: () => Promise<Uint8Array[]>, nameOf: (uid: string) => Promise<string>, onNews: (uid: string) => void,
 *   onRebound: (uid: string, detail: {user: string, now: string, was: string|null}) => void}} BundleParts
 */

/** @see BundleParts */
export class Bundles {
  #parts;
  #pins = new Map();
  #queue = new Queue(); // two that advance the same pin would both tell the change

  /** @param {BundleParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** From the keyring. */
  async load() {
    for (const [, { chain, ...rest }] of await this.#parts.ring.withPrefix(PIN)) {
      this.#pins.set(rest.uid, { ...rest, chain: await Promise.all(chain.map(decodeBundle)) });
    }
  }

  /** @param {string} uid @returns {Pin|undefined} */
  pin(uid) {
    return this.#pins.get(uid);
  }

  /** @returns {string[]} people whose changes no chat was told yet */
  uidsWithNews() {
    return [...this.#pins.values()].filter((pin) => pin.news.length > 0).map((pin) => pin.uid);
  }

  /** @returns {string[]} people whose pin is older than the log */
  uidsBehind() {
    return [...this.#pins.keys()].filter((uid) => this.isBehind(uid));
  }

  /** Every version known of these people. @param {string[]} uids @returns {object[]} Bundles */
  known(uids) {
    return [...new Set(uids)].flatMap((uid) => this.#pins.get(uid)?.chain ?? []);
  }

  /** The newest one known. @param {string} uid @returns {object|undefined} */
  last(uid) {
    return this.#pins.get(uid)?.chain.at(-1);
  }

  /** The one to use now. @param {string} uid @returns {Promise<object>} Bundle @throws NO_KEYS_YET and the refusals of sections 3 and 4 */
  current(uid) {
    return this.#queue.run(() => this.#current(uid));
  }

  /** Whether the log knows a newer bundle than the pin. @param {string} uid @returns {boolean} */
  isBehind(uid) {
    const last = this.last(uid);
    const leaf = last && lastLeaf(this.#parts.replay.log, last.idx);
    return Boolean(leaf) && leaf.version > last.version;
  }

  /**
   * What the log may hold under the own name: everything up to the first bundle under the own root, then that root only, and what
   * this browser is about to publish.
   * @returns {Promise<Uint8Array[]>} bundle hashes
   */
  async ownHashes() {
    const { uid, name } = this.#parts.me;
    const known = this.#pins.get(uid)?.chain ?? [];
    const { bundles } = await fetchBundles(this.#parts.api, { uid, name, previous: known.at(-1) ?? null });
    const chain = [...known, ...bundles];
    const root = this.#parts.ownRoot();
    const first = chain.findIndex((bundle) => equal(bundle.rootPub, root));
    const mine = chain.filter((bundle, i) => i < first || equal(bundle.rootPub, root)).map((bundle) => bundle.hash);
    return [...mine, ...(await this.#parts.inTheMaking())];
  }

  /** The root that the person compared, or none. @param {string} uid @param {Uint8Array|null} rootPub */
  setVerified(uid, rootPub) {
    return this.#queue.run(() => this.#store({ ...this.#pins.get(uid), verifiedRoot: rootPub }));
  }

  /** @param {string} uid @returns {boolean} */
  isVerified(uid) {
    const pin = this.#pins.get(uid);
    return Boolean(pin?.verifiedRoot && pin.chain.length) && equal(pin.verifiedRoot, pin.chain.at(-1).rootPub);
  }

  /** Pins of a key file; local ones win. @param {{uid: Uint8Array, rootPub: Uint8Array, verified: boolean}[]} pins */
  adoptPins(pins) {
    return this.#queue.run(async () => {
      for (const { uid, rootPub, verified } of pins.filter((pin) => !this.#pins.has(hex(pin.uid)))) {
        await this.#store({ ...newPin(hex(uid)), verifiedRoot: verified ? rootPub : null, expectedRoot: rootPub });
      }
    });
  }

  /** For a key file. @returns {{uid: Uint8Array, rootPub: Uint8Array, verified: boolean}[]} */
  pinsForFile() {
    const met = [...this.#pins.values()].filter(({ uid, chain }) => chain.length > 0 && uid !== this.#parts.me.uid);
    return met.map(({ uid, chain }) => ({ uid: unhex(uid), rootPub: chain.at(-1).rootPub, verified: this.isVerified(uid) }));
  }

  /** The chats were told. @param {string} uid @param {number} count of the first news */
  clearNews(uid, count) {
    return this.#queue.run(() => this.#store({ ...this.#pins.get(uid), news: this.#pins.get(uid).news.slice(count) }));
  }

  async #current(uid) {
    const name = this.#pins.get(uid)?.name || (await this.#parts.nameOf(uid));
    if (this.#parts.replay.log.size === 0) await this.#parts.replay.catchUp();
    for (let left = TRIES; ; left -= 1) {
      if (await this.#isUsable(uid, name)) return this.last(uid);
      if (left === 0) throw new ProtocolError(this.isBehind(uid) ? "STALE_BUNDLE" : "BUNDLE_NOT_IN_LOG");
      const bundles = await this.#advance(uid, name);
      await this.#parts.replay.catchUp();
      if (bundles === 0 && !(await this.#isUsable(uid, name))) throw new ChatError("NO_KEYS_YET");
    }
  }

  async #isUsable(uid, name) {
    const last = this.last(uid);
    const leaf = lastLeaf(this.#parts.replay.log, await nameIndex(name));
    if (!last || !leaf || leaf.version !== last.version) return false;
    checkBundleInLog(this.#parts.replay.log, last);
    return true;
  }

  // What is fetched counts only once the log has it; when the log knows a newer one by then, that is asked for next.
  async #advance(uid, name) {
    const pin = { ...(this.#pins.get(uid) ?? newPin(uid)), name };
    const previous = pin.chain.at(-1) ?? null;
    const { bundles, notices } = await fetchBundles(this.#parts.api, { uid, name, previous }).catch((error) => this.#rebound(error, uid, name));
    if (bundles.length === 0) return pin.chain.length;
    await this.#parts.replay.catchUp();
    check(wasInLog(this.#parts.replay.log, bundles.at(-1)), "BUNDLE_NOT_IN_LOG");
    const told = previous ? notices : againstExpected(pin, bundles);
    const news = told.length ? [...pin.news, { notices: told, added: newDevices(previous, bundles.at(-1)) }] : pin.news;
    await this.#store({ ...pin, chain: [...pin.chain, ...bundles], expectedRoot: null, news });
    if (told.length) this.#parts.onNews(uid);
    return bundles.length;
  }

  // Both accounts are named by how their numbers begin: the one known by this name, if any, and the one that came.
  async #rebound(error, uid, name) {
    if (!(error instanceof Rebound)) throw error;
    const known = this.last(uid) ?? [...this.#pins.values()].find((pin) => pin.name === name && pin.uid !== uid)?.chain.at(-1);
    this.#parts.onRebound(uid, { user: name, now: await shortNumber(error.offered), was: known ? await shortNumber(known) : null });
    throw error;
  }

  async #store(pin) {
    const chain = pin.chain.map((bundle) => bundle.bytes);
    await this.#parts.ring.commit({ ring: [{ name: PIN + pin.uid, value: { ...pin, chain } }] });
    this.#pins.set(pin.uid, pin);
  }
}

function newPin(uid) {
  return { uid, name: "", chain: [], verifiedRoot: null, expectedRoot: null, news: [] };
}

// A root that differs from the key file's is a change since then, whatever was before it is not news.
function againstExpected({ expectedRoot }, bundles) {
  if (!expectedRoot || equal(expectedRoot, bundles.at(-1).rootPub)) return [];
  const first = bundles.findLastIndex((bundle, i) => i === 0 || !equal(bundles[i - 1].rootPub, bundle.rootPub));
  return [bundles[first].sigOld.length ? "ROOT_ROTATED" : "ROOT_RESET"];
}

function newDevices(previous, bundle) {
  const before = new Set((previous?.devices ?? []).map((device) => hex(device.did)));
  return bundle.devices.map((device) => hex(device.did)).filter((did) => !before.has(did));
}
