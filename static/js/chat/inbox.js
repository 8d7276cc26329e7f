/**
 * From the server's sequence into the mail: only the next event counts, in one transaction with state and cursor
 * (delivery rule D4); then the acknowledgement, then the screen.
 */

import { breathe, inSlices } from "../lib/breath.js";
import { toBase64Url } from "../lib/bytes.js";
import { check } from "../crypto/errors.js";
import { sha256 } from "../crypto/primitives.js";
import { mailPage } from "../store/mail.js";
import { RECORD } from "../transport/frames.js";
import { isDelivered } from "./delivered.js";
import { ChatError } from "./codes.js";
import { Draft } from "./draft.js";
import { isBubble } from "./kinds.js";
import { applyMessages } from "./message-in.js";
import { applyRecord } from "./record-in.js";
import { SingleFlight } from "./schedule.js";
import { messageView } from "./views.js";

const PULL_LIMIT = 200;
const CHUNK = 50; // events of one transaction; the page breathes between two
const HASHED_AT_ONCE = 8;
const HANDED_MAX = 200; // events that were not applied yet; of more the oldest are pulled
const TICKS_LOOKED_AT = 100; // newest messages whose ticks may change on screen

/** @typedef {object} InboxParts of RecordParts and applyMessages, and: db, ring, chats, ephemeral, line(), locks, events, schedule, onApplied(cid, draft) */

/** @see InboxParts */
export class Inbox {
  #parts;
  #flight = new SingleFlight();
  #heads = new Map();
  #handed = [];

  /** @param {object} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @param {string} cid @param {number} seq what the server said the newest event is @returns {boolean} whether there is something to pull */
  hear(cid, seq) {
    const { chats } = this.#parts;
    this.#heads.set(cid, Math.max(seq, this.#heads.get(cid) ?? 0));
    return chats.has(cid) && chats.get(cid).cursor < seq;
  }

