/** The outbox's work: one thing in flight for each chat; store, seal, commit, send (delivery rules D3 and D5). */

import { equal, hex, unhex } from "../lib/bytes.js";
import { chainKey, sealEnvelope } from "../crypto/envelope.js";
import { receivedWithoutGap, startChain } from "../crypto/chain.js";
import { encodeContent } from "../crypto/content.js";
import { ERROR_CLASSES, check } from "../crypto/errors.js";
import { randomBytes } from "../crypto/primitives.js";
import { MESSAGE } from "../transport/frames.js";
import { isSilent } from "./acks.js";
import { isAction } from "./actions.js";
import { ChatError, LaterError, codeOf } from "./codes.js";
import { isOutside } from "./conversations.js";
import { isBubble } from "./kinds.js";
import { ownChain } from "./message-in.js";
import { fieldsOf, messageOfEntry } from "./outbox.js";
import { untoldAfter } from "./receipts.js";
import { isStanding } from "./trust.js";
import { tellChanged } from "./views.js";
import { newUuid } from "./uuid.js";

const ROUNDS = 8; // of finding the epoch gone in a row
const LATER_MS = 5_000;
// something else will start it again, or the account takes this browser back
const PATIENT = new Set(["OFFLINE", "WAITING_FOR_KEYS", "DEVICE_REQUIRED", "LOGIN_REQUIRED", "DEVICE_REMOVED_HERE"]);
const GONE_EPOCH = new Set(["STALE_EPOCH", "EPOCH_CONFLICT", "STALE_BUNDLE"]);

/** @typedef {object} SendingParts chats, outbox, epochs, acks, inbox, trust, line(), locks, events, me, did, clock, schedule, isRemoved() */

/** @see SendingParts */
export class Sending {
  #parts;
  #running = new Set();
  #again = new Set();
  #upkeep = new Map(); // cid -> "timer" | "due"
  #later = new Map(); // cid -> the way to cancel the next try

  /** @param {object} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Whatever is to be done for a chat is begun, or done once more after what runs. @param {string} cid */
  run(cid) {
    this.#parts.uploads.run();
    if (this.#running.has(cid)) this.#again.add(cid);
    else this.#parts.events.guard(this.#run(cid), cid);
  }

  /** Looks after the epoch without a message. @param {string} cid @param {number} ms from now; one timer a chat */
  upkeepIn(cid, ms) {
    if (this.#upkeep.has(cid)) return;
    this.#upkeep.set(cid, "timer");
    this.#parts.schedule.after(ms, () => {
      this.#upkeep.set(cid, "due");
      this.run(cid);
    });
  }

  async #run(cid) {
    this.#running.add(cid);
    try {
      do {
        this.#again.delete(cid);
        await this.#work(cid).catch((error) => this.#stopped(cid, error)).catch((error) => this.#parts.events.problem(error, cid));
      } while (this.#again.has(cid));
    } finally {
      this.#running.delete(cid);
    }
  }

  async #work(cid) {
    const { chats, outbox, epochs, acks, line, isRemoved } = this.#parts;
    if (line().state !== "online" || chats.get(cid).blocked || isRemoved()) return;
    await epochs.resume(cid);
    for (let entry = outbox.next(cid); entry; entry = outbox.next(cid)) await this.#send(cid, entry);
    if (acks.isDue(cid)) await this.#send(cid, acks.take(cid));
    if (this.#upkeep.get(cid) !== "due") return;
    this.#upkeep.delete(cid);
    await epochs.upkeep(cid);
  }

