/** This browser's own keys: made here, kept in the ring, never anywhere else (protocol.md, sections 2 and 5). */

import { unhex } from "../lib/bytes.js";
import { OPK_POOL, OPK_REFILL_BELOW, PREKEY_ONE_TIME, PREKEY_SIGNED, SPK_EVERY_MS, SPK_KEEP_MS, SPK_LIFE_MS } from "../crypto/labels.js";
import { signPrekey } from "../crypto/prekeys.js";
import { generateEd25519, generateX25519, randomBytes } from "../crypto/primitives.js";
import { SingleFlight } from "./schedule.js";

export const DEVICE = "device"; // ring object OwnDevice
const SPK = "spk:";
const OPK = "opk:";
const OPK_KEPT_MAX = 1_000; // private halves; a server that always asks for more gets no more
const SPK_AGAIN_MS = 3_600_000; // not made twice within an hour

/** @typedef {{did: Uint8Array, dsSeed: Uint8Array, dsPub: Uint8Array, dkSeed: Uint8Array, dkPub: Uint8Array, addedMs: number, rootPub: Uint8Array}} OwnDevice */
/** @typedef {{id: number, seed: Uint8Array, pub: Uint8Array, notAfterMs: number}} OwnPrekey */

/** @param {number} nowMs @param {Uint8Array} rootPub @returns {Promise<OwnDevice>} */
export async function makeDevice(nowMs, rootPub) {
  const [ds, dk] = await Promise.all([generateEd25519(), generateX25519()]);
  return { did: randomBytes(16), dsSeed: ds.seed, dsPub: ds.pub, dkSeed: dk.seed, dkPub: dk.pub, addedMs: nowMs, rootPub };
}

/** @param {number} id of the first @param {number} count @param {number} notAfterMs @returns {Promise<OwnPrekey[]>} */
function makePrekeys(id, count, notAfterMs) {
  const one = async (_, i) => ({ id: id + i, notAfterMs, ...(await generateX25519()) });
  return Promise.all(Array.from({ length: count }, one));
}

/** What a new browser starts with. @param {number} nowMs @returns {Promise<{spks: OwnPrekey[], opks: OwnPrekey[]}>} */
export async function firstPrekeys(nowMs) {
  const until = nowMs + SPK_LIFE_MS;
  return { spks: await makePrekeys(1, 1, until), opks: await makePrekeys(1, OPK_POOL, until + SPK_KEEP_MS) };
}

/** @param {string} uid @param {OwnDevice} device @param {{spks: OwnPrekey[], opks: OwnPrekey[]}} own @returns {Promise<{prekey: Uint8Array, sig: Uint8Array}[]>} */
export function signedPrekeys(uid, device, { spks, opks }) {
  const sign = (kind) => ({ id, pub, notAfterMs }) => signPrekey({ kind, uid: unhex(uid), did: device.did, id, pub, notAfterMs }, device.dsSeed);
  return Promise.all([...spks.map(sign(PREKEY_SIGNED)), ...opks.map(sign(PREKEY_ONE_TIME))]);
}

/** @param {OwnDevice} value @returns {object} ring change */
export function deviceChange(value) {
  return { name: DEVICE, value };
}

/** @param {{spks: OwnPrekey[], opks: OwnPrekey[]}} own @returns {object[]} ring changes */
export function prekeyChanges({ spks, opks }) {
  return [...spks.map((value) => ({ name: SPK + value.id, value })), ...opks.map((value) => ({ name: OPK + value.id, value }))];
}

/** All of a device that gave way to another. @param {object} ring @returns {Promise<object[]>} ring changes */
export async function droppedPrekeys(ring) {
  const kept = [...(await ring.withPrefix(SPK)), ...(await ring.withPrefix(OPK))];
  return kept.map(([name]) => ({ name }));
}