  /** An event that came instead of its bell: it is applied in its turn, and when none before it is missing nothing has to be pulled. @param {string} cid @param {object} event */
  hand(cid, event) {
    if (this.#handed.length === HANDED_MAX) this.#handed.shift();
    this.#handed.push({ cid, event });
  }

  /** @param {string} cid @returns {boolean} events of the server are waiting */
  isBehind(cid) {
    return (this.#heads.get(cid) ?? 0) > this.#parts.chats.get(cid).cursor;
  }

  /** The server's past is another one now. @param {string} cid */
  forgetHead(cid) {
    this.#heads.delete(cid);
    this.#handed = this.#handed.filter((each) => each.cid !== cid);
  }

  /** @returns {Map<string, number>} chats with events that wait, and their heads */
  behind() {
    return new Map([...this.#heads].filter(([cid]) => this.#parts.chats.has(cid) && this.isBehind(cid)));
  }

  /** Pulls up to the head. @param {string} cid @param {{quiet?: boolean, pull?: Function, onEvents?: (count: number) => void}} [how] pull: another way to ask than the socket @returns {Promise<void>} */
  sync(cid, how = {}) {
    return this.#flight.run(cid, () => this.#sync(cid, how));
  }

  /** An own event that the server took. @param {string} cid @param {object} event @returns {Promise<void>} it was applied, or what stands in its place */
  async accepted(cid, event) {
    this.hand(cid, event);
    this.hear(cid, event.seq);
    do await this.sync(cid); // what runs already may be through
    while (this.isBehind(cid) && this.#parts.chats.get(cid).cursor < event.seq);
  }

  /** Something happened that no bell told of yet. @param {string} cid */
  async look(cid) {
    const { items } = await this.#parts.line().pull(cid, this.#parts.chats.get(cid).cursor, 1);
    if (items.length) this.hear(cid, items.at(-1).seq);
    await this.sync(cid);
  }

  /** After a restored database: is the last known event still the same? @param {string} cid @returns {Promise<boolean>} */
  async hasSameTail(cid) {
    const { cursor, tail } = this.#parts.chats.get(cid);
    if (cursor === 0) return true;
    const { items } = await this.#parts.line().pull(cid, cursor - 1, 1);
    return items[0]?.seq === cursor && items[0].sha256 === tail;
  }

  async #sync(cid, how) {
    const { chats, line, locks } = this.#parts;
    let wasInVain = false;
    while (this.isBehind(cid)) {
      const pull = how.pull ?? ((...asked) => line().pull(...asked));
      const { cursor } = chats.get(cid);
      const handed = this.#takeHanded(cid, cursor);
      const items = handed.length ? handed : (await pull(cid, cursor, PULL_LIMIT)).items;
      for (let i = 0; i < items.length; i += CHUNK) {
        const applied = await locks.with(cid, () => this.#apply(cid, items.slice(i, i + CHUNK), how));
        how.onEvents?.(applied);
        await breathe();
      }
      const isInVain = chats.get(cid).cursor === cursor;
      if (isInVain && wasInVain) {
        this.#heads.delete(cid); // asked for again when the server names it again
        throw new ChatError("SEQ_GAP");
      }
      wasInVain = isInVain; // once it may be the answer to a question from before the news, which a bell overtook
      if (!isInVain) line().ack(cid, chats.get(cid).cursor);
    }
  }

  // What comes later than the next waits for those between. An event may have come twice.
  #takeHanded(cid, cursor) {
    const waiting = new Map(this.#handed.filter((each) => each.cid === cid).map(({ event }) => [event.seq, event]));
    const next = [];
    for (let seq = cursor + 1; waiting.has(seq); seq += 1) next.push(waiting.get(seq));
    this.#handed = this.#handed.filter((each) => each.cid !== cid || each.event.seq > cursor + next.length);
    return next;
  }

  async #apply(cid, items, how) {
    const draft = new Draft(this.#parts.chats.get(cid), how);
    const events = nextOnes(items, draft.chat.cursor);
    let mark = draft.mark();
    try {
      for (const run of runsOf(events)) {
        await this.#applyRun(draft, run);
        mark = draft.mark();
      }
    } finally {
      draft.backTo(mark); // what failed (no answer, the log's alarm) leaves the events before it applied
      if (draft.chat !== draft.before) await this.commit(draft);
    }
    return events.length;
  }

  async #applyRun(draft, run) {
    const whole = run.filter((event) => !isTombstone(event));
    await inSlices(whole, HASHED_AT_ONCE, (slice) => Promise.all(slice.map(checkBytes)));
    if (run[0].kind === RECORD) await applyRecord(draft, run[0], this.#parts);
    else await applyMessages(draft, whole, this.#parts);
    run.filter(isTombstone).forEach((event) => keepTombstone(draft, event));
    const { seq, sha256 } = run.at(-1);
    draft.set({ cursor: seq, tail: sha256 });
  }

  /** Writes a draft and tells of it; call it under the chat's lock. @param {Draft} draft */
  async commit(draft) {
    const { chats, device, ephemeral, outbox, pending, events, onApplied } = this.#parts;
    const dying = ephemeral.mark(draft);
    await chats.commit(draft.chat, draft);
    ephemeral.remember(dying);
    draft.opks.forEach((id) => device.forgetOneTime(id));
    draft.entries.forEach((entry) => outbox.forget(entry));
    if (draft.dropsPending) pending.forget(draft.chat.cid);
    if (!draft.quiet) await this.#tell(draft);
    events.emit("conversation", { cid: draft.chat.cid });
    onApplied(draft.chat.cid, draft);
  }

  /** @param {Draft} draft */
  tellRows(draft) {
    const { cid } = draft.chat;
    draft.shown.forEach(({ row, isNew }) => this.#parts.events.emit("message", { message: messageView(this.#parts, draft.chat, row), isNew }));
    draft.removed.forEach((id) => this.#parts.events.emit("removed", { cid, id }));
  }

  async #tell(draft) {
    const { events } = this.#parts;
    this.tellRows(draft);
    if (draft.chat.delivered !== draft.before.delivered) await this.#tellTicks(draft);
    if (draft.shown.length) events.emit("conversations");
  }

  async #tellTicks({ before, chat }) {
    const { rows } = await mailPage(this.#parts, chat.cid, { limit: TICKS_LOOKED_AT });
    const ticked = rows.filter((row) => row.mine && isBubble(row.kind) && !isDelivered(before, row) && isDelivered(chat, row));
    ticked.forEach((row) => this.#parts.events.emit("message", { message: messageView(this.#parts, chat, row), isNew: false }));
  }
}

// The server's hash of an event is compared after a restore: it must be the event's.
async function checkBytes({ blob, sha256: told }) {
  check(toBase64Url(await sha256(blob)) === told, "SEQ_REWRITE");
}

// A message whose retention ended comes without its bytes (protocol.md, section 14).
function isTombstone({ kind, blob }) {
  return kind !== RECORD && blob.length === 0;
}

// With a timer it is what both agreed on, and counters tell of what was never read; without one it is a gap.
function keepTombstone(draft, { seq, at, uid, did }) {
  if (draft.chat.crypto.timerS === 0) draft.show(seq, { kind: "missing", mine: false, code: "SEQ_GAP", at, detail: { uid, did } });
}

function nextOnes(items, cursor) {
  const fresh = items.filter(({ seq }) => seq > cursor);
  const gap = fresh.findIndex(({ seq }, i) => seq !== cursor + 1 + i);
  if (gap === 0) throw new ChatError("SEQ_GAP");
  return gap < 0 ? fresh : fresh.slice(0, gap);
}

// A record alone, messages between two records together: those are opened side by side.
function runsOf(events) {
  const runs = [];
  for (const event of events) {
    const last = runs.at(-1);
    if (last && event.kind !== RECORD && last[0].kind !== RECORD) last.push(event);
    else runs.push([event]);
  }
  return runs;
}