  async #send(cid, first) {
    let entry = first;
    for (let left = ROUNDS; left > 0; left -= 1) {
      const { blocked } = this.#parts.chats.get(cid);
      if (blocked) throw new ChatError(blocked.code);
      entry = entry.sealed ? entry : await this.#sealWhenReady(cid, entry);
      if (entry === null) return undefined;
      const { clientId, envelope } = entry.sealed;
      const answer = await this.#parts.line().post({ cid, clientId, kind: MESSAGE, blob: envelope, blobs: blobsOf(entry) });
      if (answer.name === "accepted") return this.#accepted(cid, entry, answer);
      entry = await this.#refused(cid, entry, answer);
      if (entry === null) return undefined;
    }
    throw new LaterError("STALE_EPOCH");
  }

  async #sealWhenReady(cid, entry) {
    for (let left = ROUNDS; left > 0; left -= 1) {
      await this.#parts.epochs.ready(cid);
      const sealed = await this.#parts.locks.with(cid, () => this.#seal(cid, entry));
      if (sealed !== undefined) return sealed;
    }
    throw new LaterError("EPOCH_CONFLICT");
  }

  // New chain head and sealed envelope in one strict transaction: a counter is never given to another text.
  // null: the person took it back; undefined: the keys must be renewed first.
  async #seal(cid, entry) {
    const { chats, outbox, did, me } = this.#parts;
    const chat = chats.get(cid);
    if (!isSilent(entry.kind) && !outbox.isCurrent(entry)) return null;
    if (chat.blocked || isOutside(chat) || chat.settle || chat.refresh || chat.repair) return undefined;
    const chain = ownChain(chat, did) ?? startChain(chat.keys, { uid: unhex(me.uid), did: unhex(did) });
    const context = { cid: unhex(cid), epoch: chat.keys, chain, salt: randomBytes(32) };
    const { envelope, mid, counter, chain: after } = await sealEnvelope(contentOf(entry, chat, did), context);
    const { epoch } = chat.keys;
    const sealed = { ...entry, sealed: { clientId: newUuid(), envelope, mid, counter, epoch } };
    const chains = new Map(chat.chains).set(chainKey(epoch, unhex(did)), after);
    const next = { ...chat, chains, ownSent: chat.ownSent + 1, ackOwed: false, untold: untoldAfter(chat, entry.fields?.seen ?? []) };
    await chats.commit(next, { ring: [outbox.change(sealed)] });
    outbox.remember(sealed);
    return sealed;
  }

  // What the server took stands in the chat now, or it took it at a place where something else stands.
  async #accepted(cid, entry, { seq, sha256, clientId }) {
    const { api, inbox, outbox, uploads, me, did, clock } = this.#parts;
    const { kind, drops, sealed } = entry;
    await inbox.accepted(cid, { seq, sha256, clientId, kind: MESSAGE, uid: me.uid, did, blob: sealed.envelope, at: clock.now() });
    check(!outbox.byClientId(cid, clientId), "SEQ_REWRITE");
    if (kind === "file") await uploads.done(entry);
    if (drops) api.dropBlob(cid, drops).catch(() => {}); // the message is deleted; its bytes need not stay at the server
  }

  /** @returns {Promise<object|null>} the entry to try again, null: it is settled */
  async #refused(cid, entry, { code, status, retryAfter }) {
    const { outbox, inbox, trust } = this.#parts;
    if (code === "BLOB_MISSING") return this.#uploadedAgain(cid, entry);
    if (status === 429 || status >= 500) throw new LaterError(code, retryAfter);
    if (status === 401 || status === 403) throw new ChatError("OFFLINE");
    if (code !== "COUNTER_TAKEN" && !GONE_EPOCH.has(code)) return this.#failed(cid, entry, code);
    const unsealed = { ...entry, sealed: null };
    await outbox.keep(unsealed); // refused means not stored: the same content goes out under other keys
    if (code === "COUNTER_TAKEN") {
      await trust.block(cid, "STATE_ROLLBACK");
      throw new ChatError("STATE_ROLLBACK");
    }
    await inbox.look(cid);
    return unsealed;
  }

  async #uploadedAgain(cid, entry) {
    try {
      await this.#parts.uploads.again(entry);
      return entry;
    } catch (error) {
      if (error.code !== "FILE_NOT_HERE") throw error;
      return this.#failed(cid, entry, error.code);
    }
  }

  // The counter is spent on the floor: the next message needs a new epoch.
  async #failed(cid, entry, code) {
    const { outbox, chats, locks, events } = this.#parts;
    const failed = { ...entry, sealed: null, failed: code };
    const change = isBubble(entry.kind) ? outbox.change(failed) : { name: entry.name };
    await locks.with(cid, () => chats.commit({ ...chats.get(cid), refresh: true }, { ring: [change] }));
    outbox.forget(entry);
    if (!isBubble(entry.kind)) return this.#notDone(cid, entry, code);
    outbox.remember(failed);
    events.emit("message", { message: messageOfEntry(failed), isNew: false });
    events.emit("conversation", { cid });
    return null;
  }

  // What was shown in advance is shown no more.
  async #notDone(cid, { kind, fields }, code) {
    if (!isAction(kind)) return null;
    this.#parts.events.emit("problem", { code, cid });
    await tellChanged(this.#parts, cid, fields.target);
    return null;
  }

  // One timer a chat, however often it was begun meanwhile.
  #runIn(cid, ms) {
    this.#later.get(cid)?.();
    const again = () => {
      this.#later.delete(cid);
      this.run(cid);
    };
    this.#later.set(cid, this.#parts.schedule.after(ms, again));
  }

  async #stopped(cid, error) {
    const { chats, trust, line } = this.#parts;
    const code = codeOf(error);
    const isLater = error instanceof LaterError || error.status === 429 || error.status >= 500 || (code === "OFFLINE" && line().state === "online");
    if (isLater) this.#runIn(cid, error.retryAfter ? error.retryAfter * 1000 : LATER_MS);
    else if (chats.get(cid).blocked?.code === code || PATIENT.has(code)) return;
    else if (ERROR_CLASSES.get(code) === "B") await trust.block(cid, code);
    else if (isStanding(code)) await trust.stand(cid, code);
    else throw error;
  }
}

// What the server keeps as long as the message.
function blobsOf({ kind, fields }) {
  return kind === "file" ? [fields.blob] : [];
}

function contentOf(entry, chat, did) {
  const { kind, id, at } = entry;
  const before = chat.ackBefore.size ? { ack_before: Object.fromEntries(chat.ackBefore) } : {};
  return encodeContent({ v: 1, t: kind, id, ts: at, ack: acksOf(chat, did), ...before, ...fieldsOf(entry) });
}

// What was received without gap in this epoch.
function acksOf(chat, did) {
  const others = [...chat.chains.values()].filter((chain) => !equal(chain.did, unhex(did)));
  return Object.fromEntries(others.map((chain) => [hex(chain.did), receivedWithoutGap(chain)]).filter(([, next]) => next > 0));
}