/** The device with its private prekeys, held in memory while unlocked. */
export class DeviceKeys {
  #ring;
  #uid;
  #spks = [];
  #opks = [];
  #flight = new SingleFlight();
  /** @type {OwnDevice} */
  own = null;

  /** @param {{ring: object, uid: string}} parts */
  constructor({ ring, uid }) {
    this.#ring = ring;
    this.#uid = uid;
  }

  /** From the keyring. */
  async load() {
    this.own = await this.#ring.get(DEVICE);
    this.#spks = (await this.#ring.withPrefix(SPK)).map(([, value]) => value);
    this.#opks = (await this.#ring.withPrefix(OPK)).map(([, value]) => value);
  }

  /** The account has a new root, that this browser made. @param {Uint8Array} rootPub */
  moveTo(rootPub) {
    this.own = { ...this.own, rootPub };
  }

  /** What receiving a record needs. @returns {object} device of a ReceiveContext */
  forRecords() {
    return { ...this.own, uid: unhex(this.#uid), spks: this.#spks, opks: this.#opks };
  }

  /** A one-time prekey is gone with its first use. @param {number} id @returns {object} ring change; call `forgetOneTime` once it is written */
  oneTimeUsed(id) {
    return { name: OPK + id };
  }

  /** @param {number} id */
  forgetOneTime(id) {
    this.#opks = this.#opks.filter((prekey) => prekey.id !== id);
  }

  /** Refills the pool, renews the signed prekey weekly; one at a time, for two would make other keys of the same numbers. @param {{api: object, nowMs: number}} at */
  keep(at) {
    return this.#flight.run("keep", () => this.#keep(at));
  }

  async #keep({ api, nowMs }) {
    const state = await api.prekeyState();
    const own = await this.#missing(state, nowMs);
    if (own.spks.length + own.opks.length > 0) await this.#publish(api, own);
  }

  /** What is past its date goes; call it only when no event waits that may need it. @param {number} nowMs */
  async dropExpired(nowMs) {
    const isOver = (prekey) => nowMs > prekey.notAfterMs + SPK_KEEP_MS;
    const over = [...this.#spks.filter(isOver).map(({ id }) => SPK + id), ...this.#opks.filter(isOver).map(({ id }) => OPK + id)];
    if (over.length === 0) return;
    await this.#ring.commit({ ring: over.map((name) => ({ name })) });
    this.#spks = this.#spks.filter((prekey) => !isOver(prekey));
    this.#opks = this.#opks.filter((prekey) => !isOver(prekey));
  }

  // The server's numbers only ask for more within bounds that are known here.
  async #missing({ opkLeft, opkMaxId, spkNotAfterMs }, nowMs) {
    const newest = this.#spks.reduce((latest, { notAfterMs }) => Math.max(latest, notAfterMs), 0);
    const spkDue = nowMs > spkNotAfterMs - SPK_LIFE_MS + SPK_EVERY_MS && nowMs > newest - SPK_LIFE_MS + SPK_AGAIN_MS;
    const until = nowMs + SPK_LIFE_MS;
    const spks = spkDue ? await makePrekeys(nextId(this.#spks), 1, until) : [];
    const first = Math.max(nextId(this.#opks), opkMaxId + 1);
    const room = Math.min(OPK_POOL - opkLeft, OPK_KEPT_MAX - this.#opks.length);
    const opks = opkLeft < OPK_REFILL_BELOW && room > 0 ? await makePrekeys(first, room, until + SPK_KEEP_MS) : [];
    return { spks, opks };
  }

  // Kept before they are public: a prekey whose private half is lost would shut a browser out.
  async #publish(api, own) {
    await this.#ring.commit({ ring: prekeyChanges(own) });
    this.#spks = [...this.#spks, ...own.spks];
    this.#opks = [...this.#opks, ...own.opks];
    await api.addPrekeys(await signedPrekeys(this.#uid, this.own, own));
  }
}

function nextId(prekeys) {
  return prekeys.reduce((highest, { id }) => Math.max(highest, id), 0) + 1;
}
