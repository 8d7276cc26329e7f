/** A person whose every key the scenario holds: the peer, the thief, or a device of somebody else, free to break any rule. */

import { acceptBundle, encodeLeaf, signBundle } from "./product.js";
import { chainKey, openEnvelope, sealEnvelope } from "/static/js/crypto/envelope.js";
import { newConversation, newRecordRandomness, proposeRecord, receiveRecord } from "/static/js/crypto/epoch.js";
import { startChain } from "/static/js/crypto/chain.js";
import { NEXT, PREKEY_ONE_TIME, PREKEY_SIGNED, RESTART, START, Z32 } from "/static/js/crypto/labels.js";
import { parsePrekey, signPrekey } from "/static/js/crypto/prekeys.js";
import { generateEd25519, generateX25519, randomBytes } from "/static/js/crypto/primitives.js";
import { equal, fromBase64Url, hex, toBase64Url, unhex, utf8 } from "/static/js/lib/bytes.js";

export const DAY_MS = 86_400_000;
const OPKS = 4;

export async function newDevice(uid) {
  const [ds, dk] = [await generateEd25519(), await generateX25519()];
  const spks = [{ id: 1, ...(await generateX25519()) }];
  const opks = await Promise.all(Array.from({ length: OPKS }, async (_, i) => ({ id: i + 1, ...(await generateX25519()) })));
  return { uid, did: randomBytes(16), dsSeed: ds.seed, dsPub: ds.pub, dkSeed: dk.seed, dkPub: dk.pub, spks, opks, addedMs: Date.now() };
}

export class Puppet {
  state = null;
  keys = null;
  pending = null;
  cursor = 0;
  heard = []; // texts
  contents = [];
  chains = new Map();

  /** @returns {Promise<Puppet>} with an account, a published bundle and prekeys */
  static async make(server, name, { devices = 1 } = {}) {
    const puppet = new Puppet(server, server.addPerson(name));
    puppet.root = await generateEd25519();
    puppet.history = await generateX25519();
    for (let i = 0; i < devices; i += 1) puppet.devices.push(await newDevice(puppet.uid));
    await puppet.publish();
    return puppet;
  }

  constructor(server, person) {
    Object.assign(this, { server, person, uid: unhex(person.uid), client: server.client(person), devices: [] });
  }

  get device() {
    return this.devices[0];
  }

  fields(more = {}) {
    const last = this.person.bundles.at(-1);
    return {
      suites: 1, uid: this.uid, name: this.person.name, version: (last?.version ?? 0) + 1, prevHash: last?.hash ?? Z32, rootPub: this.root.pub,
      historyPub: this.history.pub, hkGen: 1, issuedMs: Date.now(), devices: this.devices, ...more,
    };
  }

  /** By the rules: the server judges it. */
  async publish({ more = {}, oldRoot = null } = {}) {
    const bundle = await signBundle(this.fields(more), this.root.seed, oldRoot);
    await acceptBundle(bundle.bytes, { uid: this.uid, name: this.person.name, previous: this.person.bundles.at(-1) ?? null });
    await this.impose(bundle);
    for (const device of this.devices) await this.servePrekeys(device);
    this.client.did = hex(this.device.did);
    return bundle;
  }

  /** Whatever it is: stored, with its leaf. */
  async impose(bundle) {
    this.person.bundles.push(bundle);
    await this.server.append(await encodeLeaf({ name: bundle.name, uid: bundle.uid, version: bundle.version, bundleHash: bundle.hash }));
  }

  async servePrekeys(device, { signer = device.dsSeed, notAfterMs = Date.now() + 14 * DAY_MS, spkPub, uid = this.uid } = {}) {
    const signed = async (kind, { id, pub }) => {
      const { prekey, sig } = await signPrekey({ kind, uid, did: device.did, id, pub, notAfterMs }, signer);
      return { prekey: toBase64Url(prekey), sig: toBase64Url(sig), id, notAfterMs };
    };
    const spk = await signed(PREKEY_SIGNED, { ...device.spks[0], pub: spkPub ?? device.spks[0].pub });
    const opks = await Promise.all(device.opks.map((one) => signed(PREKEY_ONE_TIME, one)));
    this.server.prekeys.set(hex(device.did), { spk, opks, maxId: OPKS });
  }

  /** Into a chat, at its beginning. */
  join(cid) {
    const [lo, hi] = this.server.conversations.get(cid).uids;
    Object.assign(this, { cid, state: newConversation({ cid: unhex(cid), uidLo: unhex(lo), uidHi: unhex(hi) }), cursor: 0 });
    return this;
  }

  get conversation() {
    return this.server.conversations.get(this.cid);
  }

  bundles({ all = false } = {}) {
    const [lo, hi] = this.conversation.uids.map((uid) => this.server.people.get(uid).bundles);
    return all ? [...lo, ...hi] : [lo.at(-1), hi.at(-1)];
  }

