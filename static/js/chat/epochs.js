/** Makes and posts epoch records: START, SETTLE, CHANGE, REFRESH, RESTART (protocol.md, section 6). */

import { hex, unhex } from "../lib/bytes.js";
import { ProtocolError } from "../crypto/errors.js";
import { needsPrekey, newRecordRandomness, proposeRecord } from "../crypto/epoch.js";
import { PREKEY_ONE_TIME, PREKEY_SIGNED } from "../crypto/labels.js";
import { acceptPrekey } from "../crypto/prekeys.js";
import { RECORD } from "../transport/frames.js";
import { ChatError, LaterError } from "./codes.js";
import { isRecordDue, recordBeforeMessage } from "./epoch-wish.js";
import { countersOf } from "./record-in.js";
import { Starvation } from "./starvation.js";
import { nextMode } from "./timers.js";
import { newUuid } from "./uuid.js";

const ROUNDS = 8; // of losing against other records in a row
const WAIT_FOR_NEXT_MS = 10_000;
const RACES = new Set(["EPOCH_CONFLICT", "STALE_EPOCH", "STALE_BUNDLE"]);

/** @typedef {object} EpochParts api, me, device, bundles, replay, pending, chats, inbox, line(), locks, clock, schedule, newsTold(): changes of bundles have reached the chats, isLogKnown(): the log was replayed since the keys were opened, isRemoved(), run(cid): starts the outbox's work again */

/** @see EpochParts */
export class Epochs {
  #parts;
  #outsideWaits = new Map(); // cid -> "waiting" | "over"
  #starvation;

  /** @param {object} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#starvation = new Starvation(parts);
  }

  /** Until a message can be sealed. @param {string} cid @returns {Promise<void>} @throws WAITING_FOR_KEYS, the code of a block, OFFLINE */
  ready(cid) {
    return this.#starvation.during(cid, () => this.#agree(cid));
  }

  /** What is due without a message. @param {string} cid */
  async upkeep(cid) {
    if (this.#parts.chats.get(cid).crypto.epoch < 0) return;
    const bundles = await this.#bundlesOf(cid);
    const chat = this.#parts.chats.get(cid);
    if (!isRecordDue(chat, { bundles, nowMs: this.#parts.clock.now() })) return;
    const kind = recordBeforeMessage({ ...chat, refresh: true }, { bundles, nowMs: this.#parts.clock.now(), mayRestart: false });
    if (kind !== "wait") await this.#propose(chat, kind, bundles);
  }

  /** The record that was kept before a crash or a lost line. @param {string} cid */
  async resume(cid) {
    if (this.#parts.pending.get(cid)) await this.#starvation.during(cid, () => this.#post(cid));
  }

  async #agree(cid) {
    for (let left = ROUNDS; left > 0; left -= 1) {
      const bundles = await this.#bundlesOf(cid);
      const chat = this.#parts.chats.get(cid);
      const kind = recordBeforeMessage(chat, { bundles, nowMs: this.#parts.clock.now(), mayRestart: this.#mayRestart(chat) });
      if (kind === null) return;
      if (kind === "wait") throw new ChatError("WAITING_FOR_KEYS");
      await this.#propose(chat, kind, bundles);
    }
    throw new LaterError("EPOCH_CONFLICT");
  }

  // Changes of the two bundles stand in the chat, and may block it, before anything is made for them.
  async #bundlesOf(cid) {
    const { chats, bundles, inbox, isLogKnown, isRemoved } = this.#parts;
    if (!isLogKnown()) throw new ChatError("OFFLINE"); // the watch catches up, then it begins again
    await inbox.sync(cid);
    const uids = [...new Set(chats.get(cid).uids)];
    const current = [];
    for (const uid of uids) current.push(await bundles.current(uid));
    await this.#parts.newsTold();
    if (isRemoved()) throw new ChatError("DEVICE_REMOVED_HERE");
    const { blocked } = chats.get(cid);
    if (blocked) throw new ChatError(blocked.code);
    return current;
  }

  // A newcomer waits for a member first.
  #mayRestart({ cid, crypto }) {
    if (crypto.next !== null) this.#outsideWaits.delete(cid);
    if (this.#outsideWaits.get(cid) === "over") return true;
    if (!this.#outsideWaits.has(cid)) {
      this.#outsideWaits.set(cid, "waiting");
      this.#parts.schedule.after(WAIT_FOR_NEXT_MS, () => {
        this.#outsideWaits.set(cid, "over");
        this.#parts.run(cid);
      });
    }
    return false;
  }

  async #propose(chat, kind, bundles) {
    const { device, replay, clock, locks, chats, pending } = this.#parts;
    const own = device.forRecords();
    const prekeys = await this.#prekeysFor(chat, kind, bundles);
    await locks.with(chat.cid, async () => {
      if (chats.get(chat.cid).crypto !== chat.crypto) return;
      const wish = { kind, ...nextMode(chats.get(chat.cid)), finals: countersOf(chats.get(chat.cid), own.did) };
      const context = { device: own, bundles, log: replay.log, prekeys, nowMs: clock.now() };
      const proposal = await proposeRecord(chat.crypto, wish, context, await newRecordRandomness());
      await pending.keep({ cid: chat.cid, clientId: newUuid(), proposal });
    });
    if (pending.get(chat.cid)) await this.#post(chat.cid);
  }

  // One-time prekeys are used up by asking: only for those who cannot be reached by a leaf.
  async #prekeysFor(chat, kind, bundles) {
    const { device, api } = this.#parts;
    const needed = needsPrekey(chat.crypto, kind, bundles, device.own.did);
    const accepted = Object.create(null);
    for (const bundle of bundles) {
      const dids = needed.filter(({ uid }) => hex(uid) === hex(bundle.uid)).map(({ did }) => hex(did));
      if (dids.length === 0) continue;
      const fetched = await api.fetchPrekeys(hex(bundle.uid), dids);
      for (const did of dids) await this.#acceptInto(accepted, bundle, did, fetched.get(did));
    }
    return accepted;
  }

  async #acceptInto(accepted, bundle, did, keys) {
    const { dsPub } = bundle.devices.find((device) => hex(device.did) === did);
    const asked = { uid: bundle.uid, did: unhex(did), dsPub, nowMs: this.#parts.clock.now() };
    const spk = keys?.spk && (await usable(keys.spk, { ...asked, kind: PREKEY_SIGNED }));
    if (!spk) return;
    accepted[did] = { spk, opk: keys.opk ? await usable(keys.opk, { ...asked, kind: PREKEY_ONE_TIME }) : null };
  }

  async #post(cid) {
    const { pending, line, inbox, me, device, clock } = this.#parts;
    const { clientId, proposal } = pending.get(cid);
    const answer = await line().post({ cid, clientId, kind: RECORD, blob: proposal.record });
    if (answer.name === "refused") return this.#refused(cid, answer);
    const { seq, sha256 } = answer;
    const own = { uid: me.uid, did: hex(device.own.did), clientId, blob: proposal.record, at: clock.now() };
    return inbox.accepted(cid, { seq, sha256, kind: RECORD, ...own });
  }

  async #refused(cid, { code, status, retryAfter }) {
    if (status === 429 || status >= 500) throw new LaterError(code, retryAfter);
    await this.#parts.pending.drop(cid);
    if (!RACES.has(code)) throw new ChatError(code);
    if (code === "STALE_BUNDLE") await this.#parts.replay.catchUp();
    await this.#parts.inbox.look(cid);
  }
}

async function usable(signed, asked) {
  try {
    return await acceptPrekey(signed, asked);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}
