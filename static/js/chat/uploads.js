/**
 * Attachments on their way up. The ciphertext lies in this browser, in parts, until the message that names it is stored; it goes up one
 * blob after another, and goes on where it broke off. Only then is the message sealed, so that none ever names what is not there.
 */

import { blobLength } from "../crypto/attachment.js";
import { PART_BYTES } from "../crypto/labels.js";
import { partsOf } from "./attachments.js";
import { ChatError, LaterError, codeOf } from "./codes.js";
import { messageOfEntry } from "./outbox.js";
import { SingleFlight } from "./schedule.js";

const WAITING_MAX_BYTES = 300 * 1024 * 1024; // of all that waits in this browser
const PARTS_AT_ONCE = 8; // of one transaction
const ROUNDS = 3; // of beginning again
const LATER_MS = 5_000;
const AGAIN = new Set(["OUT_OF_TURN", "FILE_HASH_MISMATCH", "BAD_ENCODING"]); // the server lost the thread: it says where it is
const PATIENT = new Set(["OFFLINE", "LOGIN_REQUIRED", "DEVICE_REQUIRED"]); // something else will start it again

/** @typedef {object} UploadParts api, db, outbox, chats, line(), locks, events, schedule, isRemoved(), run(cid) */

/** @see UploadParts */
export class Uploads {
  #parts;
  #flight = new SingleFlight();
  #current = null;
  #later = null; // the next try, when it is known

  /** @param {UploadParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Parts that no entry names are of an attempt that was cut off. */
  async load() {
    const { db, outbox } = this.#parts;
    const named = new Set(outbox.files().map(({ fields }) => fields.blob));
    const left = new Set((await db.partKeys()).map(([blob]) => blob));
    for (const blob of left) if (!named.has(blob)) await db.dropParts(blob);
  }

  /** @param {number} size of a file @throws FILES_WAITING: too much waits already */
  checkRoom(size) {
    const waiting = this.#parts.outbox.files().reduce((sum, { fields }) => sum + blobLength(fields.size), 0);
    if (waiting + blobLength(size) > WAITING_MAX_BYTES) throw new ChatError("FILES_WAITING");
  }

  /** First the bytes, then the entry: an entry never names what is not there. @param {object} entry @param {Uint8Array} blob @throws STORAGE_FULL: nothing is kept */
  async keep(entry, blob) {
    const { db, outbox } = this.#parts;
    try {
      for (let first = 0; first < partsOf(entry.fields.size); first += PARTS_AT_ONCE) await db.write(changesOf(entry, blob, first));
      await outbox.keep(entry);
    } catch (error) {
      await db.dropParts(entry.fields.blob).catch(() => {});
      throw error;
    }
  }

  /** Whatever waits is begun; asking again while it runs, or before the server wants to be asked again, is nothing. */
  run() {
    if (this.#later === null && this.#next()) this.#parts.events.guard(this.#flight.run("up", () => this.#all()));
  }

  /** The server says that it has not what a message names. @param {object} entry sealed @returns {Promise<void>} it is there @throws FILE_NOT_HERE */
  again(entry) {
    return this.#upload(entry, new AbortController().signal);
  }

  /** Nothing of it goes up any more. @param {object} entry */
  async forget(entry) {
    const { api, db } = this.#parts;
    const { cid, name, fields } = entry;
    if (this.#current?.name === name) this.#current.aborter.abort();
    await db.dropParts(fields.blob);
    api.dropBlob(cid, fields.blob).catch(() => {}); // what the server keeps of it goes by itself after a day
  }

  /** The message is stored. @param {object} entry */
  async done({ fields }) {
    await this.#parts.db.dropParts(fields.blob);
  }

  #next() {
    const { chats, line, outbox, isRemoved } = this.#parts;
    if (line().state !== "online" || isRemoved()) return undefined;
    return outbox.files().find((entry) => entry.waits && entry.failed === null && !chats.get(entry.cid).blocked);
  }

  async #all() {
    for (let entry = this.#next(); entry; entry = this.#next()) {
      const aborter = new AbortController();
      this.#current = { name: entry.name, aborter };
      const isGoingOn = await this.#one(entry, aborter.signal).catch((error) => this.#stopped(entry, error, aborter.signal));
      this.#current = null;
      if (!isGoingOn) return;
    }
  }

  async #one(entry, signal) {
    await this.#upload(entry, signal);
    await this.#change(entry, { waits: false });
    this.#parts.run(entry.cid);
    return true;
  }

  async #upload({ cid, id, fields }, signal) {
    for (let round = 1; ; round += 1) {
      try {
        return await this.#sendParts({ cid, id, fields }, signal);
      } catch (error) {
        if (!AGAIN.has(codeOf(error)) || round === ROUNDS) throw error;
      }
    }
  }

  async #sendParts({ cid, id, fields: { blob, hash, size } }, signal) {
    const { api, db, events } = this.#parts;
    const total = blobLength(size);
    let standing = await api.beginBlob(cid, { blob, size: total, hash });
    for (let left = partsOf(size); !standing.whole; left -= 1) {
      if (left === 0) throw new LaterError("BAD_ANSWER");
      events.emit("transfer", { cid, id, done: standing.parts * PART_BYTES, total });
      const bytes = await db.get("parts", [blob, standing.parts]);
      if (!bytes) throw new ChatError("FILE_NOT_HERE");
      standing = await api.putPart(cid, blob, standing.parts, bytes, signal);
    }
    events.emit("transfer", { cid, id, done: total, total });
  }

  /** @returns {Promise<boolean>} whether the next one is to be tried */
  async #stopped(entry, error, signal) {
    const { line } = this.#parts;
    const { code = "UNEXPECTED", status = 0, retryAfter } = error;
    if (signal.aborted) return true;
    const isBusy = error instanceof LaterError || status === 429 || (status >= 500 && status !== 507) || (code === "OFFLINE" && line().state === "online");
    if (isBusy) this.#runIn(retryAfter ? retryAfter * 1000 : LATER_MS);
    if (isBusy || PATIENT.has(code)) return false;
    await this.#change(entry, { failed: code });
    return true;
  }

  #runIn(ms) {
    this.#later = this.#parts.schedule.after(ms, () => {
      this.#later = null;
      this.run();
    });
  }

  // Unless the person took it back meanwhile.
  #change(entry, fields) {
    const { outbox, locks, events } = this.#parts;
    return locks.with(entry.cid, async () => {
      if (!outbox.isCurrent(entry)) return;
      const changed = { ...entry, ...fields };
      await outbox.keep(changed);
      events.emit("message", { message: messageOfEntry(changed), isNew: false });
      events.emit("conversations");
    });
  }
}

function changesOf({ fields: { blob, size } }, bytes, first) {
  const numbers = Array.from({ length: Math.min(PARTS_AT_ONCE, partsOf(size) - first) }, (_, i) => first + i);
  return numbers.map((number) => ({ store: "parts", key: [blob, number], value: bytes.slice(number * PART_BYTES, (number + 1) * PART_BYTES) }));
}