  prekeysOfAll({ keepOpks = false } = {}) {
    const found = {};
    for (const bundle of this.bundles()) {
      for (const { did } of bundle.devices) {
        const kept = this.server.prekeys.get(hex(did));
        const opk = keepOpks ? kept?.opks[0] : kept?.opks.shift();
        const open = (row) => row && parsePrekey(fromBase64Url(row.prekey));
        if (kept) found[hex(did)] = { spk: open(kept.spk), opk: open(opk) ?? null };
      }
    }
    return found;
  }

  /** @returns {Promise<object>} Proposal, not posted; `randomness` is what made it */
  async propose(kind, { mode = 0, timerS = 0, finals = [], keepOpks = false, ...context } = {}) {
    const randomness = await newRecordRandomness();
    const kept = { eSeed: randomness.eSeed.slice(), newleafSeed: randomness.newleafSeed.slice(), r: randomness.r.slice() };
    const given = { device: this.device, bundles: this.bundles(), log: this.server.log, prekeys: this.prekeysOfAll({ keepOpks }), ...context };
    const made = await proposeRecord(this.state, { kind, mode, timerS, finals }, given, randomness);
    return { ...made, randomness: kept };
  }

  /** Makes, posts and adopts a record. */
  async record(kind, wish = {}) {
    await this.sync();
    const proposal = await this.propose(kind, wish);
    const answer = await this.post("record", proposal.record);
    if (answer.f !== "accepted") throw new Error(`record refused: ${answer.code}`);
    this.pending = this.last = proposal;
    await this.sync();
    return proposal;
  }

  start(wish) {
    return this.record(START, wish);
  }

  next(wish) {
    return this.record(NEXT, wish);
  }

  restart(wish) {
    return this.record(RESTART, wish);
  }

  /** By the contract; the server judges. @returns {Promise<object>} the frame */
  async post(kind, blob, clientId = crypto.randomUUID()) {
    const body = JSON.stringify({ f: "post", cid: this.cid, client_id: clientId, kind, blob: toBase64Url(blob) });
    return (await this.client.fetch(`/api/conversations/${this.cid}/events/`, { method: "POST", body, signal: new AbortController().signal })).json();
  }

  /** Applies what the server has. */
  async sync() {
    for (const event of this.conversation.events.slice(this.cursor)) {
      await (event.kind === "record" ? this.#applyRecord(event) : this.#applyMessage(event));
      this.cursor += 1;
    }
  }

  async #applyRecord({ blob }) {
    const context = { device: this.device, bundles: this.bundles({ all: true }), log: this.server.log, counters: [], pending: this.pending, withheldIsNotice: true };
    const received = await receiveRecord(fromBase64Url(blob), this.state, context);
    Object.assign(this, { state: received.state, keys: received.epochKeys, chains: new Map(), pending: received.own ? null : this.pending });
  }

  async #applyMessage({ blob, uid, did }) {
    if (did === hex(this.device.did)) return;
    const chain = this.chains.get(chainKey(this.keys.epoch, unhex(did))) ?? null;
    const sender = { uid: unhex(uid), did: unhex(did) };
    const opened = await openEnvelope(fromBase64Url(blob), { cid: unhex(this.cid), sender, epoch: this.keys, chain, seenMid: null, nowMs: Date.now() });
    this.chains.set(chainKey(this.keys.epoch, unhex(did)), opened.chain);
    this.contents.push(opened.content);
    this.heard.push(opened.content.body ?? opened.content.t);
  }

  content(more) {
    return { v: 1, t: "text", id: crypto.randomUUID(), ts: Date.now(), ack: {}, ...more };
  }

  /** Seals anything; the chain moves on. @param {object|string|Uint8Array} content @returns {Promise<object>} {envelope, mid, counter} */
  async seal(content) {
    const key = chainKey(this.keys.epoch, this.device.did);
    const chain = this.chains.get(key) ?? startChain(this.keys, this.device);
    const bytes = content instanceof Uint8Array ? content : utf8(typeof content === "string" ? content : JSON.stringify(content));
    const sealed = await sealEnvelope(bytes, { cid: unhex(this.cid), epoch: this.keys, chain, salt: randomBytes(32) });
    this.chains.set(key, sealed.chain);
    return sealed;
  }

  /** A text, or whatever content it is given. @returns {Promise<object>} the sealed message */
  async say(content) {
    await this.sync();
    const sealed = await this.seal(typeof content === "string" ? this.content({ body: content }) : content);
    const answer = await this.post("message", sealed.envelope);
    if (answer.f !== "accepted") throw new Error(`message refused: ${answer.code}`);
    return { ...sealed, seq: answer.seq };
  }

  isMember(did) {
    return this.state.members.some((member) => equal(member.did, did));
  }
}
